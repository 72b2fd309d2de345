// What people get who have nothing but an email address, from what is said to the file that a mail is.
import { expect, test } from "vitest";
import { done, present } from "../../graphql/given.ts";
import { givenMailPlatform } from "./given.ts";

const given = await givenMailPlatform();

test("who is added with one message gets a mail that reads like a person wrote it", async () => {
  const { alice } = await given.people("alice");
  const { conversation } = await done(
    alice.parley.conversationCreate({
      subject: "Lunch",
      participants: [{ address: "nina@mail.example" }],
      publish: true,
      messages: [{ body: "Shall we have *lunch*?" }],
    }),
  );
  const [mail] = await given.untilMailed("nina@mail.example", 1);
  const { from, to, subject, text, html, messageId, references, head } = present(mail);
  expect(from).toEqual({
    name: "Alice.1 via Parley",
    address: expect.stringMatching(/^reply\+[a-z2-7]{42}@localhost$/),
  });
  expect([to, subject]).toEqual([[{ name: "", address: "nina@mail.example" }], "Lunch"]);
  const link = /https:\/\/talk\.example\.org\/m\/[a-z2-7]{42}/.exec(text ?? "")?.[0];
  expect(text?.trimEnd()).toBe(
    `Shall we have *lunch*?\n\n-- \nAlice.1 added you to this conversation. Answer this mail, or see the conversation: ${link}`,
  );
  expect(html).toContain("Shall we have <em>lunch</em>?");
  expect(html).toContain(`Answer this mail, or <a href="${link}">see the conversation</a>`);
  expect(messageId).toMatch(/^<[0-9a-f-]{36}@localhost>$/);
  expect(references).toBe(`<c.${conversation.hash}@localhost> <m.${messageId?.slice(1)}`);
  expect(head("X-Parley-Mail")).toBe(messageId?.slice(1, 37));
  expect(head("List-Unsubscribe")).toMatch(/^<https:\/\/talk\.example\.org\/m\/mute\/[a-z2-7]{42}>$/);
  expect(head("List-Unsubscribe-Post")).toBe("List-Unsubscribe=One-Click");
  expect(head("Auto-Submitted")).toBeUndefined();
});
