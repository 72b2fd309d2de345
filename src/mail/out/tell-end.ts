// Tells who takes part by mail that the conversation has ended: no event says so, for it ends by the clock.
import type pg from "pg";
import type { PlatformName } from "../../protocol/event.ts";
import type { Hash } from "../../protocol/hash.ts";
import { inTransaction } from "../../store/transaction.ts";
import { askMail } from "./ask-mail.ts";
import { isByMailSql } from "./owed-sql.ts";

export interface TellEndOptions {
  readonly platform: PlatformName;
  /** Of our mail addresses. */
  readonly domain: string;
}

/** Asks for a mail to each of them, once for each end that was set; none where it goes on by now. Safe to repeat, also at once. */
export async function tellEnd(pool: pg.Pool, { platform, domain }: TellEndOptions, conversation: Hash): Promise<void> {
  await inTransaction(pool, async (client) => {
    // Two that tell it take turns, and the second sees in a new statement whom the first has told.
    await client.query({
      name: "tell_end_turn",
      text: "SELECT FROM mail_participation WHERE conversation_id = $1 ORDER BY participant FOR UPDATE",
      values: [conversation],
    });
    const { rows } = await client.query<{ participant: Hash; seq: number; at: Date }>({
      name: "tell_end_whom",
      text: `SELECT p.id AS participant, c.seq, c.expires_at AS at
        FROM conversation AS c JOIN participant AS p ON p.conversation_id = c.id AND ${isByMailSql("p", "$2")} AND p.status = 'ACTIVE'
        JOIN mail_participation AS m ON m.conversation_id = c.id AND m.participant = p.id AND NOT m.is_muted
        WHERE c.id = $1 AND c.expires_at <= clock_timestamp() AND NOT EXISTS (
          SELECT FROM mail AS told WHERE told.conversation_id = c.id AND told.participant = p.id
            AND told.about->>'why' = 'ENDED' AND (told.about->>'at')::timestamptz = c.expires_at)
        ORDER BY p.seq`,
      values: [conversation, platform],
    });
    for (const { participant, seq, at } of rows) {
      const about = { kind: "NOTICE", why: "ENDED", at: at.toISOString() } as const;
      await askMail(client, domain, { conversation, participant, upTo: seq, about });
    }
  });
}
