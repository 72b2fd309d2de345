// The limit of appending: the same reads and writes as one function in the database, with events that were signed before.
import pg from "pg";
import { noWords } from "../src/conversation/body.ts";
import { take } from "../src/conversation/take.ts";
import type { Signer } from "../src/protocol/seal.ts";
import type { CommandRequest } from "../src/store/conversation-store.ts";
import { actorKey, loadSlices, type Slice } from "../src/store/load.ts";
import { eventRow } from "../src/store/rows.ts";
import { messageText, now, salt, type Talk } from "./stage.ts";

/** One event, ready to be written: the account that says it, and the parameters of `bench.append`. */
interface Prepared {
  readonly conversation: string;
  readonly values: readonly unknown[];
}

export interface SqlAppend extends AsyncDisposable {
  /** Signs `count` messages, of random people in random conversations, onto the heads that stand now. */
  prepare(count: number): readonly Prepared[];
  /** Calls the function for each, 16 in flight, on `connections` connections. Returns how many there were a second. */
  run(prepared: readonly Prepared[], connections: number): Promise<number>;
}

const inFlight = 16;

const eventColumns = [
  ...["conversation_id", "seq", "id", "parent", "timestamp", "leader", "key", "signature", "platform", "platform_key"],
  ...["platform_signature", "actor", "sent_at", "action", "model", "item", "value", "follows", "ref", "body", "salt"],
] as const;
const typeOf: Readonly<Record<string, string>> = {
  seq: "int",
  timestamp: "timestamptz",
  sent_at: "timestamptz",
  value: "jsonb",
  body: "jsonb",
};

// What an append of ours does for one message, with nothing left out: it reads the head and by whom, writes event,
// message and outbox, and moves the head on from where it was expected. The outbox is one of its own, alike: rows in the
// real one would be announced by the platform that is measured.
const functionSql = `
  CREATE SCHEMA bench;
  CREATE TABLE bench.outbox (LIKE public.outbox INCLUDING ALL);
  CREATE FUNCTION bench.append(by_account uuid, ${eventColumns.map((name) => `new_${name} ${typeOf[name] ?? "text"}`).join(", ")}, new_head text)
  RETURNS boolean LANGUAGE plpgsql AS $$
  DECLARE
    head conversation;
    by_whom participant;
  BEGIN
    SELECT * INTO head FROM conversation WHERE id = new_conversation_id;
    SELECT * INTO by_whom FROM participant
      WHERE conversation_id = new_conversation_id AND account_id = by_account
      ORDER BY status = 'ACTIVE' DESC, imported, seq DESC LIMIT 1;
    IF head.seq <> new_seq - 1 OR head.head <> new_parent OR by_whom.id <> new_actor OR by_whom.status <> 'ACTIVE' THEN
      RETURN false;
    END IF;
    UPDATE conversation SET seq = new_seq, head = new_head, "timestamp" = new_timestamp
      WHERE id = new_conversation_id AND seq = new_seq - 1;
    IF NOT FOUND THEN RETURN false; END IF;
    INSERT INTO event (${eventColumns.map((name) => `"${name}"`).join(", ")}) VALUES (${eventColumns.map((name) => `new_${name}`).join(", ")});
    INSERT INTO bench.outbox (conversation_id, seq) VALUES (new_conversation_id, new_seq);
    INSERT INTO message (conversation_id, id, seq, latest, author, parent, words_seq, words_by)
      VALUES (new_conversation_id, new_id, new_seq, new_id, new_actor, new_item, new_seq, new_actor);
    RETURN true;
  END $$`;

const callSql = `SELECT bench.append(${["", ...eventColumns, ""].map((_, index) => `$${index + 1}`).join(", ")}) AS written`;

/** @param talks the limit's own: nobody else may write to them */
export async function openSqlAppend(url: string, signer: Signer, talks: readonly Talk[]): Promise<SqlAppend> {
  const pools = new Map<number, pg.Pool>();
  const poolOf = (connections: number): pg.Pool => {
    const pool = pools.get(connections) ?? new pg.Pool({ connectionString: url, max: connections });
    pools.set(connections, pool);
    return pool;
  };
  const requests = talks.flatMap(({ conversation, people }) =>
    people.map(
      ({ accountId }): CommandRequest => ({ conversation, accountId, command: { action: "add", model: "message" } }),
    ),
  );
  const client = await poolOf(4).connect();
  await client.query(functionSql);
  const slices: ReadonlyMap<string, Slice> = await loadSlices(client, requests);
  client.release();

  const prepareOne = (number: number): Prepared => {
    const { conversation, accountId } = pick(requests);
    const slice = slices.get(conversation);
    const actor = slice?.actors.get(actorKey(accountId, null));
    if (!slice || actor === undefined) throw new Error("somebody who takes part was not loaded");
    const body = { format: "MARKDOWN" as const, text: messageText(number), mentions: [], mail: null };
    const wish = { command: { action: "add" as const, model: "message" as const, body }, actor };
    const taken = take(slice.state, noWords(), wish, now(), { signer, sentAt: now(), salt });
    const entry = "entries" in taken ? taken.entries[0] : undefined;
    if (!entry) throw new Error("a message of the limit was rejected");
    const row: Readonly<Record<string, unknown>> = eventRow(conversation, entry);
    return { conversation, values: [accountId, ...eventColumns.map((name) => row[name]), entry.hash] };
  };

  return {
    prepare: (count) => {
      const prepared = Array.from({ length: count }, (_, index) => prepareOne(index));
      // Times in the state come from the clock, the words stay in the prepared ones only.
      for (const { state } of slices.values()) state.messages.clear();
      return prepared;
    },
    run: async (prepared, connections) => {
      const pool = poolOf(connections);
      const waiting = [...prepared].reverse();
      const busy = new Set<string>();
      // Two of one conversation never go together: the limit is not to lose time to conflicts of its own making.
      const take = (): Prepared | undefined => {
        for (let index = waiting.length - 1; index >= 0 && index >= waiting.length - 2 * inFlight; index--) {
          const one = waiting[index];
          if (one && !busy.has(one.conversation)) return waiting.splice(index, 1)[0];
        }
        return undefined;
      };
      const startedAt = performance.now();
      await Promise.all(
        Array.from({ length: inFlight }, async () => {
          while (waiting.length > 0) {
            const one = take();
            if (!one) return;
            busy.add(one.conversation);
            const { rows } = await pool.query<{ written: boolean }>({
              name: "bench_append",
              text: callSql,
              values: [...one.values],
            });
            if (rows[0]?.written !== true) throw new Error("the limit met a conversation that somebody moved on");
            busy.delete(one.conversation);
          }
        }),
      );
      return (prepared.length * 1000) / (performance.now() - startedAt);
    },
    [Symbol.asyncDispose]: async () => {
      for (const pool of pools.values()) await pool.end();
    },
  };
}

export function pick<T>(from: readonly T[]): T {
  const one = from[Math.floor(Math.random() * from.length)];
  if (one === undefined) throw new Error("there is nothing to pick from");
  return one;
}
