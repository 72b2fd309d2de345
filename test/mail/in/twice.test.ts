// A mail that is worked through twice at once, by two workers or by two clicks.
import { expect, test } from "vitest";
import { keepBecoming, readInbound } from "../../../src/mail/in/inbound-rows.ts";
import { conversationOf, givenPlatform, present } from "../../graphql/given.ts";
import { addByMail, arrives, became, replyAddress, sayings, stored, written } from "./given-arrivals.ts";

const given = givenPlatform();

async function answering() {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const participant = await addByMail(alice, conversation, "bob@b.example");
  return { conversation, participant, to: [await replyAddress(given.platform, conversation, participant)] };
}

test("whoever comes late to a mail that is decided about keeps nothing of it any more", async () => {
  const { conversation, participant, to } = await answering();
  const { pool } = given.platform.core.database;
  const { id, message } = await arrives(given.platform, {}, { to });
  const late = { conversation, participant, message: present(message), proposals: [], begins: null, words: null };
  expect(await keepBecoming(pool, id, null, late)).toBeNull();
  expect(await readInbound(pool, id)).toMatchObject({ status: "POSTED", becoming: null });
});

test("an answer that is confirmed by many clicks at once is one message", async () => {
  const { conversation, to } = await answering();
  const held = await arrives(given.platform, { text: "Mine." }, { to, verdict: "none" });
  expect(held.status).toBe("HELD");
  const { confirmInbound } = given.platform.core.mail.inbound;
  await Promise.all(Array.from({ length: 5 }, () => confirmInbound(held.id)));
  expect(await became(given.platform, held.id)).toMatchObject({ status: "POSTED" });
  expect(await sayings(given.platform, conversation)).toHaveLength(1);
});

test("an answer that many workers work through at once is one message, and is told as that", async () => {
  const { conversation, to } = await answering();
  const id = await stored(given.platform, written({ text: "Once." }), { to });
  await Promise.all(Array.from({ length: 5 }, () => given.platform.core.mail.inbound.handle(id)));
  expect(await became(given.platform, id)).toMatchObject({ status: "POSTED" });
  expect(await sayings(given.platform, conversation)).toHaveLength(1);
});
