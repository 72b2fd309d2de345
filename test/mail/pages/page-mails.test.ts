// What became of mails that were written on the page: of them alone, the latest first.
import { expect, test } from "vitest";
import { createReadPageMails } from "../../../src/mail/pages/page-mails.ts";
import { givenPlatform } from "../../graphql/given.ts";
import { stored, written } from "../in/given-arrivals.ts";

const given = givenPlatform({ worker: false });

test("the last of them are told with whom they were from and to, and why they are as they are", async () => {
  const { platform } = given;
  const { alice } = await given.people("alice");
  const { pool } = platform.core.database;
  const arrived = async (from: string, source: "page" | "smtp", text: string) => {
    const id = await stored(platform, written({ from, text }), { to: [alice.address], envelope: { source, from } });
    await platform.core.mail.inbound.handle(id);
    return id;
  };
  await arrived("dave@example.org", "page", "Hello");
  await arrived("erin@example.org", "smtp", "Hello");
  await arrived(alice.address, "page", "Hello");
  const read = createReadPageMails(pool, 2);
  expect(await read()).toMatchObject([
    {
      from: alice.address,
      to: alice.address,
      became: expect.stringMatching(/^It was not taken: its sender's address/),
    },
    { from: "dave@example.org", to: alice.address, became: "Its words are in a conversation." },
  ]);
});
