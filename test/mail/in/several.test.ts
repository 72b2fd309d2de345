// One mail to the reply addresses of several conversations.
import { expect, test, vi } from "vitest";
import { conversationOf, givenPlatform, said } from "../../graphql/given.ts";
import { addByMail, arrives, replyAddress, sayings, stored, written } from "./given-arrivals.ts";

const given = givenPlatform();
const pool = () => given.platform.core.database.pool;

/** Two conversations of alice's with bob by mail, and his reply addresses in them. */
async function two() {
  const { alice } = await given.people("alice");
  const begin = async (words: string) => {
    const conversation = await conversationOf(alice);
    const participant = await addByMail(alice, conversation, "bob@b.example");
    await said(alice, conversation, words);
    return { conversation, to: await replyAddress(given.platform, conversation, participant) };
  };
  return { alice, one: await begin("One?"), other: await begin("Other?") };
}

const textsIn = async (conversation: string) =>
  (await sayings(given.platform, conversation)).filter(({ by }) => by === "bob@b.example").map(({ text }) => text);

/** What became of all mails of an id, once nothing is left to do. */
async function untilAll(id: string, count: number) {
  const { rows } = await vi.waitFor(
    async () => {
      const found = await pool().query<{ status: string; reason: string | null; conversation_id: string }>(
        "SELECT status, reason, conversation_id FROM inbound_mail WHERE message_id = $1 ORDER BY received_at",
        [id],
      );
      expect(found.rows.filter(({ status }) => status !== "WAITING")).toHaveLength(count);
      return found;
    },
    { timeout: 20_000 },
  );
  return rows;
}

test("it is a message of each, also where it is worked through again", async () => {
  const { one, other } = await two();
  const id = "several@b.example";
  const mail = written({ id, text: "Yes, both.", to: `${one.to}, ${other.to}` });
  const inbound = await stored(given.platform, mail, { to: [one.to, other.to] });
  const { handle } = given.platform.core.mail.inbound;
  await Promise.all([handle(inbound), handle(inbound)]);
  const rows = await untilAll(id, 2);
  expect(rows.map(({ status }) => status)).toEqual(["POSTED", "POSTED"]);
  expect(new Set(rows.map(({ conversation_id: of }) => of))).toEqual(new Set([one.conversation, other.conversation]));
  await handle(inbound);
  expect(await textsIn(one.conversation)).toEqual(["Yes, both."]);
  expect(await textsIn(other.conversation)).toEqual(["Yes, both."]);
});

test("handed over once for each address, as some servers do, it is a message of each once", async () => {
  const { one, other } = await two();
  const mail = { id: "each@b.example", text: "Yes, both.", to: `${one.to}, ${other.to}` };
  for (const { to, conversation } of [one, other])
    expect(await arrives(given.platform, mail, { to: [to] })).toMatchObject({
      status: "POSTED",
      conversation_id: conversation,
    });
  await untilAll(mail.id, 2);
  expect(await textsIn(one.conversation)).toEqual(["Yes, both."]);
  expect(await textsIn(other.conversation)).toEqual(["Yes, both."]);
});

test("nobody vouches for it: it is asked about for each, and confirmed for each", async () => {
  const { one, other } = await two();
  const mail = { id: "asked@b.example", text: "Held.", to: `${one.to}, ${other.to}` };
  const first = await arrives(given.platform, mail, { to: [one.to, other.to], verdict: "none" });
  expect(first).toMatchObject({ status: "HELD", conversation_id: one.conversation });
  expect(await untilAll(mail.id, 2)).toMatchObject([{ status: "HELD" }, { status: "HELD" }]);
  await given.platform.core.mail.inbound.confirmInbound(first.id);
  expect(await textsIn(one.conversation)).toEqual(["Held."]);
  expect(await textsIn(other.conversation)).toEqual([]);
});

test("to one conversation by two addresses it is one message", async () => {
  const { alice, one } = await two();
  const carol = await addByMail(alice, one.conversation, "carol@c.example");
  const to = [await replyAddress(given.platform, one.conversation, carol), one.to];
  const mail = { id: "same@b.example", text: "Once.", to: to.join(", ") };
  expect(await arrives(given.platform, mail, { to })).toMatchObject({ status: "POSTED" });
  await untilAll(mail.id, 1);
  expect(await textsIn(one.conversation)).toEqual(["Once."]);
});
