// Rows: what an append costs in a log of 100,000 events against one of ten, and among 1,000 participants against two.
//
// By the store alone: what HTTP adds to both would hide a difference. What announcing does after it grows with the
// participants, and is measured with `messageAdd`.
import type { Hash } from "../../src/protocol/hash.ts";
import type { ConversationStore } from "../../src/store/conversation-store.ts";
import { postgresStore } from "../../src/store/postgres-store.ts";
import type { Effort } from "../effort.ts";
import { median, type Row } from "../measure.ts";
import { messageText, now, type Stage, salt, type Talk } from "../stage.ts";

const shortLog = 10;
const longLog = 100_000;
const manyPeople = 1_000;

export async function appendSize(stage: Stage, { isQuick, progress }: Effort): Promise<readonly Row[]> {
  const count = isQuick ? 300 : 1_500;
  progress("making conversations");
  const people = await stage.makePeople(manyPeople);
  const two = people.slice(0, 2);
  const [short, long, small, large] = await stage.makeTalks([two, two, two, people]);
  if (!short || !long || !small || !large) throw new Error("there are no conversations");
  await stage.say([short, long, small, large], 1);
  await lengthen(stage, short.conversation, shortLog);
  await lengthen(stage, long.conversation, longLog);
  await stage.database.pool.query("VACUUM (ANALYZE)");
  await stage.database.pool.query("CHECKPOINT");

  const rows: Row[] = [];
  for (const [row, ours, limit] of [
    [`append to a log of ${longLog.toLocaleString("en")} events`, long, short],
    [`append among ${manyPeople.toLocaleString("en")} participants`, large, small],
  ] as const) {
    // What a process remembers of a head makes the next append cheaper; without it, all that it reads is read.
    const loaded = await alternated(stage, ours, limit, count, () => openStore(stage));
    const kept = openStore(stage);
    const remembered = await alternated(stage, ours, limit, count, () => kept);
    progress(`${row}: ${loaded.ours.toFixed(2)} ms against ${loaded.limit.toFixed(2)}`);
    rows.push({
      row,
      unit: "ms",
      ours: loaded.ours,
      limit: loaded.limit,
      toReach: { ratio: { most: 1.2 } },
      told: {
        "where the head is remembered, ms": `${remembered.ours.toFixed(2)} against ${remembered.limit.toFixed(2)}`,
        "ratio then": remembered.ours / remembered.limit,
      },
    });
  }
  return rows;
}

const openStore = ({ database: { pool }, signer }: Stage): ConversationStore =>
  postgresStore({ pool, signer, now, salt, onCommitted: () => {} });

/** Says something in both in turn; medians in milliseconds. */
async function alternated(stage: Stage, ours: Talk, limit: Talk, count: number, store: () => ConversationStore) {
  const samples = { ours: [] as number[], limit: [] as number[] };
  const say = async ({ conversation, people }: Talk, number: number): Promise<number> => {
    const accountId = people[number % 2]?.accountId ?? "";
    const body = { format: "MARKDOWN" as const, text: messageText(number), mentions: [], mail: null };
    const through = store();
    const startedAt = performance.now();
    const result = await through.append({
      conversation,
      accountId,
      command: { action: "add", model: "message", body },
    });
    const took = performance.now() - startedAt;
    if (!("entries" in result)) throw new Error(`a message could not be said: ${JSON.stringify(result)}`);
    return took;
  };
  const warmUp = 50;
  for (let number = 0; number < count + warmUp; number++) {
    const pair = { ours: 0, limit: 0 };
    // Each goes first as often as the other.
    for (const name of number % 2 === 0 ? (["ours", "limit"] as const) : (["limit", "ours"] as const)) {
      pair[name] = await say(name === "ours" ? ours : limit, number);
    }
    if (number < warmUp) continue;
    samples.ours.push(pair.ours);
    samples.limit.push(pair.limit);
  }
  await stage.database.pool.query("DELETE FROM outbox");
  return { ours: median(samples.ours), limit: median(samples.limit) };
}

/** Repeats the last message, which was the last event, until the log has `events`: rows as they would be, but for their hashes. */
async function lengthen({ database: { pool } }: Stage, conversation: Hash, events: number): Promise<void> {
  const { rows } = await pool.query<{ seq: number }>("SELECT seq FROM conversation WHERE id = $1", [conversation]);
  const last = rows[0]?.seq ?? 0;
  if (last >= events) return;
  const id = "translate(encode(sha256(convert_to($1 || ' ' || i, 'UTF8')), 'base64'), '+/=', '-_')";
  for (let from = last + 1; from <= events; from += 20_000) {
    const values = [conversation, last, from, Math.min(events, from + 19_999)];
    await pool.query(
      `INSERT INTO event (conversation_id, seq, id, parent, timestamp, leader, key, signature, platform, platform_key, actor,
        sent_at, action, model, item, value, follows, ref, body, salt)
      SELECT conversation_id, i, ${id}, parent, timestamp, leader, key, signature, platform, platform_key, actor,
        sent_at, action, model, item, value, follows, ref, body, salt
      FROM event, generate_series($3::int, $4::int) AS i WHERE conversation_id = $1 AND seq = $2`,
      values,
    );
    await pool.query(
      `INSERT INTO message (conversation_id, id, seq, latest, author, parent, words_seq, words_by)
      SELECT conversation_id, ${id}, i, ${id}, author, parent, i, words_by
      FROM message, generate_series($3::int, $4::int) AS i WHERE conversation_id = $1 AND seq = $2`,
      values,
    );
  }
  await pool.query("UPDATE conversation SET seq = $2 WHERE id = $1", [conversation, events]);
}
