import { describe, expect, test } from "vitest";
import { conversationOf, givenPlatform } from "../../graphql/given.ts";
import { addByMail, arrives, replyAddress, sayings } from "./given-arrivals.ts";

const given = givenPlatform();

type Verdict = "aligned" | "failed" | "none";

let count = 0;

/** A conversation of alice's with bob and carol by mail, and one of hers without bob. */
async function cast() {
  const { alice } = await given.people("alice");
  // How often an address is mailed is bounded: each test has one of its own.
  const bob = `bob@b${++count}.example`;
  const conversation = await conversationOf(alice);
  const other = await conversationOf(alice);
  const people = {
    bob: await addByMail(alice, conversation, bob),
    carol: await addByMail(alice, conversation, "carol@c.example"),
    dave: await addByMail(alice, other, "dave@d.example"),
  };
  const { platform } = given;
  const tokens = {
    right: await replyAddress(platform, conversation, people.bob),
    "another's": await replyAddress(platform, conversation, people.carol),
    "of another conversation": await replyAddress(platform, other, people.dave),
    none: alice.address,
  };
  return { alice, bob, conversation, other, people, tokens };
}

/** How many mails were asked for in the conversations, by kind. */
async function asked(...conversations: readonly string[]): Promise<readonly string[]> {
  const { rows } = await given.platform.core.database.pool.query<{ kind: string }>(
    "SELECT kind FROM mail WHERE conversation_id = ANY($1::text[]) AND kind <> 'EVENTS' ORDER BY kind",
    [conversations],
  );
  return rows.map(({ kind }) => kind);
}

/** From, whose reply address, verdict: what becomes of it, as whom it is said, what is asked. */
const table: readonly (readonly [
  from: string,
  token: "right" | "another's" | "of another conversation" | "none",
  verdict: Verdict,
  outcome: string,
  asks: readonly string[],
])[] = [
  ["bob", "right", "aligned", "POSTED as bob", []],
  ["bob", "right", "failed", "HELD AUTHENTICATION_FAILED", ["CONFIRM"]],
  ["bob", "right", "none", "HELD NOT_AUTHENTICATED", ["CONFIRM"]],
  // Who takes part speaks for themselves, whatever they answered; but nobody is mailed for it.
  ["bob", "another's", "aligned", "POSTED as bob", []],
  ["bob", "another's", "failed", "KEPT OTHER_SENDER", []],
  ["bob", "another's", "none", "KEPT OTHER_SENDER", []],
  ["bob", "of another conversation", "aligned", "KEPT OTHER_SENDER", []],
  ["bob", "of another conversation", "failed", "KEPT OTHER_SENDER", []],
  ["bob", "of another conversation", "none", "KEPT OTHER_SENDER", []],
  ["bob", "none", "aligned", "NEW in INBOX", []],
  ["bob", "none", "failed", "NEW in SPAM", []],
  ["bob", "none", "none", "NEW in SPAM", []],
  ["mallory", "right", "aligned", "KEPT OTHER_SENDER", []],
  ["mallory", "right", "failed", "KEPT OTHER_SENDER", []],
  ["mallory", "right", "none", "KEPT OTHER_SENDER", []],
  ["mallory", "another's", "aligned", "KEPT OTHER_SENDER", []],
  ["mallory", "another's", "failed", "KEPT OTHER_SENDER", []],
  ["mallory", "another's", "none", "KEPT OTHER_SENDER", []],
  ["mallory", "none", "aligned", "NEW in REQUESTS", []],
  ["mallory", "none", "failed", "NEW in SPAM", []],
  ["mallory", "none", "none", "NEW in SPAM", []],
];

describe("who speaks in a mail, by its From, its reply address, and what SPF and DKIM say", () => {
  test.for(table)("from %s with a token that is %s, %s: %s", async ([from, token, verdict, outcome, asks]) => {
    const { alice, bob, conversation, other, people, tokens } = await cast();
    const mail = { from: from === "bob" ? bob : "mallory@m.example" };
    const answer = await arrives(given.platform, mail, { to: [tokens[token]], verdict });

    const said = [...(await sayings(given.platform, conversation)), ...(await sayings(given.platform, other))];
    if (outcome.startsWith("NEW")) {
      expect(answer).toMatchObject({ status: "POSTED" });
      expect([conversation, other]).not.toContain(answer.conversation_id);
      const { rows } = await given.platform.core.database.pool.query(
        "SELECT folder FROM participation WHERE conversation_id = $1 AND account_id = $2",
        [answer.conversation_id, alice.accountId],
      );
      expect(`NEW in ${rows[0]?.folder}`).toBe(outcome);
    } else if (outcome === "POSTED as bob") {
      expect(answer).toMatchObject({ status: "POSTED", conversation_id: conversation, participant: people.bob });
    } else {
      expect(`${answer.status} ${answer.reason}`).toBe(outcome);
      expect(answer.kept_for).toBe(answer.status === "KEPT" ? alice.accountId : null);
    }
    expect(said).toHaveLength(outcome === "POSTED as bob" ? 1 : 0);
    expect(said.every(({ by }) => by === bob)).toBe(true);
    expect(await asked(conversation, other)).toEqual(asks);
  });
});

test("an account here is never spoken for by mail, also where it takes part", async () => {
  const { alice, conversation, tokens } = await cast();
  for (const from of [alice.address, "nobody@localhost"]) {
    const answer = await arrives(given.platform, { from }, { to: [tokens.right] });
    expect(answer).toMatchObject({ status: "KEPT", reason: "ACCOUNT", kept_for: alice.accountId });
    expect(await arrives(given.platform, { from }, { to: [alice.address] })).toMatchObject({
      status: "REFUSED",
      reason: "ACCOUNT",
    });
  }
  expect(await sayings(given.platform, conversation)).toEqual([]);
});

test("what is held is posted once its sender confirms it, once", async () => {
  const { bob, conversation, tokens } = await cast();
  const { inbound } = given.platform.core.mail;
  const held = await arrives(given.platform, { from: bob, text: "It is me." }, { to: [tokens.right], verdict: "none" });
  const outcomes = await Promise.all([inbound.confirmInbound(held.id), inbound.confirmInbound(held.id)]);
  expect(outcomes.map((outcome) => outcome?.status)).toEqual(["POSTED", "POSTED"]);
  expect(await inbound.confirmInbound(held.id)).toMatchObject({ status: "POSTED", conversation });
  expect(await sayings(given.platform, conversation)).toEqual([{ by: bob, text: "It is me.", answers: null }]);
});

test("nothing but what is held can be confirmed", async () => {
  const { conversation, tokens } = await cast();
  const kept = await arrives(given.platform, { from: "mallory@m.example" }, { to: [tokens.right] });
  expect(await given.platform.core.mail.inbound.confirmInbound(kept.id)).toBeNull();
  expect(await given.platform.core.mail.inbound.confirmInbound("00000000-0000-4000-8000-000000000000")).toBeNull();
  expect(await sayings(given.platform, conversation)).toEqual([]);
});

test.each([
  ["somebody who was removed", "NOT_A_PARTICIPANT"],
  ["a reader", "MAY_NOT_WRITE"],
  ["who writes to an expired conversation", "EXPIRED"],
  ["who writes to a frozen conversation", "FROZEN"],
] as const)("%s is told once, and why, that nothing is posted", async (_, reason) => {
  const { alice, bob, conversation, people, tokens } = await cast();
  if (reason === "NOT_A_PARTICIPANT") await alice.parley.participantRemove({ conversation, participant: people.bob });
  if (reason === "MAY_NOT_WRITE")
    await alice.parley.participantModify({ conversation, participant: people.bob, role: "READER" });
  if (reason === "EXPIRED") await alice.parley.expiryModify({ conversation, expiresAt: "2020-01-01T00:00:00Z" });
  const { pool } = given.platform.core.database;
  if (reason === "FROZEN") await pool.query("UPDATE conversation SET frozen_at = now() WHERE id = $1", [conversation]);
  const answer = await arrives(given.platform, { from: bob }, { to: [tokens.right] });
  expect(answer).toMatchObject({ status: "REFUSED", reason });
  const { rows } = await pool.query(
    "SELECT about->>'why' AS why FROM mail WHERE conversation_id = $1 AND kind = 'NOTICE'",
    [conversation],
  );
  expect(rows).toEqual([{ why: reason }]);
  expect(await sayings(given.platform, conversation)).toEqual([]);
});

test("a commenter's mail answers what was said, and says nothing by itself", async () => {
  const { alice, bob, conversation, people, tokens } = await cast();
  const mail = { from: bob, text: "Good." };
  await alice.parley.participantModify({ conversation, participant: people.bob, role: "COMMENTER" });
  const arrival = { to: [tokens.right] };
  expect(await arrives(given.platform, mail, arrival)).toMatchObject({ reason: "MAY_NOT_WRITE" });
  await alice.parley.messageAdd({ conversation, body: "What do you think?" });
  expect(await arrives(given.platform, mail, arrival)).toMatchObject({ status: "POSTED" });
  const answer = { by: bob, text: "Good.", answers: "What do you think?" };
  expect(await sayings(given.platform, conversation)).toContainEqual(answer);
});
