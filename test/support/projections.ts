// The rows of a conversation beside what its log comes to.
import type pg from "pg";
import { expect } from "vitest";
import { isErased } from "../../src/conversation/erased.ts";
import type { State } from "../../src/conversation/state.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import type { Entry } from "../../src/protocol/seal.ts";
import { examineConversation } from "../../src/store/doctor.ts";
import { isErasedSql } from "../../src/store/read/erased-sql.ts";
import type { ParticipantRow } from "../../src/store/rows.ts";
import type { Setting } from "./setting.ts";

/** Fails where a row of the conversation is other than the fold of its log, which a follower has to take. */
export async function expectProjected(pool: pg.Pool, setting: Setting, conversation: Hash): Promise<State> {
  const log = await setting.log(conversation);
  const state = await setting.followed(conversation);
  const rowsOf = async <Row extends pg.QueryResultRow>(table: string): Promise<readonly Row[]> =>
    (await pool.query<Row>(`SELECT * FROM ${table} WHERE conversation_id = $1`, [conversation])).rows;

  expect(await examineConversation(pool, conversation)).toEqual([]);
  const participants = await rowsOf<ParticipantRow>("participant");
  const added = addedBy(log);
  for (const row of participants) {
    const body = row.is_erased ? undefined : added.get(row.id);
    const person = body && setting.people.get(body.address);
    expect([row.name, row.recipient_id]).toEqual([body?.name ?? null, person?.recipientId ?? null]);
    // Whose it was they still are: so they see up to where they left.
    expect(row.account_id).toBe(setting.people.get(added.get(row.id)?.address ?? "")?.accountId ?? null);
  }
  // Said once for the database and once for whoever has the log alone.
  const erased = await pool.query<{ readonly seq: number }>(
    `SELECT seq FROM event AS e WHERE conversation_id = $1 AND ref IS NOT NULL AND ${isErasedSql("e")} ORDER BY seq`,
    [conversation],
  );
  const withWords = log.filter(({ event }) => event.proposal.ref !== null);
  expect(erased.rows.map(({ seq }) => seq)).toEqual(
    withWords.filter((entry) => isErased(state, entry)).map(({ event }) => event.seq),
  );
  const outbox = await rowsOf<{ readonly seq: number }>("outbox");
  expect(outbox.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(log.map(({ event }) => event.seq));
  return state;
}

function addedBy(log: readonly Entry[]) {
  return new Map(log.flatMap(({ id, body }) => (body !== null && "address" in body ? [[id, body] as const] : [])));
}
