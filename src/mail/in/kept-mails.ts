// Mails of strangers in conversations, kept for an account: it takes them in with their sender, or discards them.
import type pg from "pg";
import { type Rejection, reject } from "../../conversation/rejection.ts";
import type { Hash } from "../../protocol/hash.ts";
import type { AccountId } from "../../store/conversation-store.ts";
import { type Page, type PageRequest, pageOf } from "../../store/read/page.ts";
import { say } from "./answer.ts";
import { blobOf } from "./inbound-mail.ts";
import { type InboundRow, inboundRowOf, readInbound, type StoredInbound } from "./inbound-rows.ts";
import { cluesOf, match } from "./match.ts";
import { NotYetError } from "./post.ts";
import { rereadMail } from "./read-stored.ts";
import { ownerOf, type PlaceOptions, type Received, toldOf } from "./received.ts";
import { saidIn } from "./said.ts";
import { settle } from "./settle.ts";
import { standingOf } from "./standing.ts";

/** Place in the list: the newest first. */
export interface KeptCursor {
  readonly receivedAt: Date;
  readonly id: string;
}

export type Taken = { readonly conversation: Hash; readonly message: Hash | null } | { readonly rejection: Rejection };

const notThere = { rejection: reject("NOT_FOUND", "There is no such mail, or it was decided about already.") };

export function createKeptMails(options: PlaceOptions) {
  const { pool, blobs } = options;

  /** The mail, where it is this account's to decide about, or was. */
  const find = async (accountId: AccountId, id: string): Promise<InboundRow | null> => {
    const row = await readInbound(pool, id);
    return row?.keptFor === accountId ? row : null;
  };

  return {
    /** The mails that wait for this account's decision. */
    keptMails: (accountId: AccountId, request: PageRequest<KeptCursor>) => readKept(pool, accountId, request),

    /** One of them; null where there is none such. */
    keptMail: async (accountId: AccountId, id: string): Promise<InboundRow | null> => {
      const row = await find(accountId, id);
      return row?.status === "KEPT" ? row : null;
    },

    /**
     * Adds its sender in the account's name, with the right that takes, and posts the words as theirs. Safe to repeat, also
     * where another platform had to be asked and did not answer.
     */
    acceptKept: async (accountId: AccountId, id: string): Promise<Taken> => {
      const row = await find(accountId, id);
      if (row?.status === "POSTED" && row.conversation !== null)
        return { conversation: row.conversation, message: row.message };
      if (row?.status !== "KEPT" || row.conversation === null) return notThere;
      const received: Received = { row, ...(await rereadMail(blobs, id)), verdict: "confirmed" };
      return take(options, accountId, received, row.conversation).catch((error: unknown) => {
        if (error instanceof NotYetError)
          return { rejection: reject("LEADER_UNREACHABLE", `Try again later: ${error.message}.`) };
        throw error;
      });
    },

    /** False where there is no such mail to discard. Safe to repeat. */
    discardKept: async (accountId: AccountId, id: string): Promise<boolean> => {
      const row = await find(accountId, id);
      if (row?.status === "REFUSED" && row.reason === "DISCARDED") return true;
      if (row?.status !== "KEPT") return false;
      const { conversation, participant, keptFor } = row;
      await settle(options, id, { status: "REFUSED", reason: "DISCARDED", conversation, participant, keptFor });
      await blobs.delete(blobOf(id));
      return true;
    },
  };
}

async function take(
  options: PlaceOptions,
  accountId: AccountId,
  received: Received,
  conversation: Hash,
): Promise<Taken> {
  const { pool, mailDomain, signer, now } = options;
  const { row, mail, from } = received;
  if ((await ownerOf(options, received, false)) !== "mail") {
    const why = `${from} has an account, and speaks by that. Add them as a participant.`;
    return { rejection: reject("FORBIDDEN", why) };
  }
  if (saidIn(mail, row.receivedAt, false) === null)
    return { rejection: reject("INVALID_BODY", "There are no words in this mail.") };
  const found = await match(pool, mailDomain, cluesOf(row.envelope, mail, mailDomain), from);
  const place = found?.conversation === conversation ? found : null;
  const named = { conversation, participant: row.participant ?? "" };
  const standing = () => standingOf(pool, signer.platform, named, from, now());
  const before = await standing();
  if (before?.sender?.isActive) {
    if (!before.accounts.includes(accountId)) return { rejection: reject("NOT_PARTICIPANT") };
    // Who takes part speaks for themselves: nobody else says that a mail is theirs.
    if (row.becoming === null && row.authentication?.verdict !== "aligned")
      return askSender(options, received, conversation, before.sender.participant, before.seq);
  } else {
    const added = await add(options, accountId, received, conversation);
    if (added) return { rejection: added };
  }
  const then = await standing();
  const participant = then?.sender?.participant;
  if (!then || participant === undefined) throw new Error("who was added by mail does not take part");
  const saying = { conversation, participant, answered: place?.answered ?? null, seq: then.seq };
  const settled = await say(options, received, saying);
  await settle(options, row.id, { ...settled, keptFor: accountId });
  const { status, reason, message = null } = settled;
  if (status === "POSTED") return { conversation, message };
  // Accepted twice at once: who came first has posted it.
  const meanwhile = await readInbound(pool, row.id);
  if (meanwhile?.status === "POSTED") return { conversation, message: meanwhile.message };
  return { rejection: reject("INVALID_ACTION", `The mail was not posted: ${reason}.`) };
}

/** Asks the sender, who takes part already, whether it is theirs. */
async function askSender(
  options: PlaceOptions,
  received: Received,
  conversation: Hash,
  participant: Hash,
  upTo: number,
): Promise<Taken> {
  const { row, from } = received;
  const asks = { about: { kind: "CONFIRM", inbound: row.id }, address: from, upTo } as const;
  const held = { status: "HELD", reason: "NOT_AUTHENTICATED", conversation, participant } as const;
  await settle(options, row.id, { ...held, told: toldOf(received), asks });
  const why = `${from} takes part, and nothing proves that this mail is theirs. They are asked by mail, and it is posted once they say so.`;
  return { rejection: reject("FORBIDDEN", why) };
}

/** Adds the sender; why not, or null. */
async function add(
  { append, findRecipients, signer }: PlaceOptions,
  accountId: AccountId,
  { row, from, name }: Received,
  conversation: Hash,
): Promise<Rejection | null> {
  const found = (await findRecipients([from], accountId)).get(from);
  if (!found || found === "later") return reject("RECIPIENT_UNREACHABLE");
  const answer = await append({
    conversation,
    accountId,
    command: {
      action: "add",
      model: "participant",
      value: { role: "WRITER", via: signer.platform, mail: true, imported: false },
      body: { address: from, name },
    },
    people: new Map([[from, found.person]]),
    client: { accountId, clientId: `kept-mail:${row.id}` },
  });
  return "rejection" in answer ? answer.rejection : null;
}

async function readKept(
  pool: Pick<pg.Pool, "query">,
  accountId: AccountId,
  request: PageRequest<KeptCursor>,
): Promise<Page<InboundRow>> {
  const { after, before, isBackward, limit } = request;
  const { rows } = await pool.query<StoredInbound>({
    name: `kept_mails${isBackward ? "_backward" : ""}`,
    text: `SELECT * FROM inbound_mail WHERE kept_for = $1 AND status = 'KEPT'
        AND ($2::timestamptz IS NULL OR (received_at, id) < ($2, $3::uuid))
        AND ($4::timestamptz IS NULL OR (received_at, id) > ($4, $5::uuid))
      ORDER BY received_at ${isBackward ? "" : "DESC"}, id ${isBackward ? "" : "DESC"} LIMIT $6`,
    values: [accountId, ...[after, before].flatMap((one) => [one?.receivedAt ?? null, one?.id ?? null]), limit + 1],
  });
  return pageOf(rows.map(inboundRowOf), request);
}
