// What becomes of a mail that came in: a message of somebody's, a conversation that begins with it, or nothing. Each mail is
// worked through until that is decided; doing it again changes nothing.
import type { LookUp } from "../../accounts/look-up.ts";
import { type Address, domainOf } from "../../conversation/address.ts";
import type { Rejection } from "../../conversation/rejection.ts";
import { readBlob } from "../../files/blob-store.ts";
import type { Logger } from "../../observe/logger.ts";
import type { PlatformName } from "../../protocol/event.ts";
import type { Hash } from "../../protocol/hash.ts";
import type { Signer } from "../../protocol/seal.ts";
import { inTransaction } from "../../store/transaction.ts";
import { askMail, type MailAbout } from "../out/ask-mail.ts";
import { spend } from "./budgets.ts";
import { type Authentication, blobOf, type Envelope, inboundBytesMax } from "./inbound-mail.ts";
import { type InboundRow, noteInbound, type Outcome, readInbound, settleInbound, type Told } from "./inbound-rows.ts";
import { cluesOf, type Match, match } from "./match.ts";
import { NotYetError, type PostOptions, post, sayByMail } from "./post.ts";
import { type ReceivedMail, readMail } from "./read-mail.ts";
import { previewOf, saidIn } from "./said.ts";
import { deciderOf, type Standing, standingOf } from "./standing.ts";
import { decideWho } from "./who.ts";

export interface HandleOptions extends PostOptions {
  readonly signer: Signer;
  /** Which the platform serves. */
  readonly domains: readonly PlatformName[];
  /** Of our mail addresses. */
  readonly mailDomain: PlatformName;
  readonly lookUp: LookUp;
  /** Whether it is of whom it says it is from, where its source did not say. */
  authenticate(raw: Buffer, envelope: Envelope, from: Address): Promise<Authentication>;
  /** Works through what tells of a mail of ours; whether it was that. Safe to repeat. */
  handleBounce(raw: Buffer, envelope: Envelope): Promise<boolean>;
  /** Why no person wrote it; null where one may have. */
  automaticReason(raw: Buffer, envelope: Envelope): string | null;
  readonly log: Logger;
  now(): string;
  salt(): string;
}

/** A mail that is to be worked through, as far as it was read. */
export interface Received {
  readonly row: InboundRow;
  readonly mail: ReceivedMail;
  readonly from: Address;
  readonly name: string | null;
  readonly verdict: Authentication["verdict"] | "confirmed";
}

/** What was decided; and what is asked of or told to the participant of the outcome, up to which place they see. */
export interface Settled extends Outcome {
  readonly asks?: { readonly about: MailAbout; readonly address: Address; readonly upTo: number };
}

const toldOf = ({ mail, from, name }: Received): Told => ({
  from: { address: from, name },
  subject: mail.subject,
  preview: previewOf(mail),
});

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
    const authentication = row.authentication ?? (await options.authenticate(raw, row.envelope, sender.address));
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
     * Posts a mail that was held until its sender confirmed it: they did. Safe to repeat.
     * Returns what became of it; null where there is no such mail, or none that was held.
     * @throws where it has to be tried again later
     */
    confirmInbound: async (id: string): Promise<Outcome | null> => {
      const row = await readInbound(pool, id);
      if (row?.status === "POSTED") return { status: "POSTED", reason: null, ...placeOf(row) };
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

const placeOf = ({ conversation, participant, message }: InboundRow) => ({ conversation, participant, message });

/** Finds where the mail belongs, and puts it there. */
async function place(options: HandleOptions, received: Received): Promise<Settled> {
  const { pool, mailDomain, signer, now } = options;
  const { row, mail, from } = received;
  const found = await match(pool, mailDomain, cluesOf(row.envelope, mail, mailDomain), from);
  const standing = found && (await standingOf(pool, signer.platform, found, from, now()));
  if (!found || !standing) return { status: "REFUSED", reason: "NO_CONVERSATION" };
  return answer(options, received, found, standing);
}

/** A mail that belongs to a conversation. */
async function answer(options: HandleOptions, received: Received, found: Match, standing: Standing): Promise<Settled> {
  const { pool } = options;
  const { row, from, verdict } = received;
  const { conversation } = found;
  const owner = await ownerOf(options, received, standing.sender !== null);
  const { latestMessage, sender } = standing;
  const decision = decideWho({ ...standing, owner, verdict, isAnswer: (found.answered ?? latestMessage) !== null });
  const told = toldOf(received);
  switch (decision.is) {
    case "kept": {
      const keptFor = await deciderOf(pool, found);
      const place = { conversation, participant: found.participant };
      if (keptFor === null) return { status: "REFUSED", reason: "NOBODY_DECIDES", ...place };
      if (!(await spend(pool, "kept", keptFor, options.now())))
        return { status: "REFUSED", reason: "TOO_MANY", ...place };
      return { status: "KEPT", reason: decision.reason, ...place, keptFor, told };
    }
    case "refused": {
      const { participant, reason, notice: why } = decision;
      const asks = { about: { kind: "NOTICE", why, inbound: row.id } as const, address: from, upTo: standing.seq };
      return { status: "REFUSED", reason, conversation, participant, asks };
    }
    case "held":
      return hold(received, conversation, decision.participant, decision.reason, standing.seq);
    case "posted": {
      const { participant } = decision;
      const answered = found.answered ?? (sender?.role === "COMMENTER" ? latestMessage : null);
      return say(options, received, { conversation, participant, answered, seq: standing.seq });
    }
  }
}

function hold(received: Received, conversation: Hash, participant: Hash, reason: string, upTo: number): Settled {
  const { row, from } = received;
  const held = { status: "HELD", reason, conversation, participant, told: toldOf(received) } as const;
  // Asked once: a mail that is held again was asked about already.
  if (row.status === "HELD") return held;
  return { ...held, asks: { about: { kind: "CONFIRM", inbound: row.id }, address: from, upTo } };
}

interface Saying {
  readonly conversation: Hash;
  readonly participant: Hash;
  readonly answered: Hash | null;
  readonly seq: number;
}

async function say(options: HandleOptions, received: Received, saying: Saying): Promise<Settled> {
  const { row, mail, from, verdict } = received;
  const { conversation, participant, answered, seq } = saying;
  const body = saidIn(mail, row.receivedAt, false);
  const notice = (why: "NO_WORDS" | "EXPIRED" | "MAY_NOT_WRITE" | "NOT_A_PARTICIPANT") => ({
    asks: { about: { kind: "NOTICE", why, inbound: row.id } as const, address: from, upTo: seq },
  });
  const place = { conversation, participant };
  if (body === null) return { status: "REFUSED", reason: "NO_WORDS", ...place, ...notice("NO_WORDS") };
  if (row.becoming === null && verdict !== "confirmed" && !(await mayPost(options, saying))) {
    return hold(received, conversation, participant, "TOO_MANY", seq);
  }
  const occasion = { signer: options.signer, sentAt: options.now(), salt: options.salt };
  const said = sayByMail(conversation, participant, { answered, body, files: mail.files }, occasion);
  const becoming = { ...place, ...said, isNew: false };
  const posted = await post(options, { id: row.id, messageId: mail.messageId }, becoming, mail.files);
  if (posted.is === "repeated") return { status: "IGNORED", reason: "REPEATED", ...place };
  if (posted.is === "posted") return { status: "POSTED", reason: null, ...place, message: posted.becoming.message };
  return { status: "REFUSED", reason: posted.rejection.code, ...place, ...notice(whyRejected(posted.rejection)) };
}

async function mayPost({ pool, now }: HandleOptions, { conversation, participant }: Saying): Promise<boolean> {
  const key = `${conversation} ${participant}`;
  return (await spend(pool, "postedInHour", key, now())) && (await spend(pool, "postedInDay", key, now()));
}

function whyRejected({ code }: Rejection): "EXPIRED" | "NOT_A_PARTICIPANT" | "MAY_NOT_WRITE" {
  if (code === "EXPIRED" || code === "FROZEN") return "EXPIRED";
  return code === "NOT_PARTICIPANT" ? "NOT_A_PARTICIPANT" : "MAY_NOT_WRITE";
}

/** Whose address the mail is from. @throws NotYetError where their platform cannot be asked now */
async function ownerOf(
  { domains, mailDomain, lookUp }: HandleOptions,
  { from, row }: Received,
  isByMail: boolean,
): Promise<"account" | "platform" | "mail"> {
  const domain = domainOf(from);
  // Of our domains all who are anybody are accounts.
  if (domains.includes(domain) || domain === mailDomain) return "account";
  const found = (await lookUp([from], `mail ${row.envelope.remoteAddress ?? ""}`)).get(from);
  if (found === "later") {
    // A platform that does not answer is known for one. Who is reached by mail already, and of a domain that says nothing, is so still.
    if (isByMail) return "mail";
    throw new NotYetError("whether a platform serves the sender's domain cannot be told now");
  }
  return found?.mail ? "mail" : "platform";
}
