import { expect, test, vi } from "vitest";
import { spendBoth } from "../../../src/mail/in/budgets.ts";
import { conversationOf, givenPlatform, present, said, timePasses } from "../../graphql/given.ts";
import { runParley } from "../../support/parley-process.ts";
import { testSecret } from "../../support/platform.ts";
import { addByMail, arrives, became, replyAddress, sayings } from "./given-arrivals.ts";

// One starts a process many times over.
vi.setConfig({ testTimeout: 240_000 });

const given = givenPlatform();

interface Responder {
  readonly address: string;
  readonly participant: string;
  readonly token: string;
}

/** A conversation of alice's with two machines that answer every mail, with nothing in the head that says so. */
async function responders(domain: string) {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const machine = async (name: string): Promise<Responder> => {
    const address = `${name}@${domain}`;
    const participant = await addByMail(alice, conversation, address);
    return { address, participant, token: await replyAddress(given.platform, conversation, participant) };
  };
  const machines = [await machine("one"), await machine("two")] as const;
  let sent = 0;
  let told = 0;
  const asksOf = async ({ participant }: Responder): Promise<number> => {
    const { rows } = await given.platform.core.database.pool.query<{ count: number }>(
      "SELECT count(*) AS count FROM mail WHERE conversation_id = $1 AND participant = $2 AND kind <> 'EVENTS'",
      [conversation, participant],
    );
    return rows[0]?.count ?? 0;
  };
  /** Alice says something; both are mailed it, and each other's answers, until nobody has anything to answer. */
  const run = async (words: (count: number) => string) => {
    await said(alice, conversation, "Are you there?");
    const inboxes = [...machines];
    sent += inboxes.length;
    for (let next = inboxes.shift(); next; next = inboxes.shift()) {
      const { address, token } = next;
      const before = await asksOf(next);
      const mail = { from: address, text: words(sent) };
      const { status } = await arrives(given.platform, mail, { to: [token], envelope: { from: address } });
      if (status === "POSTED") inboxes.push(...machines.filter((one) => one !== next));
      const asked = (await asksOf(next)) - before;
      inboxes.push(...new Array<Responder>(asked).fill(next));
      sent += asked + (status === "POSTED" ? 1 : 0);
      told += asked;
    }
  };
  return { conversation, run, sent: () => sent, told: () => told };
}

test("two machines that answer each other cause fewer than 30 mails, as docs/operating.md says", async () => {
  const { run, sent, told, conversation } = await responders("hour.example");
  await run((count) => `I am away. Ticket ${count}.`);
  expect(sent()).toBe(2 + 20 + 6);
  expect(told()).toBe(6);
  expect(await sayings(given.platform, conversation)).toHaveLength(1 + 20);
});

test("started again every hour of a day, they cause fewer than 70 besides what starts them", async () => {
  const { run, sent } = await responders("day.example");
  for (let hour = 0; hour < 23; hour++) {
    using _later = timePasses(hour * 3_600_000 + hour);
    await run((count) => `Hour ${hour}: I am away. Ticket ${count}.`);
  }
  const startedWith = 23 * 2;
  expect(sent() - startedWith).toBe(60 + 6);
});

test("two machines that say the same again and again are stopped sooner", async () => {
  const { run, sent } = await responders("same.example");
  await run(() => "I am away.");
  expect(sent()).toBe(2 + 4 + 6);
});

test("what a person says above the budget is held, and posted once they confirm it", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const from = "bob@budget.example";
  const to = [await replyAddress(given.platform, conversation, await addByMail(alice, conversation, from))];
  for (let n = 0; n < 10; n++) await arrives(given.platform, { from, text: `Number ${n}` }, { to });
  const held = await arrives(given.platform, { from, text: "Number 10" }, { to });
  expect(held).toMatchObject({ status: "HELD", reason: "TOO_MANY" });
  expect(await given.platform.core.mail.inbound.confirmInbound(held.id)).toMatchObject({ status: "POSTED" });
  expect(await sayings(given.platform, conversation)).toHaveLength(11);
  using _later = timePasses(3_600_001);
  expect(await arrives(given.platform, { from, text: "Number 11" }, { to })).toMatchObject({ status: "POSTED" });
});

test("an address is asked about so many mails in a day, however many are forged in its name", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const from = "bob@forged.example";
  const to = [await replyAddress(given.platform, conversation, await addByMail(alice, conversation, from))];
  for (let n = 0; n < 5; n++) {
    const mail = await arrives(given.platform, { from, text: `Forged ${n}` }, { to, verdict: "failed" });
    expect(await became(given.platform, mail.id)).toMatchObject({ status: "HELD", reason: "AUTHENTICATION_FAILED" });
  }
  const { rows } = await given.platform.core.database.pool.query("SELECT kind FROM mail WHERE conversation_id = $1", [
    conversation,
  ]);
  expect(rows).toEqual([{ kind: "CONFIRM" }, { kind: "CONFIRM" }, { kind: "CONFIRM" }]);
  expect(await sayings(given.platform, conversation)).toEqual([]);
});

test("an operator sees of which held mails nobody was asked, and has them asked about", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const from = "bob@unasked.example";
  const to = [await replyAddress(given.platform, conversation, await addByMail(alice, conversation, from))];
  for (let n = 0; n < 4; n++) await arrives(given.platform, { from, text: `Is it ${n}?` }, { to, verdict: "none" });
  const env = { DATABASE_URL: given.platform.databaseUrl, PARLEY_SECRET: testSecret };
  const parley = (...args: readonly string[]) => runParley(["mail", ...args], env);
  const heldHere = async () => {
    const { output } = await parley("held", "--json");
    const all: readonly { id: string; address: string; conversation: string; isAsked: boolean }[] = JSON.parse(output);
    return all.filter((one) => one.conversation === conversation);
  };
  const before = await heldHere();
  expect(before.map(({ isAsked }) => isAsked)).toEqual([false, true, true, true]);
  expect(before.map(({ address }) => address)).toEqual(Array(4).fill(from));
  const { id } = present(before[0]);
  const { output } = await parley("held");
  expect(output).toMatch(
    new RegExp(
      `^${id} NOT_AUTHENTICATED 20.*Z\n  from ${from} to ${conversation}, who was not asked: parley mail ask ID$`,
      "m",
    ),
  );
  // Nobody's words are shown, for it is not an operator who decides whose they are.
  expect(output).not.toContain("Is it");
  expect(await parley("ask", id)).toMatchObject({ code: 0, errors: "" });
  expect((await heldHere()).map(({ isAsked }) => isAsked)).toEqual([true, true, true, true]);
  expect(await given.platform.core.mail.inbound.confirmInbound(id)).toMatchObject({ status: "POSTED" });
  expect((await parley("ask", id)).errors).toContain("No such mail waits for its sender.");
});

test.each([
  ["an automatic answer", "Auto-Submitted: auto-replied", "AUTO_REPLY"],
  ["a list's mail", "List-Id: <list.b.example>", "LIST"],
  ["one of ours that comes back", "X-Parley-Mail: 00000000-0000-4000-8000-000000000000", "OWN"],
])("%s is no message", async (_, header, reason) => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const to = [await replyAddress(given.platform, conversation, await addByMail(alice, conversation, "bob@b.example"))];
  expect(await arrives(given.platform, { more: [header] }, { to })).toMatchObject({ status: "IGNORED", reason });
  expect(await arrives(given.platform, { more: [header] }, { to: [alice.address] })).toMatchObject({ reason });
  const nullPath = await arrives(given.platform, {}, { to, envelope: { from: "" } });
  expect(nullPath).toMatchObject({ status: "IGNORED" });
  expect(await sayings(given.platform, conversation)).toEqual([]);
});

test("what is above the hour's budget takes nothing from the day's", async () => {
  const { pool } = given.platform.core.database;
  const start = Date.parse("2026-03-01T12:00:00Z");
  const spentIn = async (hour: number, times: number): Promise<number> => {
    const now = new Date(start + hour * 3_600_000).toISOString();
    const ask = () => spendBoth(pool, ["postedInHour", "postedInDay"], "one who writes much", now);
    return (await Promise.all(Array.from({ length: times }, ask))).filter((isSpent) => isSpent).length;
  };
  expect(await spentIn(0, 25)).toBe(10);
  expect(await spentIn(1, 25)).toBe(10);
  expect(await spentIn(2, 25)).toBe(10);
  // Now the day's is spent, and that of the hour alone is of no use.
  expect(await spentIn(3, 25)).toBe(0);
  expect(await spentIn(25, 1)).toBe(1);
});
