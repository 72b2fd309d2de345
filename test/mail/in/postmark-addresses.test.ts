// Which of a platform's addresses a mail was to, as Postmark's inbound webhook says it: accounts of two domains, and reply addresses.
// https://postmarkapp.com/developer/webhooks/inbound-webhook
import { randomUUID } from "node:crypto";
import { expect, test, vi } from "vitest";
import { ensureAccount } from "../../../src/accounts/accounts.ts";
import { conversationOf, givenPlatform } from "../../graphql/given.ts";
import { addByMail, type Became, became, replyAddress } from "./given-arrivals.ts";

const password = "the webhooks' password";
const given = givenPlatform({
  settings: {
    PARLEY_DOMAINS: "localhost,team.localhost",
    PARLEY_MAIL_DOMAIN: "mail.localhost",
    POSTMARK_WEBHOOK_PASSWORD: password,
  },
});

const person = (Email: string) => ({ Email, Name: "", MailboxHash: /\+(.*)@/.exec(Email)?.[1] ?? "" });

/** A mail of Bob's, as Postmark documents it: handed over once for each of our addresses. */
const documented = (recipient: string, to: readonly string[]) => ({
  FromName: "Bob",
  MessageStream: "inbound",
  From: "bob@b.example",
  FromFull: { ...person("bob@b.example"), Name: "Bob" },
  To: to.join(", "),
  ToFull: to.map(person),
  Cc: "",
  CcFull: [],
  Bcc: "",
  BccFull: [],
  OriginalRecipient: recipient,
  Subject: "Lunch",
  MessageID: randomUUID(),
  ReplyTo: "",
  MailboxHash: person(recipient).MailboxHash,
  Date: "Fri, 1 Aug 2014 16:45:32 -04:00",
  TextBody: `At noon, ${to.join(" and ")}?`,
  HtmlBody: "",
  StrippedTextReply: "",
  Tag: "",
  Headers: [
    { Name: "Received", Value: "from b.example by mta.postmarkapp.com" },
    { Name: "Message-ID", Value: `<${to.join(".")}@b.example>` },
  ],
  Attachments: [],
});

/** Hands a mail over once for each address, in this order, and answers with what became of each. */
async function handedOver(...to: readonly string[]): Promise<readonly Became[]> {
  const { platform } = given;
  const all: Became[] = [];
  for (const recipient of to) {
    const mail = documented(recipient, to);
    const response = await fetch(`${platform.url}/webhooks/postmark/inbound`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Basic ${Buffer.from(`postmark:${password}`).toString("base64")}`,
      },
      body: JSON.stringify(mail),
    });
    expect(response.status).toBe(200);
    const settled = async () => {
      const { rows } = await platform.core.database.pool.query<{ id: string; status: string }>(
        "SELECT id, status FROM inbound_mail WHERE strpos(key, $1) > 0",
        [mail.MessageID],
      );
      expect(rows).toEqual([{ id: expect.any(String), status: expect.not.stringMatching("WAITING") }]);
      return rows[0]?.id ?? "";
    };
    all.push(await became(platform, await vi.waitFor(settled, { timeout: 20_000 })));
  }
  return all;
}

/** Who of ours has the conversation that began with a mail. */
async function whoHas({ conversation_id: conversation }: Became): Promise<readonly string[]> {
  const { rows } = await given.platform.core.database.pool.query<{ address: string }>(
    `SELECT r.address FROM participation AS p JOIN account AS a ON a.id = p.account_id
      JOIN recipient AS r ON r.id = a.recipient_id WHERE p.conversation_id = $1`,
    [conversation],
  );
  return rows.map(({ address }) => address);
}

test("a mail to accounts of the same name at two domains begins a conversation with each", async () => {
  const { core } = given.platform;
  const [one, other] = ["ann@localhost", "ann@team.localhost"];
  for (const address of [one, other]) await ensureAccount(core.database.prisma, address, core.config);
  const [first, second] = await handedOver(one, other);
  expect([first, second]).toMatchObject([{ status: "POSTED" }, { status: "POSTED" }]);
  expect(first && (await whoHas(first))).toEqual([one]);
  expect(second && (await whoHas(second))).toEqual([other]);
});

test("a mail to reply addresses of two conversations comes to each, in capitals too", async () => {
  const { alice } = await given.people("alice");
  const conversations = [await conversationOf(alice), await conversationOf(alice)];
  const to: string[] = [];
  for (const conversation of conversations)
    to.push(await replyAddress(given.platform, conversation, await addByMail(alice, conversation, "bob@b.example")));
  const [first = "", second = ""] = to;
  expect(first).toMatch(/^reply\+[a-z2-7]{42}@mail\.localhost$/);
  expect(await handedOver(first, second.toUpperCase())).toMatchObject(
    // Put together of fields, so that nobody vouches for it.
    conversations.map((conversation) => ({ status: "HELD", conversation_id: conversation })),
  );
});

test("a reply address of another domain, and an account's with something behind a plus, are nobody's", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const reply = await replyAddress(given.platform, conversation, await addByMail(alice, conversation, "bob@b.example"));
  const at = (domain: string) => reply.replace("mail.localhost", domain);
  expect(await handedOver(at("localhost"), at("team.localhost"), alice.address.replace("@", "+x@"))).toMatchObject(
    Array(3).fill({ status: "REFUSED", reason: "NO_RECIPIENT" }),
  );
});
