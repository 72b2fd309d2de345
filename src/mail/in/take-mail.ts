// Takes the bytes of one mail from a connection of SMTP, and answers for it once it is stored.
import { createHash } from "node:crypto";
import type { SMTPServerDataStream, SMTPServerOptions, SMTPServerSession } from "smtp-server";
import type { Logger } from "../../observe/logger.ts";
import { type Envelope, inboundBytesMax } from "./inbound-mail.ts";
import { hasOnlyCrLf } from "./line-ends.ts";
import { type SmtpReply, smtpError, smtpReplies } from "./smtp-replies.ts";
import type { StoreInbound } from "./store-inbound.ts";

export interface TakeMailOptions {
  readonly store: StoreInbound;
  /** Of all mails that are being taken. */
  readonly bytesHeld: number;
  readonly log: Logger;
  /** Told when a mail begins to be taken, and, once it was answered for, when that is over. */
  note(session: SMTPServerSession, isBeingTaken: boolean): void;
}

export function createTakeMail({
  store,
  bytesHeld,
  log,
  note,
}: TakeMailOptions): NonNullable<SMTPServerOptions["onData"]> {
  const room = { bytes: bytesHeld };
  const take = async (stream: SMTPServerDataStream, session: SMTPServerSession): Promise<Error | null> => {
    const envelope = envelopeOf(session);
    using read = await readMail(stream, room);
    if ("refused" in read) return smtpError(read.refused);
    const raw = Buffer.concat(read.chunks);
    if (!hasOnlyCrLf(raw)) return smtpError(smtpReplies.lineEnds);
    return store({ key: keyOf(envelope, raw), envelope, raw }).then(
      () => null,
      (error: unknown) => {
        log.warn({ err: error }, "a mail was not stored; its sender will try again");
        return smtpError(smtpReplies.later);
      },
    );
  };
  return (stream, session, answer) => {
    note(session, true);
    // Else the connection broke before the mail was whole: nobody is there to be answered.
    const broke = (error: unknown) => {
      log.debug({ err: error }, "a mail broke off");
      return smtpError(smtpReplies.later);
    };
    void take(stream, session)
      .catch(broke)
      .then((error) => {
        answer(error, "2.0.0 stored");
        note(session, false);
      });
  };
}

type ReadMail = Disposable & ({ readonly chunks: readonly Buffer[] } | { readonly refused: SmtpReply });

/** Reads a mail as far as there is room for it. Disposing gives the room back. @throws where it breaks off */
async function readMail(stream: AsyncIterable<Buffer>, room: { bytes: number }): Promise<ReadMail> {
  const chunks: Buffer[] = [];
  let held = 0;
  let refused: SmtpReply | null = null;
  const letGo = () => {
    room.bytes += held;
    held = 0;
    chunks.length = 0;
  };
  try {
    for await (const chunk of stream) {
      // What follows is read and dropped: a sender that is not done would not hear the answer.
      if (refused !== null) continue;
      if (held + chunk.length > inboundBytesMax) refused = smtpReplies.large;
      else if (chunk.length > room.bytes) refused = smtpReplies.busy;
      if (refused !== null) {
        letGo();
        continue;
      }
      room.bytes -= chunk.length;
      held += chunk.length;
      chunks.push(chunk);
    }
  } catch (error) {
    letGo();
    throw error;
  }
  const whole = refused === null ? { chunks } : { refused };
  return { ...whole, [Symbol.dispose]: letGo };
}

function envelopeOf({ envelope, remoteAddress, hostNameAppearsAs }: SMTPServerSession): Envelope {
  return {
    source: "smtp",
    from: envelope.mailFrom === false ? null : envelope.mailFrom.address,
    to: envelope.rcptTo.map(({ address }) => address),
    remoteAddress,
    helo: hostNameAppearsAs,
  };
}

/** A sender whom our answer did not reach sends the same again, perhaps from another of its addresses. */
function keyOf({ from, to }: Envelope, raw: Buffer): string {
  return createHash("sha256")
    .update(`smtp ${JSON.stringify([from, to.toSorted()])}\n`)
    .update(raw)
    .digest("base64url");
}
