// A mail that belongs to a conversation: posted, held until its sender confirms it, kept for who decides about strangers, or refused.
import type { RejectionCode } from "../../conversation/rejection.ts";
import type { Hash } from "../../protocol/hash.ts";
import type { NoticeReason } from "../out/ask-mail.ts";
import { sameWordsMax, sameWordsWithinMs, spend, spendBoth } from "./budgets.ts";
import { decideWho } from "./decide-who.ts";
import type { Becoming } from "./inbound-rows.ts";
import type { Match } from "./match.ts";
import { post, sayByMail } from "./post.ts";
import { ownerOf, type PlaceOptions, type Received, type Settled, toldOf } from "./received.ts";
import { saidIn, wordsKey } from "./said.ts";
import { deciderOf, type Standing } from "./standing.ts";

export async function answer(
  options: PlaceOptions,
  received: Received,
  found: Match,
  standing: Standing,
): Promise<Settled> {
  const { conversation } = found;
  const { latestMessage, sender, seq } = standing;
  const owner = await ownerOf(options, received, sender !== null);
  const isAnswer = (found.answered ?? latestMessage) !== null;
  const decision = decideWho({ ...standing, owner, verdict: received.verdict, isAnswer });
  switch (decision.is) {
    case "kept":
      return keep(options, received, found, decision.reason);
    case "refused": {
      const { participant, reason, notice } = decision;
      return { status: "REFUSED", reason, conversation, participant, asks: noticeOf(received, notice, seq) };
    }
    case "held":
      // Nothing would be posted: nothing to be asked.
      if (saidIn(received.mail, received.row.receivedAt, false) === null)
        return { status: "REFUSED", reason: "NO_WORDS", conversation, participant: decision.participant };
      return hold(received, conversation, decision.participant, decision.reason, seq);
    case "posted": {
      const answered = found.answered ?? (sender?.role === "COMMENTER" ? latestMessage : null);
      return say(options, received, { conversation, participant: decision.participant, answered, seq });
    }
  }
}

async function keep(
  { pool, now }: PlaceOptions,
  received: Received,
  { conversation, participant }: Match,
  reason: string,
): Promise<Settled> {
  const place = { conversation, participant };
  const keptFor = await deciderOf(pool, place);
  if (keptFor === null) return { status: "REFUSED", reason: "NOBODY_DECIDES", ...place };
  if (!(await spend(pool, "kept", keptFor, now()))) return { status: "REFUSED", reason: "TOO_MANY", ...place };
  return { status: "KEPT", reason, ...place, keptFor, told: toldOf(received) };
}

function hold(received: Received, conversation: Hash, participant: Hash, reason: string, upTo: number): Settled {
  const { row, from } = received;
  const held = { status: "HELD", reason, conversation, participant, told: toldOf(received) } as const;
  // Asked once: what is held again was asked about already.
  if (row.status === "HELD") return held;
  return { ...held, asks: { about: { kind: "CONFIRM", inbound: row.id }, address: from, upTo } };
}

function noticeOf({ row, from }: Received, why: NoticeReason, upTo: number): NonNullable<Settled["asks"]> {
  return { about: { kind: "NOTICE", why, inbound: row.id }, address: from, upTo };
}

export interface Saying {
  readonly conversation: Hash;
  readonly participant: Hash;
  /** The message that it answers. */
  readonly answered: Hash | null;
  /** Up to where the participant sees the conversation. */
  readonly seq: number;
}

/** Posts the words as the participant's, who was found to be who wrote them. */
export async function say(options: PlaceOptions, received: Received, saying: Saying): Promise<Settled> {
  const { row, mail, verdict } = received;
  const { conversation, participant, answered, seq } = saying;
  const place = { conversation, participant };
  const body = saidIn(mail, row.receivedAt, false);
  if (body === null)
    return { status: "REFUSED", reason: "NO_WORDS", ...place, asks: noticeOf(received, "NO_WORDS", seq) };
  const key = wordsKey(body);
  // Who clicked, or has an account, is no machine.
  if (verdict !== "confirmed") {
    if (await isSaidAgain(options, saying, key)) return hold(received, conversation, participant, "SAME_WORDS", seq);
    if (!(await mayPost(options, saying))) return hold(received, conversation, participant, "TOO_MANY", seq);
  }
  const occasion = { signer: options.signer, sentAt: options.now(), salt: options.salt };
  const said = sayByMail(conversation, participant, { answered, body, files: mail.files }, occasion);
  return finish(options, received, { ...place, ...said, begins: null, words: key }, seq);
}

/** Appends what the mail becomes. @param seq up to where its participant sees the conversation, where that is told them */
export async function finish(
  options: PlaceOptions,
  received: Received,
  becoming: Becoming,
  seq: number,
): Promise<Settled> {
  const { row, mail } = received;
  const { conversation, participant, begins, words } = becoming;
  const place = { conversation, participant };
  const posted = await post(options, { id: row.id, messageId: mail.messageId }, becoming, mail.files);
  switch (posted.is) {
    case "repeated":
      return { status: "IGNORED", reason: "REPEATED" };
    case "posted": {
      // What was kept by an earlier try is what it is.
      const { conversation, participant, message } = posted.becoming;
      return { status: "POSTED", reason: null, conversation, participant, message, words };
    }
    case "rejected": {
      const { code } = posted.rejection;
      // There is no conversation to tell them of.
      if (begins) return { status: "REFUSED", reason: code };
      return { status: "REFUSED", reason: code, ...place, asks: noticeOf(received, whyRejected(code), seq) };
    }
  }
}

function whyRejected(code: RejectionCode): NoticeReason {
  if (code === "EXPIRED" || code === "FROZEN") return code;
  return code === "NOT_PARTICIPANT" ? "NOT_A_PARTICIPANT" : "MAY_NOT_WRITE";
}

function mayPost({ pool, now }: PlaceOptions, { conversation, participant }: Saying): Promise<boolean> {
  return spendBoth(pool, ["postedInHour", "postedInDay"], `${conversation} ${participant}`, now());
}

/** Whether the participant said the same often enough. */
async function isSaidAgain(
  { pool, now }: PlaceOptions,
  { conversation, participant }: Saying,
  words: string,
): Promise<boolean> {
  const { rows } = await pool.query<{ count: number }>({
    name: "said_again",
    text: `SELECT count(*) AS count FROM inbound_mail
      WHERE conversation_id = $1 AND participant = $2 AND status = 'POSTED' AND words = $3 AND received_at > $4`,
    values: [conversation, participant, words, new Date(Date.parse(now()) - sameWordsWithinMs).toISOString()],
  });
  return (rows[0]?.count ?? 0) >= sameWordsMax;
}
