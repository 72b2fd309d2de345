// Which conversation a mail belongs to: by the reply address that it was sent to, else by the mails that it answers. Never by its
// subject: many have the same.
import type pg from "pg";
import type { Address } from "../../conversation/address.ts";
import type { Hash } from "../../protocol/hash.ts";
import { idOfToken, isTokenOf } from "../mail-token.ts";
import { mailIdOf } from "../out/ask-mail.ts";
import type { Envelope } from "./inbound-mail.ts";
import type { IncomingMail } from "./parse-incoming.ts";

/** What a mail names conversations by, the surest first. */
export interface Clues {
  /** What stands behind `reply+` in addresses of ours: in the envelope, which is whom this copy is to; where that has none, in the head. */
  readonly tokens: readonly string[];
  /** Message-IDs: of what it answers, then of what that answered, from the latest back. */
  readonly ids: readonly string[];
}

/** A conversation, and whose mails are answered: the participant whose token it is, whom the mail went to, or who wrote it. */
export interface Match {
  readonly conversation: Hash;
  readonly participant: Hash;
  /** The message that the mail answers; null where that is not to be told. */
  readonly answered: Hash | null;
  /** Whether the mail came to a reply address of ours; else only what it refers to names the conversation. */
  readonly isToReplyAddress: boolean;
}

/** So many are looked up: a list of thousands is none of a person's. */
const tokensMax = 20;
const idsMax = 100;

/** @param mailDomain of our addresses */
export function cluesOf(
  { to }: Pick<Envelope, "to">,
  mail: Pick<IncomingMail, "to" | "cc" | "inReplyTo" | "references">,
  mailDomain: string,
): Clues {
  const tokenIn = (address: string): readonly string[] => {
    const [, token, domain] = /^reply\+([a-z2-7]{42})@(.+)$/i.exec(address.trim()) ?? [];
    return token !== undefined && domain?.toLowerCase() === mailDomain ? [token.toLowerCase()] : [];
  };
  const enveloped = to.flatMap(tokenIn);
  const headed = () => [...mail.to, ...mail.cc].flatMap(({ address }) => tokenIn(address));
  const ids = [...mail.inReplyTo.toReversed(), ...mail.references.toReversed()];
  return {
    tokens: [...new Set(enveloped.length > 0 ? enveloped : headed())].slice(0, tokensMax),
    ids: [...new Set(ids)].slice(0, idsMax),
  };
}

/**
 * The conversation that the surest clue names. Where that is several people's (a mail to two reply addresses), the one that
 * the sender is.
 */
export async function match(
  pool: Pick<pg.Pool, "query">,
  mailDomain: string,
  clues: Clues,
  from: Address | null,
): Promise<Match | null> {
  const answered = await answeredBy(pool, mailDomain, clues.ids, from);
  const ofTokens = await participantsOf(pool, clues.tokens);
  const named = ofTokens.find(({ address }) => address === from) ?? ofTokens[0];
  if (!named) return answered;
  const { conversation, participant } = named;
  const isThere = answered?.conversation === conversation;
  return { conversation, participant, answered: isThere ? answered.answered : null, isToReplyAddress: true };
}

/** The tokens, by the conversations that they are of, in their order. */
export async function tokensByConversation(
  pool: Pick<pg.Pool, "query">,
  { tokens }: Clues,
): Promise<ReadonlyMap<Hash, readonly string[]>> {
  const named = tokens.length < 2 ? [] : await participantsOf(pool, tokens);
  const by = Map.groupBy(named, ({ conversation }) => conversation);
  return new Map([...by].map(([conversation, some]) => [conversation, some.map(({ token }) => token)]));
}

interface Named {
  readonly token: string;
  readonly conversation: Hash;
  readonly participant: Hash;
  readonly address: Address | null;
}

/** Whose reply addresses these are, in their order; those that we did not make are left out. */
async function participantsOf(pool: Pick<pg.Pool, "query">, tokens: readonly string[]): Promise<readonly Named[]> {
  const ids = tokens.map(idOfToken);
  if (ids.every((id) => id === null)) return [];
  const { rows } = await pool.query<Omit<Named, "token"> & { id: string; secret: Buffer }>({
    name: "match_tokens",
    text: `SELECT m.id, m.secret, m.conversation_id AS conversation, m.participant, r.address
      FROM mail_participation AS m
      JOIN participant AS p ON p.conversation_id = m.conversation_id AND p.id = m.participant
      LEFT JOIN recipient AS r ON r.id = p.recipient_id WHERE m.id = ANY($1::uuid[])`,
    values: [ids],
  });
  return tokens.flatMap((token, index) => {
    const row = rows.find(({ id }) => id === ids[index]);
    return row && isTokenOf("reply", token, row) ? [{ ...row, token }] : [];
  });
}

/** What the first of these ids that we know of names. */
async function answeredBy(
  pool: Pick<pg.Pool, "query">,
  mailDomain: string,
  ids: readonly string[],
  from: Address | null,
): Promise<Match | null> {
  if (ids.length === 0) return null;
  const own = ids.map((id) => mailIdOf(id, mailDomain));
  const { rows } = await pool.query<Omit<Match, "isToReplyAddress">>({
    name: "match_ids",
    // Of a mail of ours what it told last, which of one that introduces is the last message before it; of a mail that came in the message that it became. Message-IDs of others are
    // whatever they say: of two that say the same, the one in whose conversation the sender takes part.
    text: `WITH id AS (SELECT * FROM unnest($1::text[], $2::uuid[]) WITH ORDINALITY AS i(message_id, own, place)),
      found AS (
        SELECT i.place, m.conversation_id, m.participant, (
            SELECT e.id FROM delivery AS d JOIN event AS told ON told.conversation_id = d.conversation_id AND told.seq = d.seq
            JOIN LATERAL (
              SELECT told.id, told.seq WHERE told.model = 'message' AND told.action = 'add'
              UNION ALL
              (SELECT said.id, said.seq FROM message AS said
                WHERE told.id = m.participant AND said.conversation_id = m.conversation_id AND said.seq < told.seq
                  AND (said.removed_seq IS NULL OR said.removed_seq > m.up_to)
                ORDER BY said.seq DESC LIMIT 1)) AS e ON true
            WHERE d.mail_id = m.id ORDER BY e.seq DESC LIMIT 1) AS answered
        FROM id AS i JOIN mail AS m ON m.id = i.own
        UNION ALL
        SELECT i.place, m.conversation_id, m.participant, m.message
        FROM id AS i JOIN inbound_mail AS m ON m.message_id = i.message_id
        WHERE m.status = 'POSTED' AND m.conversation_id IS NOT NULL AND m.participant IS NOT NULL)
      SELECT f.conversation_id AS conversation, f.participant, f.answered
      FROM found AS f ORDER BY f.place, EXISTS (
        SELECT FROM participant AS p JOIN recipient AS r ON r.id = p.recipient_id
        WHERE p.conversation_id = f.conversation_id AND r.address = $3) DESC LIMIT 1`,
    values: [ids, own, from],
  });
  const [row] = rows;
  if (!row) return null;
  const { conversation, participant, answered } = row;
  return { conversation, participant, answered, isToReplyAddress: false };
}
