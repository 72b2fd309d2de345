// What the tests of announcing are given: a store on a database of their own whose pool can be held up, and people who talk.
import { announcementOf, type Announcement } from "../../src/announce/announce.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import { createTestDatabase } from "../support/database.ts";
import { postgresSetting } from "../support/postgres-setting.ts";
import { entriesOf, type Setting, type Somebody } from "../support/setting.ts";
import { type GatedPool, gatedPool } from "./gated-pool.ts";

export interface Given extends AsyncDisposable {
  readonly setting: Setting;
  /** On the pool of what is under test; the store has its own way to the database. */
  readonly gated: GatedPool;
  /** What was committed and not yet taken, as the store hands it to the announcer. */
  takeAnnouncements(): readonly Announcement[];
  /** Rows of the database, as they are. */
  rows<Row extends object>(sql: string, ...values: readonly unknown[]): Promise<readonly Row[]>;
}

export async function given(): Promise<Given> {
  const database = await createTestDatabase({ poolSize: 6 });
  let committed: Announcement[] = [];
  const setting = postgresSetting(database.pool, {
    onCommitted: (appended) => {
      for (const { conversation, entries } of appended) {
        for (const { event } of entries) {
          const { action, model, value } = event.proposal;
          committed.push(announcementOf(conversation, { ...event, action, model, value }));
        }
      }
    },
  });
  return {
    setting,
    gated: gatedPool(database.pool),
    takeAnnouncements: () => {
      const taken = committed;
      committed = [];
      return taken;
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
    value: { role: "WRITER" },
    body: { address: whom.address, name: null },
  });
  return event.seq;
}
