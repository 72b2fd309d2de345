// Conversations of people on several platforms: the same log everywhere, in all directions.
import { afterAll, beforeAll, expect, test } from "vitest";
import { postgresPeerStore } from "../../src/store/postgres-peer-store.ts";
import { done } from "../graphql/given.ts";
import { logIn, untilLogsEqual } from "../support/equal-logs.ts";
import { type Platforms, type Someone, startPlatforms } from "../support/platforms.ts";

const opened = new AsyncDisposableStack();
let platforms: Platforms;
let alice: Someone;
let bob: Someone;
let carol: Someone;

const [a, b, c] = ["a.localhost", "b.localhost", "c.localhost"];

beforeAll(async () => {
  platforms = opened.use(await startPlatforms(a, b, c));
  alice = await platforms.someone("alice", a);
  bob = await platforms.someone("bob", b);
  carol = await platforms.someone("carol", c);
});
afterAll(() => opened.disposeAsync());

const poolOf = (name: string) => platforms.on(name).core.database.pool;
const untilEqual = (conversation: string, ...names: readonly string[]) =>
  untilLogsEqual(conversation, ...names.map(poolOf));

const logOn = (name: string, conversation: string) => logIn(poolOf(name), conversation);

/** Begins a conversation of alice's with the others. */
async function begun(...others: readonly Someone[]) {
  const { conversation } = await done(
    alice.parley.conversationCreate({
      subject: "Across",
      participants: others.map(({ address }) => ({ address })),
      messages: [{ body: "Hello over there!" }],
      publish: true,
    }),
  );
  return conversation.hash ?? expect.fail("it was not published");
}

test("a batch over many conversations is not a transaction for each", async () => {
  const conversations: string[] = [];
  for (let index = 0; index < 20; index++) conversations.push(await begun(bob));
  for (const conversation of conversations) await untilEqual(conversation, a, b);
  await platforms.stop(b);
  for (const conversation of conversations) await done(alice.parley.messageAdd({ conversation, body: "Missed it?" }));
  await platforms.start(b);
  for (const conversation of conversations) await untilEqual(conversation, a, b);
  const { rows } = await poolOf(b).query<{ transactions: number }>(
    `SELECT count(DISTINCT xmin::text)::int AS transactions FROM event
    WHERE conversation_id = ANY($1::text[]) AND body->>'text' = 'Missed it?'`,
    [conversations],
  );
  expect(rows[0]?.transactions).toBeLessThan(conversations.length);
});

test("somebody added on another platform sees the whole conversation, and answers", async () => {
  const conversation = await begun(bob);
  await untilEqual(conversation, a, b);
  const seen = await bob.parley.conversation({ hash: conversation });
  expect(seen).toMatchObject({ subject: "Across", leader: a });
  const answered = await done(bob.parley.messageAdd({ conversation, body: "Hello from b." }));
  expect(answered).toMatchObject({
    pending: false,
    event: { seq: 5 },
    item: { body: "Hello from b.", pending: false },
  });
  const log = await untilEqual(conversation, a, b);
  expect(log.map(({ model, action, platform }) => `${action} ${model} ${platform}`)).toEqual([
    "publish conversation a.localhost",
    "modify subject a.localhost",
    "add message a.localhost",
    "add participant a.localhost",
    "add message b.localhost",
  ]);
});

test("everything is done in all directions, and followers of followers see it, too", async () => {
  const conversation = await begun(bob);
  await untilEqual(conversation, a, b);
  // Bob, on a follower, brings in carol, on a third.
  await done(bob.parley.participantAdd({ conversation, address: carol.address }));
  await untilEqual(conversation, a, b, c);
  const said = await done(carol.parley.messageAdd({ conversation, body: "And from c." }));
  const message = said.item?.hash ?? expect.fail("nothing was said");
  await untilEqual(conversation, a, b, c);
  await done(bob.parley.messageLock({ conversation, message }));
  const locked = await carol.parley.messageModify({ conversation, message, body: "x" });
  expect(locked).toMatchObject({ code: "LOCKED" });
  await done(bob.parley.messageModify({ conversation, message, body: "And from c, says bob." }));
  await done(carol.parley.subjectModify({ conversation, subject: "Across three" }));
  await done(bob.parley.labelAdd({ conversation, name: "work" }));
  const participant = (await untilEqual(conversation, a, b, c)).find(
    ({ body }) => body && "address" in body && body.address === carol.address,
  )?.id;
  await done(alice.parley.participantModify({ conversation, participant: participant ?? "", role: "READER" }));
  await untilEqual(conversation, a, b, c);
  expect(await carol.parley.messageAdd({ conversation, body: "May I?" })).toMatchObject({ code: "FORBIDDEN" });
  await done(alice.parley.messageRemove({ conversation, message }));
  await done(alice.parley.participantRemove({ conversation, participant: participant ?? "" }));
  await untilEqual(conversation, a, b, c);
  await done(alice.parley.messageAdd({ conversation, body: "Not for c." }));
  await untilEqual(conversation, a, b);
  expect(await logIn(poolOf(c), conversation)).toHaveLength((await logIn(poolOf(a), conversation)).length - 1);
  for (const { parley } of [alice, bob]) {
    const shown = await parley.conversation({ hash: conversation });
    expect(shown).toMatchObject({ subject: "Across three" });
  }
});

test("who is added to a long conversation gets all of it, from the first event on", async () => {
  const { conversation: begun } = await done(alice.parley.conversationCreate({ subject: "Long", publish: true }));
  const conversation = begun.hash ?? "";
  for (let index = 0; index < 130; index++) {
    await done(alice.parley.messageAdd({ conversation, body: `${index} ${"word ".repeat(20)}` }));
  }
  await done(alice.parley.participantAdd({ conversation, address: bob.address }));
  expect(await untilEqual(conversation, a, b)).toHaveLength(133);
});

test("a stranger's conversation comes to REQUESTS, that of somebody whom one knows to INBOX", async () => {
  const dora = await platforms.someone("dora", b);
  const folderOf = async (who: Someone, conversation: string) => {
    const { rows } = await platforms
      .on(b)
      .core.database.pool.query<{ folder: string }>(
        "SELECT folder FROM participation WHERE conversation_id = $1 AND account_id = $2",
        [conversation, who.accountId],
      );
    return rows[0]?.folder;
  };
  const first = await begun(dora);
  await untilEqual(first, a, b);
  expect(await folderOf(dora, first)).toBe("REQUESTS");
  await done(dora.parley.participationUpdate({ conversation: first, folder: "INBOX" }));
  const second = await begun(dora);
  await untilEqual(second, a, b);
  expect(await folderOf(dora, second)).toBe("INBOX");
});

test("how far somebody has read is told to the other platforms", async () => {
  const conversation = await begun(bob);
  await untilEqual(conversation, a, b);
  await done(bob.parley.conversationRead({ conversation, upTo: 3 }));
  const readUpTo = async () => {
    const shown = await alice.parley.participants({ conversation: conversation, first: 10 });
    return shown?.participants.edges.find(({ node }) => node.address === bob.address)?.node.readUpTo;
  };
  await expect.poll(readUpTo, { timeout: 10_000 }).toBe(3);
});

test("an address that its platform does not know is refused there, and the sender sees that", async () => {
  const { conversation: made } = await done(
    alice.parley.conversationCreate({ participants: [{ address: "nobody@b.localhost" }], publish: true }),
  );
  const conversation = made.hash ?? "";
  const document = `query Ask($hash: Hash) { conversation(hash: $hash) { lastEvent { deliveries { destination status refusal } } } }`;
  const delivered = async () => JSON.stringify(await alice.parley.request(document, { hash: conversation }));
  await expect
    .poll(delivered, { timeout: 10_000 })
    .toContain('{"destination":"b.localhost","status":"REFUSED","refusal":"RECIPIENT_UNKNOWN"}');
  expect(await logOn(b, conversation)).toEqual([]);
});

test("an address that a platform of the conversation does not know is refused to who adds it, wherever they are", async () => {
  const conversation = await begun(bob, carol);
  await untilEqual(conversation, a, b, c);
  const address = "nobody@b.localhost";
  for (const { parley } of [alice, bob, carol])
    expect(await parley.participantAdd({ conversation, address })).toMatchObject({ code: "RECIPIENT_UNKNOWN" });
  const gina = await platforms.someone("gina", b);
  await done(carol.parley.participantAdd({ conversation, address: gina.address }));
  await untilEqual(conversation, a, b, c);
  // Who cannot be asked keeps nobody from being added.
  await platforms.stop(b);
  await done(alice.parley.participantAdd({ conversation, address }));
  await platforms.start(b);
  await untilEqual(conversation, a, b, c);
});

test("somebody of a domain that no platform serves takes part by mail, also where another platform leads", async () => {
  const conversation = await begun(bob);
  await untilEqual(conversation, a, b);
  await done(bob.parley.participantAdd({ conversation, address: "somebody@nowhere.example" }));
  const log = await untilEqual(conversation, a, b);
  expect(log.at(-1)?.value).toMatchObject({ via: "b.localhost", mail: true });
});

test("the lead goes where an ADMIN takes it, and people talk on in all directions", async () => {
  const conversation = await begun(bob, carol);
  const log = await untilEqual(conversation, a, b, c);
  const participant = log.find(({ body }) => body && "address" in body && body.address === bob.address)?.id ?? "";
  expect(await bob.parley.leaderModify({ conversation })).toMatchObject({ code: "FORBIDDEN" });
  await done(alice.parley.participantModify({ conversation, participant, role: "ADMIN" }));
  await untilEqual(conversation, a, b, c);
  await done(bob.parley.leaderModify({ conversation }));
  await untilEqual(conversation, a, b, c);
  for (const { parley } of [alice, bob, carol]) {
    await done(parley.messageAdd({ conversation, body: "Under another lead" }));
  }
  const after = await untilEqual(conversation, a, b, c);
  expect(after.slice(-3).map(({ leader, platform }) => [leader, platform])).toEqual([
    [b, a],
    [b, b],
    [b, c],
  ]);
});

test("who leaves with what they said takes it from every platform", async () => {
  const conversation = await begun(bob, carol);
  await untilEqual(conversation, a, b, c);
  await done(bob.parley.messageAdd({ conversation, body: "I never said this." }));
  await untilEqual(conversation, a, b, c);
  await done(bob.parley.conversationLeave({ conversation, erase: true }));
  for (const platform of [a, b, c]) {
    await expect
      .poll(async () => JSON.stringify(await logOn(platform, conversation)), { timeout: 10_000 })
      .not.toMatch(/never said this|bob@b\.localhost/);
  }
  await untilEqual(conversation, a, b, c);
});

test("what is owed to a platform that was down for longer than is tried is sent when it is there again", async () => {
  const conversation = await begun(bob, carol);
  await untilEqual(conversation, a, b, c);
  await platforms.stop(a);
  const { core } = await platforms.start(a, { retry: (failures) => (failures < 3 ? 0 : null) });
  await platforms.stop(b);
  await done(alice.parley.messageAdd({ conversation, body: "Is anybody there?" }));
  const failures = () => postgresPeerStore(core.database.pool, a).failures(b);
  await expect.poll(failures, { timeout: 20_000 }).toBe(3);
  // Nobody asks any more, whatever comes on top.
  await done(alice.parley.messageAdd({ conversation, body: "Nobody?" }));
  await untilEqual(conversation, a, c);
  const jobs = "SELECT FROM graphile_worker.jobs WHERE key = $1";
  await expect
    .poll(async () => (await core.database.pool.query(jobs, [`deliver:${b}`])).rowCount, { timeout: 20_000 })
    .toBe(0);
  expect(await failures()).toBe(3);

  await platforms.start(b);
  await untilEqual(conversation, a, b, c);
});

test("who is owed something after the last try is sent it when it answers a greeting", async () => {
  const conversation = await begun(bob);
  await untilEqual(conversation, a, b);
  await platforms.stop(a);
  const { core } = await platforms.start(a, { retry: (failures) => (failures === 0 ? 0 : null) });
  await platforms.stop(b);
  await done(alice.parley.messageAdd({ conversation, body: "Is anybody there?" }));
  const failures = () => postgresPeerStore(core.database.pool, a).failures(b);
  await expect.poll(failures, { timeout: 20_000 }).toBe(1);
  // Without a worker it greets nobody itself, as where only the network between the two was down.
  await platforms.start(b, { worker: false });
  expect(await logIn(poolOf(b), conversation)).toHaveLength(4);
  await core.federation.greet();
  await untilEqual(conversation, a, b);
});

test("who comes back while the leader is down hears from another follower what it missed, though nobody speaks", async () => {
  const conversation = await begun(bob, carol);
  await untilEqual(conversation, a, b, c);
  await platforms.stop(b);
  await done(alice.parley.messageAdd({ conversation, body: "Before I go." }));
  const said = await untilEqual(conversation, a, c);
  await platforms.stop(a);
  await platforms.start(b);
  expect(await untilEqual(conversation, b, c)).toHaveLength(said.length);
  await platforms.start(a);
});
