// What announcing and reading leave in a participation: hints that may say too much, never too little.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Hash } from "../../src/protocol/hash.ts";
import { raiseInInbox, type Said } from "../../src/store/inbox-order.ts";
import { everywhere, type ListFilter } from "../../src/store/read/conversation-list.ts";
import { createReader } from "../../src/store/read/reader.ts";
import { moveReceipt } from "../../src/store/receipts.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { postgresSetting } from "../support/postgres-setting.ts";
import { entriesOf, type Setting, type Somebody } from "../support/setting.ts";

let database: TestDatabase;
let setting: Setting;
let alice: Somebody;
let bob: Somebody;
let carol: Somebody;
beforeAll(async () => {
  database = await createTestDatabase();
  setting = postgresSetting(database.pool);
  [alice, bob, carol] = await setting.persons("alice", "bob", "carol");
});
afterAll(() => database[Symbol.asyncDispose]());

const newConversation = () =>
  setting.published(alice, [
    [bob, "WRITER"],
    [carol, "WRITER"],
  ]);

/** Says something, as announcing is told of it. */
const says = async (conversation: Hash, who: Somebody): Promise<Said> => {
  const [entry] = entriesOf(await setting.says(conversation, who));
  const { seq, timestamp, proposal } = entry?.event ?? expect.fail("nothing was said");
  return { conversation, seq, timestamp, author: proposal.actor ?? "" };
};

const raise = (...words: readonly Said[]) => raiseInInbox(database.pool, words);

/** Conversations with something unread, counted one by one. */
const unreadOf = async ({ accountId }: Somebody) => {
  const reader = createReader(database.pool);
  const all = await database.prisma.participation.findMany({ where: { accountId } });
  const counts = all.map(async ({ conversationId }) => {
    const view = await reader.view(accountId, conversationId);
    return view ? reader.unread(view, accountId) : 0;
  });
  return (await Promise.all(counts)).filter((unread) => unread > 0).length;
};

const rowOf = async (conversation: Hash, { accountId }: Somebody) => {
  const where = { conversationId_accountId: { conversationId: conversation, accountId } };
  return database.prisma.participation.findUniqueOrThrow({ where });
};

describe("words that are announced", () => {
  test("are the latest by others for each, and one's own are noted, whatever comes together and in which order", async () => {
    const conversation = await newConversation();
    const words = [
      await says(conversation, bob),
      await says(conversation, carol),
      await says(conversation, alice),
      await says(conversation, alice),
    ];
    expect(words.map(({ seq }) => seq)).toEqual([4, 5, 6, 7]);
    await raise(...words.toReversed());
    expect(await rowOf(conversation, alice)).toMatchObject({ wordsSeq: 5, hasSaid: true });
    expect(await rowOf(conversation, bob)).toMatchObject({ wordsSeq: 7, hasSaid: true });
    expect(await rowOf(conversation, carol)).toMatchObject({ wordsSeq: 7, hasSaid: true });
    const again = [await rowOf(conversation, alice), await rowOf(conversation, bob)];
    for (const one of words) await raise(one);
    expect([await rowOf(conversation, alice), await rowOf(conversation, bob)]).toEqual(again);
  });

  test("tell whose list they were brought back to, once", async () => {
    const conversation = await newConversation();
    await database.prisma.participation.updateMany({
      where: { conversationId: conversation, accountId: { in: [bob.accountId, carol.accountId] } },
      data: { folder: "ARCHIVE", filedSeq: 4 },
    });
    await database.prisma.participation.updateMany({
      where: { conversationId: conversation, accountId: carol.accountId },
      data: { isMuted: true },
    });
    const before = await says(conversation, alice);
    const after = await says(conversation, alice);
    expect(await raise(before)).toEqual([]);
    expect(await raise(before, after)).toEqual([{ conversation, accountId: bob.accountId }]);
    expect(await raise(before, after)).toEqual([]);
    expect(await rowOf(conversation, bob)).toMatchObject({ folder: "INBOX" });
    expect(await rowOf(conversation, carol)).toMatchObject({ folder: "ARCHIVE" });
  });

  test("nobody is told of who has left meanwhile", async () => {
    const conversation = await newConversation();
    const words = await says(conversation, alice);
    const item = await setting.participant(conversation, bob);
    await setting.does(conversation, bob, { action: "remove", model: "participant", item });
    await raise(words);
    expect(await rowOf(conversation, bob)).toMatchObject({ wordsSeq: 0 });
    expect(await rowOf(conversation, carol)).toMatchObject({ wordsSeq: words.seq });
  });
});

describe("what may be unread", () => {
  const reads = (conversation: Hash, who: Somebody, seq: number) =>
    moveReceipt(database.pool, conversation, who.accountId, seq);

  test("is no more once all that was announced is read, and is again with new words", async () => {
    const conversation = await newConversation();
    const { seq, ...words } = await says(conversation, alice);
    await raise({ ...words, seq });
    await reads(conversation, bob, seq - 1);
    expect(await rowOf(conversation, bob)).toMatchObject({ mayBeUnread: true });
    await reads(conversation, bob, seq);
    expect(await rowOf(conversation, bob)).toMatchObject({ mayBeUnread: false });
    await raise(await says(conversation, bob));
    expect(await rowOf(conversation, bob)).toMatchObject({ mayBeUnread: false });
    await raise(await says(conversation, alice));
    expect(await rowOf(conversation, bob)).toMatchObject({ mayBeUnread: true });
  });

  test("is not what was read before it was announced", async () => {
    const conversation = await newConversation();
    const words = await says(conversation, alice);
    await reads(conversation, bob, words.seq);
    await raise(words);
    expect(await rowOf(conversation, bob)).toMatchObject({ mayBeUnread: false, wordsSeq: words.seq });
  });

  test("is found, as what one said oneself is, also before it is announced", async () => {
    const conversation = await newConversation();
    const { seq } = await says(conversation, alice);
    const page = { limit: 50, isBackward: false, after: null, before: null };
    const listed = async (who: Somebody, filter: Partial<ListFilter>) => {
      const rows = await createReader(database.pool).listRows(who.accountId, { ...everywhere, ...filter }, page);
      return rows.filter(({ id }) => id === conversation).length;
    };
    await reads(conversation, bob, seq);
    await reads(conversation, carol, seq);
    // As if it had been announced: what they read is in another lane.
    await database.pool.query("UPDATE participation SET may_be_unread = false WHERE conversation_id = $1", [
      conversation,
    ]);
    expect(await listed(bob, { isUnread: true })).toBe(0);
    expect(await listed(bob, { hasSaid: true })).toBe(0);
    await says(conversation, carol);
    expect(await rowOf(conversation, bob)).toMatchObject({ mayBeUnread: false });
    expect(await listed(bob, { isUnread: true })).toBe(1);
    expect(await listed(bob, { isUnread: false })).toBe(0);
    expect(await listed(carol, { hasSaid: true })).toBe(1);
    expect(await listed(carol, { isUnread: true })).toBe(0);
    expect(await listed(alice, { isUnread: true, hasSaid: true })).toBe(1);
    const counts = await createReader(database.pool).folderCounts(bob.accountId);
    expect(counts.find(({ folder }) => folder === "INBOX")?.unread).toBe(await unreadOf(bob));
  });

  test("stays so when new words are announced while an older place is being read", async () => {
    const conversation = await newConversation();
    const words = await says(conversation, alice);
    await reads(conversation, carol, words.seq);
    const client = await database.pool.connect();
    await client.query("BEGIN");
    await client.query("SELECT FROM participation WHERE conversation_id = $1 FOR UPDATE", [conversation]);
    // Both wait for the row, and decide on what they find then.
    const reading = reads(conversation, bob, words.seq);
    const announcing = says(conversation, alice).then((later) => raise(words, later));
    const waiters = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    await expect.poll(async () => (await database.pool.query(waiters)).rowCount, { interval: 1 }).toBe(2);
    await client.query("COMMIT");
    client.release();
    await Promise.all([reading, announcing]);
    expect(await rowOf(conversation, bob)).toMatchObject({ mayBeUnread: true });
  });
});
