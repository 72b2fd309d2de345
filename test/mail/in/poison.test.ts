// Mails that could not be kept as they are: each is decided about at the first try all the same.

import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { conversationOf, givenPlatform } from "../../graphql/given.ts";
import { addByMail, arrives, replyAddress, sayings } from "./given-arrivals.ts";

const given = givenPlatform();

async function answering() {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const to = [await replyAddress(given.platform, conversation, await addByMail(alice, conversation, "bob@b.example"))];
  return { conversation, to };
}

test("a Message-ID that is longer than an index takes is none", async () => {
  const { conversation, to } = await answering();
  const id = `${randomBytes(6_000).toString("hex")}@b.example`;
  expect(await arrives(given.platform, { id, text: "Yes." }, { to })).toMatchObject({ status: "POSTED" });
  expect(await sayings(given.platform, conversation)).toHaveLength(1);
});

test("first words that are cut within a character are kept", async () => {
  const { to } = await answering();
  const text = `a${" ".repeat(1_998)}😀`;
  expect(await arrives(given.platform, { text }, { to, verdict: "none" })).toMatchObject({ status: "HELD" });
});
