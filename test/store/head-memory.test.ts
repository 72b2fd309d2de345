// What a process remembers of conversations spares reading, and never decides anything that is not so any more.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ConversationStore } from "../../src/store/conversation-store.ts";
import { postgresStore } from "../../src/store/postgres-store.ts";
import { abroad, home } from "../conversation/given.ts";
import { beforeStatements } from "../support/before-statements.ts";
import { labels, says } from "../support/commands.ts";
import { createTestDatabase } from "../support/database.ts";
import { Elsewhere } from "../support/elsewhere.ts";
import { postgresSetting } from "../support/postgres-setting.ts";
import { entriesOf, rejectionOf, type Setting, type Somebody } from "../support/setting.ts";

let database: Awaited<ReturnType<typeof createTestDatabase>>;
/** Statements that were sent, by their names. */
const sent: string[] = [];
let count = 0;
let setting: Setting;
/** The store of another process on the same database. */
let elsewhere: ConversationStore;
let alice: Somebody;
let bob: Somebody;
let conversation: string;

beforeAll(async () => {
  database = await createTestDatabase({ poolSize: 4 });
  beforeStatements(database.pool, (name) => {
    sent.push(name);
    return null;
  });
});
afterAll(() => database[Symbol.asyncDispose]());

beforeEach(async () => {
  count++;
  setting = postgresSetting(database.pool);
  const { signer, now, salt, onCommitted } = setting.circumstances;
  elsewhere = postgresStore({ pool: database.pool, signer, now, salt, onCommitted });
  [alice, bob] = await setting.persons(`alice.${count}`, `bob.${count}`);
  conversation = await setting.published(alice, [[bob, "WRITER"]]);
  for (const who of [alice, bob]) entriesOf(await setting.says(conversation, who));
});

test("what people say in turn is written without reading, once each has said something", async () => {
  sent.length = 0;
  for (const who of [alice, bob, bob, alice]) entriesOf(await setting.says(conversation, who));
  expect(sent).toEqual(Array.from({ length: 4 }, () => "write_new_messages"));
  expect((await setting.followed(conversation)).conversation?.seq).toBe(8);
});

test("of many people, those who said something last are remembered", async () => {
  const people = await setting.persons(...Array.from({ length: 17 }, (_, index) => `one.of.many.${index}.${count}`));
  const crowded = await setting.published(
    alice,
    people.map((who) => [who, "WRITER"]),
  );
  for (const who of people) entriesOf(await setting.says(crowded, who));
  const [first, ...others] = people;
  if (!first) throw new Error("nobody is there");
  sent.length = 0;
  for (const who of others) entriesOf(await setting.says(crowded, who));
  expect(sent).toEqual(others.map(() => "write_new_messages"));
  entriesOf(await setting.says(crowded, first));
  expect(sent).toContain("load_heads");
});

test("what takes more than who does it is read", async () => {
  await setting.does(conversation, alice, labels("urgent"));
  for (const who of [alice, bob]) entriesOf(await setting.says(conversation, who));
  expect(rejectionOf(await setting.asks(conversation, bob, labels("urgent"))).code).toBe("LABEL_EXISTS");
});

test("what another process appended meanwhile is built on", async () => {
  const { accountId } = alice;
  const command = { action: "modify", model: "subject", body: { subject: "Lunch" } } as const;
  entriesOf(await elsewhere.append({ conversation, accountId, command }));
  const [entry] = entriesOf(await setting.says(conversation, bob));
  expect(entry?.event.seq).toBe(6);
  await setting.followed(conversation);
});

test("whoever was removed by another process is refused", async () => {
  const item = await setting.participant(conversation, bob);
  const command = { action: "remove", model: "participant", item } as const;
  entriesOf(await elsewhere.append({ conversation, accountId: alice.accountId, command }));
  expect(rejectionOf(await setting.says(conversation, bob)).code).toBe("NOT_PARTICIPANT");
});

test("whoever was removed by another process is forgotten, also where only somebody else is read", async () => {
  const item = await setting.participant(conversation, bob);
  const command = { action: "remove", model: "participant", item } as const;
  entriesOf(await elsewhere.append({ conversation, accountId: alice.accountId, command }));
  await setting.does(conversation, alice, labels("urgent"));
  expect(rejectionOf(await setting.says(conversation, bob)).code).toBe("NOT_PARTICIPANT");
});

test("whoever was removed and added anew here says it as who they are now", async () => {
  const item = await setting.participant(conversation, bob);
  await setting.does(conversation, alice, { action: "remove", model: "participant", item });
  const value = { role: "WRITER", via: home, mail: false, imported: false } as const;
  const body = { address: bob.address, name: null };
  const again = await setting.does(conversation, alice, { action: "add", model: "participant", value, body });
  const [entry] = entriesOf(await setting.says(conversation, bob));
  expect(entry?.event.proposal.actor).toBe(again.id);
});

test("what is not possible any more as far as is remembered is looked at again before it is refused", async () => {
  const expiresAt = "2026-11-21T10:00:00.000Z";
  await setting.does(conversation, alice, { action: "modify", model: "expiry", value: { expiresAt } });
  entriesOf(await setting.says(conversation, bob));
  const command = { action: "modify", model: "expiry", value: null } as const;
  entriesOf(await elsewhere.append({ conversation, accountId: alice.accountId, command }));
  setting.circumstances.time = "2026-11-21T11:00:00.000Z";
  entriesOf(await setting.says(conversation, bob));
  await setting.followed(conversation);
});

test("a conversation that was frozen meanwhile is frozen, though no event says so", async () => {
  await database.pool.query("UPDATE conversation SET frozen_at = now() WHERE id = $1", [conversation]);
  expect(rejectionOf(await setting.says(conversation, bob)).code).toBe("FROZEN");
});

test("a log that was put back to an earlier state is not written to as if it were the one remembered", async () => {
  // As after a restore: another event stands at the place that is remembered.
  await database.pool.query("UPDATE conversation SET head = $2 WHERE id = $1", [conversation, "A".repeat(43)]);
  const [entry] = entriesOf(await setting.says(conversation, bob));
  expect(entry?.event.parent).toBe("A".repeat(43));
});

test("nor are people who acted in another log of the same length", async () => {
  // As above; and in the log as it is, bob was removed.
  await database.pool.query("UPDATE conversation SET head = $2 WHERE id = $1", [conversation, "A".repeat(43)]);
  const item = await setting.participant(conversation, bob);
  await database.pool.query("UPDATE participant SET status = 'REMOVED' WHERE conversation_id = $1 AND id = $2", [
    conversation,
    item,
  ]);
  await setting.does(conversation, alice, labels("urgent"));
  expect(rejectionOf(await setting.says(conversation, bob)).code).toBe("NOT_PARTICIPANT");
});

describe("what another platform sequenced", () => {
  let abroadSide: Elsewhere;
  let eve: Somebody;
  let led: string;

  /** What eve says there, as it comes here. */
  const said = async () => {
    const { event } = await abroadSide.does(led, eve, says("one more"));
    return abroadSide.log(led, event.seq - 1);
  };

  beforeEach(async () => {
    eve = await setting.person(`eve.${count}`, abroad);
    abroadSide = new Elsewhere(setting);
    led = await abroadSide.published(alice, [[eve, "WRITER"]]);
    await abroadSide.followed(led);
    await abroadSide.followed(led, await said());
  });

  test("is written without reading the conversation, once each has said something", async () => {
    sent.length = 0;
    for (let index = 0; index < 3; index++) await abroadSide.followed(led, await said());
    // Whether the log has it already is asked each time.
    expect(sent).toEqual(Array.from({ length: 3 }, () => ["find_proposals", "write_new_messages"]).flat());
  });

  test("and another process took in meanwhile is built on", async () => {
    const meanwhile = await said();
    await elsewhere.follow({ conversation: led, run: meanwhile, people: setting.people });
    expect(await abroadSide.followed(led, await said())).toMatchObject({ stopped: null, head: { seq: 5 } });
    expect(await abroadSide.followed(led, meanwhile)).toMatchObject({ stopped: null, entries: [] });
  });
});
