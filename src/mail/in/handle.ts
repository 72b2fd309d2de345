// What becomes of a mail that came in: a message of somebody's, a conversation that begins with it, or nothing. Each mail is
// worked through until that is decided; doing it again changes nothing.
import { readBlob } from "../../files/blob-store.ts";
import type { Logger } from "../../observe/logger.ts";
import { inTransaction } from "../../store/transaction.ts";
import { askMail } from "../out/ask-mail.ts";
import { answer, finish } from "./answer.ts";
import { begin, localRecipients } from "./begin.ts";
import { spend } from "./budgets.ts";
import { type Authentication, blobOf, type Envelope, inboundBytesMax } from "./inbound-mail.ts";
import { type InboundRow, noteInbound, type Outcome, readInbound, settleInbound } from "./inbound-rows.ts";
import { cluesOf, match } from "./match.ts";
import { readMail } from "./read-mail.ts";
import type { PlaceOptions, Received, Settled } from "./received.ts";
import { standingOf } from "./standing.ts";

export interface HandleOptions extends PlaceOptions {
  /** Whose mail it is, where its source did not say. @throws where that cannot be asked now */
  authenticate(raw: Buffer, envelope: Envelope): Promise<Authentication>;
  /** Works through what tells of a mail of ours; whether it was that. Safe to repeat. */
  handleBounce(raw: Buffer, envelope: Envelope): Promise<boolean>;
  /** Why no person wrote it; null where one may have. */
  automaticReason(raw: Buffer, envelope: Envelope): string | null;
  readonly log: Logger;
}

export type InboundMails = ReturnType<typeof createHandle>;

export function createHandle(options: HandleOptions) {
  const { pool, blobs, mailDomain, now } = options;

  /** @throws where they are gone */
  const readBytes = async (id: string): Promise<Buffer> => {
    const raw = await readBlob(blobs, blobOf(id), inboundBytesMax);
    if (raw === null) throw new Error("the bytes of a mail that came in are not there");
    return raw;
  };

  const workThrough = async (row: InboundRow): Promise<Settled> => {
    const raw = await readBytes(row.id);
    if (await options.handleBounce(raw, row.envelope)) return { status: "IGNORED", reason: "BOUNCE" };
    const mail = await readMail(raw).catch(() => null);
    if (mail === null) return { status: "REFUSED", reason: "UNREADABLE" };
    const automatic = options.automaticReason(raw, row.envelope);
    if (automatic !== null) return { status: "IGNORED", reason: automatic };
    // Of several, nobody can say whose words these are, nor by which domain they are vouched for (RFC 7489 §6.6.1).
    const [sender, second] = mail.from;
    if (!sender || sender.address === "") return { status: "REFUSED", reason: "NO_SENDER" };
    if (second) return { status: "REFUSED", reason: "SEVERAL_SENDERS" };
    const authentication = row.authentication ?? (await options.authenticate(raw, row.envelope));
    await noteInbound(pool, row.id, authentication, mail.messageId);
    const { address: from, name } = sender;
    return place(options, { row, mail, from, name, verdict: authentication.verdict });
  };

  const settle = (id: string, settled: Settled): Promise<boolean> =>
    inTransaction(pool, async (client) => {
      if (!(await settleInbound(client, id, settled))) return false;
      const { asks, conversation, participant } = settled;
      if (!asks || !conversation || !participant) return true;
      const { about, address, upTo } = asks;
      const budget = about.kind === "CONFIRM" ? "confirmations" : "notices";
      if (await spend(client, budget, address, now())) {
        await askMail(client, mailDomain, { conversation, participant, upTo, about });
      }
      return true;
    });

  return {
    /** Task handle-mail. Safe to repeat. @throws where it has to be tried again later */
    handle: async (id: string): Promise<void> => {
      const row = await readInbound(pool, id);
      if (row?.status !== "WAITING") return;
      const settled = await workThrough(row);
      await settle(id, settled);
      options.log.info({ inbound: id, status: settled.status, reason: settled.reason }, "a mail was worked through");
    },

    /**
     * Posts a mail that was held until its sender confirmed it: they did. Safe to repeat. Returns what became of it; null
     * where there is no such mail, or it is not, and was not, held.
     * @throws where it has to be tried again later
     */
    confirmInbound: async (id: string): Promise<Outcome | null> => {
      const row = await readInbound(pool, id);
      if (row?.status === "POSTED") {
        const { status, reason, conversation, participant, message } = row;
        return { status, reason, conversation, participant, message };
      }
      if (row?.status !== "HELD") return null;
      const mail = await readMail(await readBytes(id));
      const [sender] = mail.from;
      if (!sender) throw new Error("a mail without a sender was held");
      const { address: from, name } = sender;
      const settled = await place(options, { row, mail, from, name, verdict: "confirmed" });
      await settle(id, settled);
      return settled;
    },
  };
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
  const recipients = await localRecipients(options, row.envelope);
  if (found && standing && (found.isToReplyAddress || recipients.length === 0)) {
    return answer(options, received, found, standing);
  }
  // To somebody's own address, it goes on in a conversation that both are in; what it refers to besides is not theirs to see.
  const isTheirs = standing?.sender && recipients.some(({ accountId }) => standing.accounts.includes(accountId));
  if (found && standing && isTheirs) return answer(options, received, found, standing);
  return begin(options, received, recipients);
}
