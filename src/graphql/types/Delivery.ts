// Event.deliveries: where an event has to go beyond this platform, and how far that is.
import { type MailDelivery, readMailDeliveries } from "../../mail/out/deliveries.ts";
import { attemptDays, type PeerDelivery, readPeerDeliveries } from "../../store/deliveries.ts";
import type { Attempt } from "../../store/peer-store.ts";
import type { EventView } from "../../store/read/views.ts";
import { builder } from "../builder.ts";
import { EventType } from "./Event.ts";
import { ParticipantType } from "./Participant.ts";

const StatusType = builder.enumType("DeliveryStatus", {
  description: "How far a delivery is.",
  values: {
    DELIVERED: { description: "The platform has the event." },
    WAITING: { description: "It is sent as soon as the platform answers." },
    REFUSED: {
      description: "The platform will not take it. It is offered again when the platform says that it is there.",
    },
    MAYBE_SENT: { description: "By mail: nobody can say whether it went out. An operator may have it sent again." },
    BOUNCED: { description: "By mail: it came back." },
    COMPLAINED: { description: "By mail: they said that it is unwanted." },
    SUPPRESSED: { description: "By mail: it is not sent, for an earlier mail came back, or was complained about." },
  } as const,
});

const AttemptType = builder.objectRef<Attempt>("DeliveryAttempt").implement({
  description: "One try at the destination while the event was owed to it.",
  fields: (t) => ({
    at: t.field({ type: "DateTime", description: "When.", resolve: ({ at }) => new Date(at).toISOString() }),
    code: t.string({
      description:
        "The HTTP status, or what kept it from one: `timeout`, `refused`, `tls` …; by mail, what the provider said.",
      resolve: ({ code }) => code,
    }),
    answer: t.string({
      description: "The first 512 bytes of an answer that was no good.",
      resolve: ({ answer }) => answer,
    }),
  }),
});

/** To a platform, or to a participant by mail. */
type DeliverySource = PeerDelivery | (MailDelivery & { readonly of: EventView["of"] });

const DeliveryType = builder.objectRef<DeliverySource>("Delivery").implement({
  description: "An event that is owed to another platform, or to a participant by mail.",
  fields: (t) => ({
    destination: t.string({
      description: "The platform's name, or the participant's address; empty once that is erased.",
      resolve: (source) => ("platform" in source ? source.platform : (source.address ?? "")),
    }),
    participant: t.field({
      type: ParticipantType,
      nullable: true,
      description: "Whom it goes to by mail; null of a platform.",
      resolve: (source, _, { reader }) =>
        "platform" in source ? null : reader.participant(source.of, source.participant),
    }),
    status: t.field({ type: StatusType, description: "How far it is.", resolve: ({ status }) => status }),
    refusal: t.string({
      nullable: true,
      description: "Why it was refused: a code.",
      resolve: ({ refusal }) => refusal,
    }),
    attempts: t.field({
      type: [AttemptType],
      description: `The latest tries, oldest first. Kept for ${attemptDays} days.`,
      resolve: ({ attempts }) => attempts,
    }),
  }),
});

builder.objectField(EventType, "deliveries", (t) =>
  t.field({
    type: [DeliveryType],
    description:
      "Where it has to go beyond this platform, and how far that is: to other platforms, if this one leads the conversation, and to participants by mail through this one.",
    resolve: async ({ of, event }, _, { platform }): Promise<readonly DeliverySource[]> => {
      const { pool } = platform.database;
      const [peers, mails] = await Promise.all([
        readPeerDeliveries(pool, of.id, event.seq),
        readMailDeliveries(pool, of.id, event.seq),
      ]);
      return [...peers, ...mails.map((mail) => ({ ...mail, of }))];
    },
  }),
);
