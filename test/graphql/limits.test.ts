// The limits, which count what is not removed.
import { expect, test } from "vitest";
import { limits } from "../../src/conversation/limits.ts";
import { conversationOf, done, givenPlatform, headOf, present, verdictOf } from "./given.ts";

const given = givenPlatform();

test("a message has 256 KiB at most, whatever its characters", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const fits = "ä".repeat(limits.messageBytes / 2);
  expect(await verdictOf(alice.parley.messageAdd({ conversation, body: `${fits}x` }))).toBe("INVALID_BODY");
  const { item } = await done(alice.parley.messageAdd({ conversation, body: fits }));
  expect(item?.body).toBe(fits);
  const message = present(item?.hash);
  expect(await verdictOf(alice.parley.messageModify({ conversation, message, body: `${fits}x` }))).toBe("INVALID_BODY");
});

test("a subject has 200 characters at most, counted as people count", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const fits = "🥪".repeat(limits.subjectCharacters);
  expect(await verdictOf(alice.parley.subjectModify({ conversation, subject: fits }))).toBe("done");
  expect(await verdictOf(alice.parley.subjectModify({ conversation, subject: `${fits}x` }))).toBe("INVALID_BODY");
  expect(await verdictOf(alice.parley.conversationCreate({ subject: `${fits}x`, publish: true }))).toBe("INVALID_BODY");
  expect((await alice.parley.conversation({ hash: conversation }))?.subject).toBe(fits);
});

test("a label has 60 characters at most", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const fits = "x".repeat(limits.labelCharacters);
  expect(await verdictOf(alice.parley.labelAdd({ conversation, name: fits }))).toBe("done");
  expect(await verdictOf(alice.parley.labelAdd({ conversation, name: `${fits}x` }))).toBe("INVALID_BODY");
});

test("a conversation has 50 labels at most; a removed one leaves its place", async () => {
  const { alice } = await given.people("alice");
  const labels = Array.from({ length: limits.labels }, (_, index) => `label ${index}`);
  const created = await done(alice.parley.conversationCreate({ labels, publish: true }));
  const conversation = present(created.conversation.hash);
  const add = () => alice.parley.labelAdd({ conversation, name: "one more" });
  expect(await verdictOf(add())).toBe("LIMIT_EXCEEDED");
  const label = present((await alice.parley.conversation({ hash: conversation }))?.labels.edges[0]?.node.hash);
  await done(alice.parley.labelRemove({ conversation, label }));
  expect(await verdictOf(add())).toBe("done");
  expect(await verdictOf(alice.parley.conversationCreate({ labels: [...labels, "one more"] }))).toBe("LIMIT_EXCEEDED");
});

test("a label that is there already is refused, whatever its case; a removed one comes again", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const { item } = await done(alice.parley.labelAdd({ conversation, name: " Food " }));
  expect(item?.name).toBe("Food");
  expect(await verdictOf(alice.parley.labelAdd({ conversation, name: "fOOD" }))).toBe("LABEL_EXISTS");
  await done(alice.parley.labelRemove({ conversation, label: present(item?.hash) }));
  expect(await verdictOf(alice.parley.labelAdd({ conversation, name: "fOOD" }))).toBe("done");
});

test("a conversation has 1,000 participants at most; who left leaves their place", async () => {
  const { alice, bob, carol } = await given.people("alice", "bob", "carol");
  const addresses = await crowd(limits.participants - 2);
  const participants = [bob.address, ...addresses].map((address) => ({ address }));
  const created = await done(alice.parley.conversationCreate({ participants, publish: true }));
  const conversation = present(created.conversation.hash);
  expect(await headOf(bob, conversation)).toBe(limits.participants);
  const add = () => alice.parley.participantAdd({ conversation, address: carol.address });
  expect(await verdictOf(add())).toBe("LIMIT_EXCEEDED");
  const page = present(await alice.parley.participants({ conversation, last: 1 }));
  const participant = present(page.participants.edges[0]?.node.hash);
  await done(alice.parley.participantRemove({ conversation, participant }));
  expect(await verdictOf(add())).toBe("done");
  const tooMany = [...participants, { address: carol.address }];
  expect(await verdictOf(alice.parley.conversationCreate({ participants: tooMany }))).toBe("LIMIT_EXCEEDED");
});

/** Addresses of so many accounts, made at once. */
async function crowd(count: number): Promise<readonly string[]> {
  const { pool } = given.platform.core.database;
  const { rows } = await pool.query<{ address: string }>(
    `WITH made AS (
      INSERT INTO recipient (address, kind, platform)
      SELECT 'crowd.' || n || '@localhost', 'LOCAL', 'localhost' FROM generate_series(1, $1::int) AS n RETURNING id, address),
    accounts AS (INSERT INTO account (recipient_id) SELECT id FROM made)
    SELECT address FROM made`,
    [count],
  );
  return rows.map(({ address }) => address);
}
