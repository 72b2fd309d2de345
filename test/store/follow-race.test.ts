// Two processes take in the same events: each finds what the other was quicker with, and no fault in it.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Command } from "../../src/conversation/accept.ts";
import { createIngest } from "../../src/federation/ingest.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import { postgresPeerStore } from "../../src/store/postgres-peer-store.ts";
import { postgresStore } from "../../src/store/postgres-store.ts";
import { abroad, home } from "../conversation/given.ts";
import { beforeStatements } from "../support/before-statements.ts";
import { attaches, labels, modifies, removes, says } from "../support/commands.ts";
import { createTestDatabase } from "../support/database.ts";
import { Elsewhere } from "../support/elsewhere.ts";
import { postgresSetting } from "../support/postgres-setting.ts";

let database: Awaited<ReturnType<typeof createTestDatabase>>;
/** Done once, just before the statement of this name is sent. */
let before: { readonly name: string; readonly work: () => Promise<unknown> } | null = null;

beforeAll(async () => {
  database = await createTestDatabase({ poolSize: 4 });
  beforeStatements(database.pool, (name) => {
    const due = before?.name === name ? before.work : null;
    if (due === null) return null;
    before = null;
    return due();
  });
});
afterAll(() => database[Symbol.asyncDispose]());

const commands: readonly (readonly [string, string, (message: Hash, eve: Hash) => Command])[] = [
  ["a message is changed", "load_message", (message) => modifies(message, "two")],
  ["a message is removed", "load_message", (message) => removes("message", message)],
  ["a label is added", "load_labels", () => labels("urgent")],
  ["something is attached", "load_attachments", (message) => attaches(message, "plan")],
  ["somebody leaves", "load_participant", (_, eve) => removes("participant", eve)],
];

test.each(commands)(
  "while one has read the head and not the rest, another takes it in: %s",
  async (title, name, commandOf) => {
    const setting = postgresSetting(database.pool);
    const { signer, now, salt, onCommitted } = setting.circumstances;
    const { pool } = database;
    const other = postgresStore({ pool, signer, now, salt, onCommitted });
    // A conversation of its own: the salts are the same each time.
    const alice = await setting.person(`alice.${title.replaceAll(" ", ".")}`);
    const eve = await setting.person("eve", abroad);
    const elsewhere = new Elsewhere(setting);
    const conversation = await elsewhere.published(alice, [[eve, "ADMIN"]]);
    const { id: message } = await elsewhere.does(conversation, eve, says("one"));
    await elsewhere.followed(conversation);
    const [, added] = await elsewhere.store.entriesAfter(conversation, 0, 2);
    await elsewhere.does(conversation, eve, commandOf(message, added?.id ?? ""));
    const run = await elsewhere.log(conversation, 3);
    const peers = postgresPeerStore(pool, home);
    const people = async () => setting.people;
    const keyOf = async () => "valid" as const;
    const ingest = createIngest({ platform: home, store: setting.store, peers, keys: { keyOf }, people });
    before = { name, work: () => other.follow({ conversation, run, people: setting.people }) };
    expect(await ingest(conversation, run)).toMatchObject({ seq: 4, entries: [], ended: null });
    expect(before).toBeNull();
    expect(await peers.head(conversation)).toMatchObject({ seq: 4, isFrozen: false });
  },
);
