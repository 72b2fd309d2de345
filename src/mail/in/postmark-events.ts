// What Postmark tells of our mails: that one arrived, came back, or was complained of.
// https://postmarkapp.com/developer/webhooks/bounce-webhook, delivery-webhook, spam-complaint-webhook
import type pg from "pg";
import { z } from "zod";
import { type BlobStore, readBlob } from "../../files/blob-store.ts";
import type { Logger } from "../../observe/logger.ts";
import { blobOf, inboundBytesMax } from "./inbound-mail.ts";
import { readInbound, settleInbound } from "./inbound-rows.ts";
import { hearOfMail, type NewsOfMail } from "./news-of-mail.ts";
import { asDocumented, exactNumbers } from "./postmark-json.ts";

const eventSchema = z.object({
  RecordType: z.string().max(100),
  MessageID: z.string().max(100).default(""),
  /** Of a bounce. Above 2^53: as text. */
  ID: z
    .union([z.string().max(30), z.int()])
    .transform(String)
    .optional(),
  Type: z.string().max(100).default(""),
  Inactive: z.boolean().nullish(),
  Description: z.string().nullish(),
  Details: z.string().nullish(),
  Metadata: z.record(z.string(), z.unknown()).nullish(),
  BouncedAt: z.string().max(100).optional(),
  DeliveredAt: z.string().max(100).optional(),
});

export type PostmarkEvent =
  | { readonly kind: "other" }
  | { readonly kind: "news"; readonly key: string; readonly news: NewsOfMail };

/** @throws BadRequestError for what is not as Postmark documents it */
export function eventOf(json: unknown): PostmarkEvent {
  const event = asDocumented(eventSchema, json);
  const { RecordType: type, MessageID: messageId, ID: id, Metadata: metadata } = event;
  const kind = kindOf(event);
  if (kind === null) return { kind: "other" };
  const mail = z.uuid().safeParse(metadata?.["mail"]);
  return {
    kind: "news",
    key: `postmark ${type} ${id ?? ""} ${messageId} ${event.BouncedAt ?? event.DeliveredAt ?? ""}`,
    news: {
      // Of a mail that was not recorded as sent yet, the metadata alone say which it is.
      mail: mail.success
        ? { id: mail.data.toLowerCase(), providerId: messageId === "" ? null : messageId }
        : { id: null, providerId: messageId },
      kind,
      isPermanent: event.Inactive === true || event.Type === "HardBounce" || event.Type === "BadEmailAddress",
      code: event.Type || type,
      answer: [event.Description, event.Details].filter(Boolean).join(" "),
    },
  };
}

/** https://postmarkapp.com/developer/api/bounce-api#bounce-types: those where the mail has arrived, or may still. */
const arrived: ReadonlySet<string> = new Set([
  "AutoResponder",
  "Subscribe",
  "Unsubscribe",
  "AddressChange",
  "OpenRelayTest",
]);

function kindOf({ RecordType, Type }: z.infer<typeof eventSchema>): NewsOfMail["kind"] | null {
  if (RecordType === "Delivery") return "delivered";
  if (RecordType === "SpamComplaint" || (RecordType === "Bounce" && Type === "SpamComplaint")) return "complained";
  if (RecordType !== "Bounce") return null;
  if (Type === "Transient") return "delayed";
  return arrived.has(Type) ? "delivered" : "bounced";
}

export interface HearStoredEventOptions {
  readonly pool: pg.Pool;
  readonly blobs: Pick<BlobStore, "get">;
  readonly log: Logger;
}

/** Task hear-of-mail: works through an event that was stored under `id`. Safe to repeat. */
export async function hearStoredEvent({ pool, blobs, log }: HearStoredEventOptions, id: string): Promise<void> {
  const row = await readInbound(pool, id);
  if (row?.status !== "WAITING") return;
  const bytes = await readBlob(blobs, blobOf(id), inboundBytesMax);
  if (bytes === null) throw new Error("the bytes of what a provider told are not there");
  const event = eventOf(JSON.parse(bytes.toString(), exactNumbers));
  const isOurs = event.kind === "news" && (await hearOfMail({ pool }, event.news));
  await settleInbound(pool, id, { status: "IGNORED", reason: isOurs ? "EVENT" : "EVENT_OF_NO_MAIL" });
  log.info({ inbound: id, isOurs }, "what a provider told was worked through");
}
