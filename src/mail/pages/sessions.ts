// Who has shown that a mail was theirs: by a code that is mailed to their address, and then by a session. Both are kept as
// their hash, and are of one participant of one conversation.
import { randomBytes, randomInt } from "node:crypto";
import type pg from "pg";
import { type Hash, sha256 } from "../../protocol/hash.ts";
import { inTransaction } from "../../store/transaction.ts";
import { askMail } from "../out/ask-mail.ts";
import type { LinkedMail } from "./linked-mail.ts";

/** Whose code or session it is. */
type Whose = Pick<LinkedMail, "conversation" | "participant">;

export interface Sessions {
  /** Mails a code to whom the mail was for, unless too many were asked for. Says nothing of either. */
  askCode(mail: LinkedMail): Promise<void>;
  /** A new session's token, for the code; null where it is wrong, too old, or was tried too often. */
  open(whose: Whose, code: string): Promise<string | null>;
  /** Whether one of the tokens is of a session of theirs. */
  isOpen(whose: Whose, tokens: readonly string[]): Promise<boolean>;
  /** Ends those of their sessions that these tokens are of; returns the other tokens. Safe to repeat. */
  close(whose: Whose, tokens: readonly string[]): Promise<readonly string[]>;
}

const codeLives = "15 minutes";
const sessionLives = "30 days";
export const sessionSeconds = 30 * 24 * 3_600;

/**
 * Tries at a code, and codes of a participant: together they say how often somebody who has the link can guess at six
 * digits: 100 times in a day, one of which is right in 27 years on average. Each code is a mail to whom they are after.
 */
export const failuresMax = 5;
export const codesPerHour = 5;
export const codesPerDay = 20;

/** @param domain of our mail addresses */
export function createSessions(pool: pg.Pool, domain: string): Sessions {
  return {
    askCode: (mail) => inTransaction(pool, (client) => askCode(client, domain, mail)),

    open: (whose, code) =>
      inTransaction(pool, async (client) => {
        // Locked: of many tries at once, each is counted before the next one is looked at.
        const { rows } = await client.query<{ hash: Hash }>({
          name: "lock_codes",
          text: `SELECT hash FROM mail_session WHERE conversation_id = $1 AND participant = $2 AND NOT is_open
            AND failures < $3 AND expires_at > clock_timestamp() ORDER BY hash FOR UPDATE`,
          values: [whose.conversation, whose.participant, failuresMax],
        });
        const given = codeHash(whose, code);
        const token = randomBytes(32).toString("base64url");
        if (rows.some(({ hash }) => hash === given)) {
          await client.query({
            name: "open_mail_session",
            text: `UPDATE mail_session SET hash = $2, is_open = true, failures = 0, expires_at = clock_timestamp() + $3::interval
              WHERE hash = $1`,
            values: [given, sha256(token), sessionLives],
          });
          return token;
        }
        await client.query({
          name: "count_code_failure",
          text: "UPDATE mail_session SET failures = failures + 1 WHERE hash = ANY($1::text[])",
          values: [rows.map(({ hash }) => hash)],
        });
        return null;
      }),

    isOpen: async ({ conversation, participant }, tokens) => {
      if (tokens.length === 0) return false;
      const { rowCount } = await pool.query({
        name: "find_mail_session",
        text: `SELECT FROM mail_session WHERE hash = ANY($1::text[]) AND conversation_id = $2 AND participant = $3
          AND is_open AND expires_at > clock_timestamp() LIMIT 1`,
        values: [tokens.map(sha256), conversation, participant],
      });
      return rowCount === 1;
    },

    close: async ({ conversation, participant }, tokens) => {
      const { rows } = await pool.query<{ hash: Hash }>({
        name: "close_mail_session",
        text: "DELETE FROM mail_session WHERE hash = ANY($1::text[]) AND conversation_id = $2 AND participant = $3 RETURNING hash",
        values: [tokens.map(sha256), conversation, participant],
      });
      const ended = new Set(rows.map(({ hash }) => hash));
      return tokens.filter((token) => !ended.has(sha256(token)));
    },
  };
}

async function askCode(client: pg.ClientBase, domain: string, mail: LinkedMail): Promise<void> {
  const { conversation, participant, upTo, address, participationId } = mail;
  if (address === null) return;
  // Whoever asks next waits, and counts this one.
  await client.query("SELECT FROM mail_participation WHERE id = $1 FOR UPDATE", [participationId]);
  const { rows } = await client.query<{ hour: number; day: number }>({
    name: "count_codes",
    text: `SELECT count(*)::int AS day, (count(*) FILTER (WHERE created_at > clock_timestamp() - interval '1 hour'))::int AS hour
      FROM mail WHERE conversation_id = $1 AND participant = $2 AND kind = 'CODE' AND created_at > clock_timestamp() - interval '1 day'`,
    values: [conversation, participant],
  });
  const [{ hour, day } = { hour: 0, day: 0 }] = rows;
  if (hour >= codesPerHour || day >= codesPerDay) return;
  const code = String(randomInt(1_000_000)).padStart(6, "0");
  await client.query({
    name: "keep_code",
    // Whatever ran out goes with it, of anybody: so nothing else has to look for that.
    text: `WITH gone AS (
        DELETE FROM mail_session WHERE hash IN (
          SELECT hash FROM mail_session WHERE expires_at < clock_timestamp() LIMIT 100 FOR UPDATE SKIP LOCKED) AND hash <> $1)
      INSERT INTO mail_session (hash, conversation_id, participant, expires_at) VALUES ($1, $2, $3, clock_timestamp() + $4::interval)
      ON CONFLICT (hash) DO UPDATE SET failures = 0, expires_at = excluded.expires_at`,
    values: [codeHash(mail, code), conversation, participant, codeLives],
  });
  await askMail(client, domain, { conversation, participant, upTo, about: { kind: "CODE", code } });
}

/** Of the participant, so that it is taken behind each of their mails; whatever people put between digits is left out. */
function codeHash({ conversation, participant }: Whose, code: string): Hash {
  return sha256(`parley/mail-code/1\n${conversation}\n${participant}\n${code.replace(/[^0-9]/g, "")}`);
}
