// Postmark's webhooks: mails that came in, and what became of ours. Stored first, answered then, worked through by a job.
//
// Postmark signs nothing: what proves it is the password in the webhooks' address. It sends again, for hours, what was not
// answered with 200; so each has a key under which its repeat is known.
// https://postmarkapp.com/developer/webhooks/webhooks-overview
import { createHash, timingSafeEqual } from "node:crypto";
import { parseJson, readJsonBytes } from "../../http/body.ts";
import type { PageRequest, PageResponse, Pages } from "../../http/pages.ts";
import type { Logger } from "../../observe/logger.ts";
import type { Envelope, InboundMail } from "./inbound-mail.ts";
import { eventOf } from "./postmark-events.ts";
import { mailOfPostmark } from "./postmark-inbound.ts";
import { exactNumbers } from "./postmark-json.ts";
import type { StoreInbound } from "./store-inbound.ts";

export interface PostmarkWebhooksOptions {
  /** What Postmark shows; undefined: the webhooks are not there. */
  readonly password: string | undefined;
  readonly store: StoreInbound;
  readonly log: Logger;
}

/** Postmark takes mails of 35 MB, and sends them twice where it is to send them as they came: whole, and in parts. */
const inboundBodyBytesMax = 70 * 1024 * 1024;
const eventBytesMax = 2 * 1024 * 1024;

const advice = "Set the webhook up as docs/operating.md says.";

export function createPostmarkWebhooks({ password, store, log }: PostmarkWebhooksOptions): Pages {
  const take = async (request: PageRequest, path: string): Promise<void> => {
    const incoming = await readIncoming(request, path);
    // Of other things that Postmark may be set to tell, nothing is kept.
    if (incoming === null) return;
    const { id, isNew } = await store(incoming);
    log.info({ inbound: id, isNew, task: incoming.task ?? "handle-mail" }, "Postmark's webhook is stored");
  };
  return {
    prefix: "/webhooks/postmark/",
    answer: async (request, response, path) => {
      if (password === undefined || !(path.endsWith("/inbound") || path.endsWith("/events"))) {
        return answer(response, 404, "There is nothing here. Webhooks are at /webhooks/postmark/inbound and /events.");
      }
      if (!isShown(password, request.headers.authorization)) {
        return answer(response, 401, "The webhook's address has to have the password in it.", {
          "www-authenticate": 'Basic realm="Postmark\'s webhooks", charset="UTF-8"',
        });
      }
      if (request.method !== "POST") return answer(response, 405, "Webhooks are POST.", { allow: "POST" });
      await take(request, path);
      answer(response, 200, "stored");
    },
  };
}

/** @throws BadRequestError for what is not as Postmark documents it */
async function readIncoming(request: PageRequest, path: string): Promise<InboundMail | null> {
  if (path.endsWith("/events")) {
    const bytes = await readJsonBytes(request, eventBytesMax);
    const event = eventOf(parseJson(bytes, advice, exactNumbers));
    if (event.kind === "other") return null;
    const envelope: Envelope = { source: "postmark", from: null, to: [], remoteAddress: null, helo: null };
    return { key: event.key, envelope, raw: bytes, task: "hear-of-mail" };
  }
  const bytes = await readJsonBytes(request, inboundBodyBytesMax);
  return mailOfPostmark(parseJson(bytes, advice, exactNumbers));
}

/** Takes the same time whatever is wrong: digests have one length. */
function isShown(password: string, authorization: string | undefined): boolean {
  const [, given = ""] = /^Basic +([\w+/=-]*) *$/i.exec(authorization ?? "") ?? [];
  const digest = (text: string | Buffer) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(Buffer.from(given, "base64")), digest(`postmark:${password}`));
}

function answer(
  response: PageResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", ...headers });
  response.end(`${text}\n`);
}
