// What the tests of announcing are given: a store on a database of their own whose pool can be held up, and people who talk.
import { expect } from "vitest";
import { type Announcement, announcementOf } from "../../src/announce/announce.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import type { Database } from "../../src/store/database.ts";
import { taking } from "../conversation/given.ts";
import { createTestDatabase } from "../support/database.ts";
import { postgresSetting } from "../support/postgres-setting.ts";
import { entriesOf, type Setting, type Somebody } from "../support/setting.ts";
import { type GatedPool, gatedPool } from "./gated-pool.ts";

export interface Given extends AsyncDisposable {
  readonly setting: Setting;
  /** On the pool of what is under test; the store has its own way to the database. */
  readonly gated: GatedPool;
  readonly prisma: Database["prisma"];
  /** What was committed and not yet taken, as the store hands it to the announcer. */
  takeAnnouncements(): readonly Announcement[];
  /** Begins an append to the conversation that has recorded its event and waits to be told to commit: nobody sees it yet. */
  slowly<Result>(conversation: Hash, append: () => Promise<Result>): Promise<{ commit(): Promise<Result> }>;
  /** Rows of the database, as they are. */
  rows<Row extends object>(sql: string, ...values: readonly unknown[]): Promise<readonly Row[]>;
}

export async function given(): Promise<Given> {
  const database = await createTestDatabase({ poolSize: 6 });
  let committed: Announcement[] = [];
  const setting = postgresSetting(database.pool, {
    onCommitted: (appended) => {
      for (const { conversation, entries, isShared } of appended) {
        for (const { event, body } of entries) {
          const { action, model, value, actor } = event.proposal;
          committed.push({
            ...announcementOf(conversation, { ...event, action, model, value, actor, body }),
            mayBeOwed: isShared,
          });
        }
      }
    },
  });
  return {
    setting,
    prisma: database.prisma,
    gated: gatedPool(database.pool),
    takeAnnouncements: () => {
      const taken = committed;
      committed = [];
      return taken;
    },
    slowly: async (conversation, append) => {
      // Whoever commits an event of the conversation waits for a lock that is ours.
      await database.pool.query(`
        CREATE OR REPLACE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN PERFORM pg_advisory_xact_lock_shared(hashtext(NEW.conversation_id)); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER wait_at_commit AFTER INSERT ON event
          DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait_at_commit()`);
      const holder = await database.pool.connect();
      await holder.query("SELECT pg_advisory_lock(hashtext($1))", [conversation]);
      const appending = append();
      const waiters = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
      await expect.poll(async () => (await holder.query(waiters)).rowCount, { interval: 1 }).toBe(1);
      return {
        commit: async () => {
          await holder.query("SELECT pg_advisory_unlock(hashtext($1))", [conversation]);
          const appended = await appending;
          await holder.query("DROP TRIGGER wait_at_commit ON event");
          holder.release();
          return appended;
        },
      };
    },
    rows: async (sql, ...values) => (await database.pool.query(sql, [...values])).rows,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

/** Says something, and tells its place. */
export async function say(setting: Setting, conversation: Hash, who: Somebody, text?: string): Promise<number> {
  const [entry] = entriesOf(await setting.says(conversation, who, text));
  return entry?.event.seq ?? 0;
}

/** Removes somebody, and tells the place of the event that says so. */
export async function remove(setting: Setting, conversation: Hash, by: Somebody, whom: Somebody): Promise<number> {
  const item = await setting.participant(conversation, whom);
  const { event } = await setting.does(conversation, by, { action: "remove", model: "participant", item });
  return event.seq;
}

/** Adds somebody, and tells the place of the event that says so. */
export async function add(setting: Setting, conversation: Hash, by: Somebody, whom: Somebody): Promise<number> {
  const { event } = await setting.does(conversation, by, {
    action: "add",
    model: "participant",
    value: taking("WRITER"),
    body: { address: whom.address, name: null },
  });
  return event.seq;
}
