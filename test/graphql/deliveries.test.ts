// Event.deliveries to people here. Those to other platforms are seen in test/platforms and test/store.
import { expect, test } from "vitest";
import {
  addImported,
  conversationOf,
  done,
  givenPlatform,
  headOf,
  participantOf,
  type Somebody,
  said,
} from "./given.ts";

const given = givenPlatform();

interface Shown {
  readonly destination: string;
  readonly participant: { readonly address: string | null } | null;
  readonly status: string;
  readonly isRead: boolean | null;
}

/** Of the last event that they see. */
async function deliveriesOf(conversation: string, seenBy: Somebody): Promise<readonly Shown[]> {
  const document = `query ($hash: Hash) { conversation(hash: $hash) { lastEvent {
    deliveries { destination participant { address } status isRead refusal attempts { code } } } } }`;
  const answer = await seenBy.parley.request<{ conversation: { lastEvent: { deliveries: Shown[] } } }>(document, {
    hash: conversation,
  });
  return answer.conversation.lastEvent.deliveries;
}

const shown = ({ address }: Somebody, status: string, isRead: boolean) => ({
  ...{ destination: given.platform.core.config.platform, participant: { address } },
  ...{ status, isRead, refusal: null, attempts: [] },
});

test("an event goes to everybody here but to whoever did it, and stands in their lists once it was announced", async () => {
  const { alice, bob, carol } = await given.people("alice", "bob", "carol");
  const conversation = await conversationOf(alice, [
    [bob, "WRITER"],
    [carol, "READER"],
  ]);
  await said(bob, conversation);
  await expect
    .poll(() => deliveriesOf(conversation, bob))
    .toEqual([shown(alice, "DELIVERED", false), shown(carol, "DELIVERED", false)]);

  // One that is not announced yet, and that no sweep finds.
  const { pool } = given.platform.core.database;
  const place = [conversation, await headOf(bob, conversation)];
  await pool.query(
    "INSERT INTO outbox (conversation_id, seq, recorded_at) VALUES ($1, $2, now() + interval '1 day')",
    place,
  );
  expect(await deliveriesOf(conversation, bob)).toEqual([
    shown(alice, "WAITING", false),
    shown(carol, "WAITING", false),
  ]);
  await pool.query("DELETE FROM outbox WHERE conversation_id = $1 AND seq = $2", place);
});

test("it is read up to by who says so", async () => {
  const { alice, bob, carol } = await given.people("alice", "bob", "carol");
  await given.platform.core.database.prisma.account.update({
    where: { id: carol.accountId },
    data: { tellsReceipts: false },
  });
  const conversation = await conversationOf(alice, [
    [bob, "WRITER"],
    [carol, "WRITER"],
  ]);
  await said(alice, conversation);
  for (const { parley } of [bob, carol]) await done(parley.conversationRead({ conversation }));
  await expect
    .poll(() => deliveriesOf(conversation, alice))
    .toEqual([shown(bob, "DELIVERED", true), shown(carol, "DELIVERED", false)]);
  await said(alice, conversation, "And this?");
  await expect
    .poll(() => deliveriesOf(conversation, alice))
    .toEqual([shown(bob, "DELIVERED", false), shown(carol, "DELIVERED", false)]);
});

test("who was removed sees to whom it went until then, who left before gets nothing, and nobody of an archive", async () => {
  const { alice, bob, carol, dora, eve } = await given.people("alice", "bob", "carol", "dora", "eve");
  const conversation = await conversationOf(alice, [
    [bob, "WRITER"],
    [carol, "WRITER"],
  ]);
  await addImported(given.platform, alice, conversation, dora.address);
  await done(carol.parley.conversationLeave({ conversation }));
  const participant = await participantOf(bob, conversation);
  await done(bob.parley.conversationRead({ conversation }));
  await done(alice.parley.participantRemove({ conversation, participant }));
  await done(alice.parley.participantAdd({ conversation, address: eve.address }));
  // What removed him was delivered to him. How others read on he is not told.
  await expect.poll(() => deliveriesOf(conversation, bob)).toEqual([shown(bob, "DELIVERED", false)]);
  await said(alice, conversation);
  await expect.poll(() => deliveriesOf(conversation, alice)).toEqual([shown(eve, "DELIVERED", false)]);
});
