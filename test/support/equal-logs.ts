// That several platforms have the same log of a conversation, byte for byte.
import type pg from "pg";
import { expect, vi } from "vitest";
import type { EventRow } from "../../src/store/rows.ts";

/** The log as a platform has it, without what is its own. */
export async function logIn(pool: pg.Pool, conversation: string): Promise<readonly EventRow[]> {
  const { rows } = await pool.query<EventRow & { readonly recorded_at: Date }>(
    "SELECT * FROM event WHERE conversation_id = $1 ORDER BY seq",
    [conversation],
  );
  return rows.map(({ recorded_at: _, ...row }) => row);
}

async function headIn(pool: pg.Pool, conversation: string): Promise<string> {
  const { rows } = await pool.query<{ head: string }>("SELECT head FROM conversation WHERE id = $1", [conversation]);
  return rows[0]?.head ?? "none";
}

/** Waits until all have the same log of the conversation, words and what is erased of them included. Returns it. */
export async function untilLogsEqual(conversation: string, ...pools: readonly pg.Pool[]) {
  const compare = async () => {
    const [head, ...heads] = await Promise.all(pools.map((pool) => headIn(pool, conversation)));
    expect(head).not.toBe("none");
    expect(heads).toEqual(heads.map(() => head));
    const [log = [], ...others] = await Promise.all(pools.map((pool) => logIn(pool, conversation)));
    for (const other of others) expect(other).toEqual(log);
    return log;
  };
  return vi.waitFor(compare, { interval: 20, timeout: 30_000 });
}
