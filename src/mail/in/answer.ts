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

type Whose = Pick<Match, "conversation" | "participant">;

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
  const whose = { conversation, participant: decision.is === "kept" ? found.participant : decision.participant };
  switch (decision.is) {
    case "kept":
      return keep(options, received, whose, decision.reason);
    case "refused":
      return { status: "REFUSED", reason: decision.reason, ...whose, asks: noticeOf(received, decision.notice, seq) };
    case "held":
      // Nothing would be posted: nothing to be asked.
      if (saidIn(received.mail, received.row.receivedAt, false) === null)
        return { status: "REFUSED", reason: "NO_WORDS", ...whose };
      return hold(received, whose, decision.reason, seq);
    case "posted": {
      const answered = found.answered ?? (sender?.role === "COMMENTER" ? latestMessage : null);
      return say(options, received, { ...whose, answered, seq });
    }
  }
}

async function keep({ pool, now }: PlaceOptions, received: Received, whose: Whose, reason: string): Promise<Settled> {
  const keptFor = await deciderOf(pool, whose);
  if (keptFor === null) return { status: "REFUSED", reason: "NOBODY_DECIDES", ...whose };
  if (!(await spend(pool, "kept", keptFor, now()))) return { status: "REFUSED", reason: "TOO_MANY", ...whose };
  return { status: "KEPT", reason, ...whose, keptFor, told: toldOf(received) };
}

function hold(received: Received, whose: Whose, reason: string, upTo: number): Settled {
  const { row, from } = received;
  const held = { status: "HELD", reason, ...whose, told: toldOf(received) } as const;
  // Asked once: what is held again was asked about already.
  if (row.status === "HELD") return held;
  return { ...held, asks: { about: { kind: "CONFIRM", inbound: row.id }, address: from, upTo } };
}

function noticeOf({ row, from }: Received, why: NoticeReason, upTo: number): NonNullable<Settled["asks"]> {
  return { about: { kind: "NOTICE", why, inbound: row.id }, address: from, upTo };
}

export interface Saying extends Whose {
  /** The message that it answers. */
  readonly answered: Hash | null;
  /** Up to where the participant sees the conversation. */
  readonly seq: number;
}

/** Posts the words as the participant's, who was found to be who wrote them. */
export async function say(options: PlaceOptions, received: Received, saying: Saying): Promise<Settled> {
  const { pool, signer, now, salt } = options;
  const { row, mail, verdict } = received;
  const { answered, seq, ...whose } = saying;
  const { conversation, participant } = whose;
  const body = saidIn(mail, row.receivedAt, false);
  if (body === null)
    return { status: "REFUSED", reason: "NO_WORDS", ...whose, asks: noticeOf(received, "NO_WORDS", seq) };
  const words = wordsKey(body);
  // Who clicked, or has an account, is no machine.
  if (verdict !== "confirmed") {
    if (await isSaidAgain(options, whose, words)) return hold(received, whose, "SAME_WORDS", seq);
    if (!(await spendBoth(pool, ["postedInHour", "postedInDay"], `${conversation} ${participant}`, now())))
      return hold(received, whose, "TOO_MANY", seq);
  }
  const occasion = { signer, sentAt: now(), salt };
  const said = sayByMail(conversation, participant, { answered, body, files: mail.files }, occasion);
  return finish(options, received, { ...whose, ...said, begins: null, words }, seq);
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
  const whose = { conversation, participant };
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
      return { status: "REFUSED", reason: code, ...whose, asks: noticeOf(received, whyRejected(code), seq) };
    }
  }
}

function whyRejected(code: RejectionCode): NoticeReason {
  if (code === "EXPIRED" || code === "FROZEN") return code;
  return code === "NOT_PARTICIPANT" ? "NOT_A_PARTICIPANT" : "MAY_NOT_WRITE";
}

/** Whether the participant said the same often enough. */
async function isSaidAgain(
  { pool, now }: PlaceOptions,
  { conversation, participant }: Whose,
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
