// A conversation of accounts and of people who have nothing but an email address, through a real mail server, both ways.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createParley, type Parley } from "../../sdk/src/index.ts";
import { done } from "../graphql/given.ts";
import type { TestPlatform } from "../support/platform.ts";
import { domain, eventually, type MailTown, parleyDomain, startMailTown } from "./given.ts";
import type { Postfix } from "./postfix.ts";

const opened = new AsyncDisposableStack();
let platform: TestPlatform;
let postfix: Postfix;
let mailsOf: MailTown["mailsOf"];
let alice: Parley;

beforeAll(async () => {
  ({ platform, postfix, mailsOf } = opened.use(await startMailTown({ people: ["nina", "otto"] })));
  const { token } = await platform.person("alice");
  alice = opened.use(createParley({ url: platform.url, token }));
});
afterAll(() => opened.disposeAsync());

const rows = async <Row extends object>(sql: string, ...values: readonly unknown[]): Promise<readonly Row[]> =>
  (await platform.core.database.pool.query(sql, [...values])).rows;

const saidIn = async (conversation: string) =>
  (
    await rows<{ address: string; text: string }>(
      `SELECT r.address, e.body->>'text' AS text FROM message AS m
        JOIN event AS e ON e.conversation_id = m.conversation_id AND e.seq = m.seq
        JOIN participant AS p ON p.conversation_id = m.conversation_id AND p.id = m.author
        JOIN recipient AS r ON r.id = p.recipient_id WHERE m.conversation_id = $1 ORDER BY m.seq`,
      conversation,
    )
  ).map(({ address, text }) => `${address}: ${text.trim()}`);

describe("through postfix", { timeout: 120_000 }, () => {
  test("people by mail are told, answer, and are heard by all", async () => {
    const { conversation } = await done(
      alice.conversationCreate({
        subject: "Lunch",
        participants: [{ address: `nina@${domain}` }, { address: `otto@${domain}` }],
        publish: true,
        messages: [{ body: "Shall we have lunch?" }],
      }),
    );
    const [first] = await mailsOf("nina", 1);
    await mailsOf("otto", 1);
    expect(first?.text).toContain("Shall we have lunch?");
    const reply = first?.from?.address ?? "";
    expect(reply).toMatch(/^reply\+[a-z2-7]{42}@parley\.example$/);

    await postfix.send({
      from: `Nina <nina@${domain}>`,
      to: reply,
      subject: `Re: ${first?.subject}`,
      inReplyTo: first?.messageId,
      references: `${first?.head("references")} ${first?.messageId}`,
      text: `At noon!\n\nOn Fri, 27 Nov 2026 at 10:00, Alice via Parley <${reply}> wrote:\n> Shall we have lunch?\n`,
    });
    await eventually(async () =>
      expect(await saidIn(conversation.hash ?? "")).toEqual([
        `alice@${parleyDomain}: Shall we have lunch?`,
        `nina@${domain}: At noon!`,
      ]),
    );
    // The others are told; she has said it herself.
    const [, told] = await mailsOf("otto", 2);
    expect(told?.text).toContain("At noon!");
    expect(told?.text).not.toContain("> Shall we have lunch?");
    expect(await postfix.mailsOf("nina")).toHaveLength(1);
  });

  test("one mail to two conversations is posted in both; who is removed from one is told by a last mail in its thread", async () => {
    const before = (await postfix.mailsOf("nina")).length;
    const begin = (subject: string) =>
      done(
        alice.conversationCreate({
          ...{ subject, participants: [{ address: `nina@${domain}` }], publish: true },
          messages: [{ body: `${subject}?` }],
        }),
      );
    const one = (await begin("Wine")).conversation.hash ?? "";
    const [wine] = (await mailsOf("nina", before + 1)).slice(before);
    const other = (await begin("Cheese")).conversation.hash ?? "";
    const [cheese] = (await mailsOf("nina", before + 2)).slice(before + 1);
    const to = [wine?.from?.address ?? "", cheese?.from?.address ?? ""].join(", ");
    await postfix.send({ from: `Nina <nina@${domain}>`, to, subject: "Re: Wine", text: "I bring both.\n" });
    for (const conversation of [one, other])
      await eventually(async () => expect((await saidIn(conversation)).at(-1)).toBe(`nina@${domain}: I bring both.`));
    const [{ id: participant } = { id: "" }] = await rows<{ id: string }>(
      "SELECT id FROM participant WHERE conversation_id = $1 AND mail",
      one,
    );
    await done(alice.participantRemove({ conversation: one, participant }));
    const [last] = (await mailsOf("nina", before + 3)).slice(before + 2);
    expect(last?.text).toContain("removed you from this conversation.");
    expect(last?.subject).toBe("Re: Wine");
    // After her own, which is the latest of the conversation.
    expect(last?.head("references")).toContain(`<c.${one}@`);
  });

  test("to somebody who is not there: postfix's own bounce is heard, and the address gets no more", async () => {
    const address = `nobody@${domain}`;
    await done(
      alice.conversationCreate({
        subject: "Dinner",
        participants: [{ address }],
        publish: true,
        messages: [{ body: "Shall we have dinner?" }],
      }),
    );
    const statusOf = () =>
      rows<{ status: string; code: string; reason: string | null }>(
        `SELECT m.status, a.code, s.reason FROM mail AS m
          JOIN participant AS p ON p.conversation_id = m.conversation_id AND p.id = m.participant
          JOIN recipient AS r ON r.id = p.recipient_id AND r.address = $1
          JOIN LATERAL (SELECT code FROM mail_attempt WHERE mail_id = m.id ORDER BY id DESC LIMIT 1) AS a ON true
          LEFT JOIN suppression AS s ON s.address = r.address`,
        address,
      );
    await eventually(async () =>
      expect(await statusOf()).toEqual([{ status: "BOUNCED", code: "5.1.1", reason: "HARD_BOUNCE" }]),
    );
  });

  test("a mail that Parley cannot store now waits at the mail server, and comes", async () => {
    const subject = "while the database is away";
    await rows("ALTER TABLE inbound_mail RENAME TO away");
    await postfix.send({ from: `nina@${domain}`, to: `alice@${parleyDomain}`, subject, text: "words" });
    await eventually(async () => expect(await postfix.log()).toMatch(/status=deferred .*451/));
    await rows("ALTER TABLE away RENAME TO inbound_mail");
    await postfix.flush();
    await eventually(async () =>
      expect(
        await rows("SELECT status FROM inbound_mail WHERE envelope->'to'->>0 = $1", `alice@${parleyDomain}`),
      ).toEqual([{ status: "POSTED" }]),
    );
  });

  test("a mail for nobody here comes back to who sent it", async () => {
    const before = (await postfix.mailsOf("otto")).length;
    await postfix.send({ from: `otto@${domain}`, to: `carol@${parleyDomain}`, subject: "to nobody", text: "words" });
    const mails = await mailsOf("otto", before + 1);
    expect(mails.at(-1)?.text).toContain("550 5.1.1");
  });
});
