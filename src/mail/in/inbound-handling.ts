// What becomes of a mail that came in: a message of somebody's, a conversation that begins with it, or nothing. Each mail is
// worked through until that is decided; doing it again changes nothing.
import type { Address } from "../../conversation/address.ts";
import type { Logger } from "../../observe/logger.ts";
import type { Hash } from "../../protocol/hash.ts";
import { answer, finish } from "./answer.ts";
import { automaticBy } from "./automatic.ts";
import { begin, localRecipients } from "./begin.ts";
import type { Authentication, Envelope } from "./inbound-mail.ts";
import { type InboundRow, noteInbound, type Outcome, readInbound } from "./inbound-rows.ts";
import { createKeptMails } from "./kept-mails.ts";
import { cluesOf, match } from "./match.ts";
import { eraseFiles, readOriginal } from "./original.ts";
import { parseIncoming } from "./parse-incoming.ts";
import { readStored, rereadMail } from "./read-stored.ts";
import type { PlaceOptions, Received, Settled } from "./received.ts";
import { setApart } from "./set-apart.ts";
import { settle } from "./settle.ts";
import { standingOf } from "./standing.ts";

export interface InboundHandlingOptions extends PlaceOptions {
  /** Whose mail it is, where its source did not say. @param from whose it is taken for @throws where that cannot be asked now */
  authenticate(raw: Buffer, envelope: Envelope, from: Address): Promise<Authentication>;
  /** Works through what tells of a mail of ours; whether it was that. Safe to repeat. */
  handleBounce(raw: Buffer, envelope: Envelope): Promise<boolean>;
  readonly log: Logger;
}

export type InboundHandling = ReturnType<typeof createInboundHandling>;

export function createInboundHandling(options: InboundHandlingOptions) {
  const { pool, blobs } = options;

  const workThrough = async (row: InboundRow): Promise<Settled> => {
    const raw = await readStored(blobs, row.id);
    if (await options.handleBounce(raw, row.envelope)) return { status: "IGNORED", reason: "BOUNCE" };
    const mail = await parseIncoming(raw);
    if ("refused" in mail) return { status: "REFUSED", reason: mail.refused };
    const automatic = automaticBy(mail.headers, row.envelope.from, { mailDomain: options.mailDomain });
    if (automatic !== null) return { status: "IGNORED", reason: automatic.kind.toUpperCase().replace("-", "_") };
    // Of several, nobody can say whose words these are, nor by which domain they are vouched for (RFC 7489 §6.6.1).
    if (mail.from === null) return { status: "REFUSED", reason: "UNCLEAR_SENDER" };
    const { address: from, name } = mail.from;
    const authentication = row.authentication ?? (await options.authenticate(raw, row.envelope, from));
    const found = { authentication, messageId: mail.messageId };
    try {
      const own = await setApart(options, { row, mail, raw, authentication });
      return { ...(await place(options, { row: own, mail, from, name, verdict: authentication.verdict })), found };
    } catch (error) {
      // For the next try. Else it is noted with what became of it: that is one commit for both.
      await noteInbound(pool, row.id, found);
      throw error;
    }
  };

  return {
    ...createKeptMails(options),
    /** The mail that a message was, as `readOriginal` has it. */
    original: (conversation: Hash, message: Hash) => readOriginal(options, conversation, message),
    /** Deletes the bytes of what is erased in the conversation. Safe to repeat. */
    eraseFiles: (conversation: Hash) => eraseFiles(options, conversation),

    /** Task handle-mail. Safe to repeat. @throws where it has to be tried again later */
    handle: async (id: string): Promise<void> => {
      const row = await readInbound(pool, id);
      if (row?.status !== "WAITING") return;
      const settled = await workThrough(row);
      await settle(options, id, settled);
      options.log.info({ inbound: id, status: settled.status, reason: settled.reason }, "a mail was worked through");
    },

    /**
     * Posts a mail that was held until its sender confirmed it: they did. Safe to repeat. Returns what became of it; null
     * where there is no such mail, or it is not, and was not, held.
     * @throws where it has to be tried again later
     */
    confirmInbound: async (id: string): Promise<Outcome | null> => {
      const row = await readInbound(pool, id);
      if (row?.status === "POSTED") return outcomeOf(row);
      if (row?.status !== "HELD") return null;
      const settled = await place(options, { row, ...(await rereadMail(blobs, id)), verdict: "confirmed" });
      await settle(options, id, settled);
      // Of two that confirm it at once, one comes late: what became of it is what is written down.
      const decided = await readInbound(pool, id);
      return decided && outcomeOf(decided);
    },
  };
}

/** Null while that is not decided. */
function outcomeOf({ status, reason, conversation, participant, message }: InboundRow): Outcome | null {
  return status === "WAITING" ? null : { status, reason, conversation, participant, message };
}

/** Finds where the mail belongs, and puts it there. */
async function place(options: PlaceOptions, received: Received): Promise<Settled> {
  const { pool, mailDomain, signer, now } = options;
  const { row, mail, from } = received;
  // An earlier try began to append it, and may have.
  if (row.becoming !== null) return finish(options, received, row.becoming, 0);
  const clues = cluesOf(row.envelope, mail, mailDomain);
  const found = await match(pool, mailDomain, clues, from);
  const standing = found && (await standingOf(pool, signer.platform, found, from, now()));
  if (found?.isToReplyAddress && standing) return answer(options, received, found, standing);
  const recipients = await localRecipients(options, row.envelope);
  if (found && standing && recipients.length === 0) return answer(options, received, found, standing);
  // To somebody's own address, it goes on in a conversation that both are in; what it refers to besides is not theirs to see.
  const isTheirs = standing?.sender && recipients.some(({ accountId }) => standing.accounts.includes(accountId));
  if (found && standing && isTheirs) return answer(options, received, found, standing);
  return begin(options, received, recipients);
}
