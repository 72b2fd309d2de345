// A conversation of two who have accounts and two who have nothing but an email address, through a real mail server, with
// answers from all kinds of mail programs.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createParley } from "../../sdk/src/index.ts";
import { htmlToText } from "../../src/html/html-to-text.ts";
import { done, present, type Somebody, said } from "../graphql/given.ts";
import type { Program } from "../mail/in/answers.ts";
import { sayings } from "../mail/in/given-arrivals.ts";
import { holdMails, type ReadMail } from "../mail/out/given.ts";
import { threadsByIds, threadsOf } from "../support/references-threading.ts";
import { domain, eventually, type MailTown, parleyDomain, startMailTown } from "./given.ts";
import { fromOf, type Mailbox, openMailbox, threadedOf } from "./mailboxes.ts";
import { rewrittenDomain } from "./postfix.ts";

const opened = new AsyncDisposableStack();
afterAll(() => opened.disposeAsync());

const names = ["carol", "dave"] as const;
type Name = (typeof names)[number];

const answers: readonly (readonly [Name, Program])[] = [
  ["carol", "Gmail"],
  ["dave", "Outlook"],
  ["carol", "Apple Mail"],
  ["dave", "mutt"],
  ["carol", "Thunderbird"],
  ["dave", "Yahoo"],
  ["carol", "ProtonMail"],
  ["dave", "iPhone"],
  ["carol", "Outlook HTML"],
];

/** They send HTML and no text beside it. */
const withoutText: ReadonlySet<Program> = new Set(["Yahoo", "iPhone", "Outlook HTML"]);

describe.each([
  ["left as they are", false],
  ["rewritten on the way", true],
])("with Message-IDs %s", { timeout: 60_000 }, (_title, rewritesMessageIds) => {
  let town: MailTown;
  let alice: Somebody;
  let bob: Somebody;
  let boxes: Readonly<Record<Name, Mailbox>>;
  let conversation: string;
  /** How many mails each has to have by now. */
  const counts = { carol: 0, dave: 0 };

  const somebody = async (name: string): Promise<Somebody> => {
    const person = await town.platform.person(name);
    return { ...person, parley: opened.use(createParley({ url: town.platform.url, token: person.token })) };
  };

  beforeAll(async () => {
    town = opened.use(await startMailTown({ people: ["carol", "dave"], rewritesMessageIds }));
    [alice, bob] = await Promise.all([somebody("alice"), somebody("bob")]);
    boxes = { carol: openMailbox(town, "Carol"), dave: openMailbox(town, "Dave") };
    const made = await done(
      alice.parley.conversationCreate({
        subject: "Lunch",
        participants: [bob.address, boxes.carol.address, boxes.dave.address].map((address) => ({ address })),
        publish: true,
        messages: [{ body: "Shall we have **lunch**?\n\n- at noon\n- in the hall" }],
      }),
    );
    conversation = present(made.conversation.hash);
  });

  // Nobody gets a mail too many.
  afterEach(async () => {
    await town.settled();
    const due = { ...counts };
    for (const name of names) counts[name] = (await boxes[name].mails(0)).length;
    expect(counts).toEqual(due);
  });

  /** The mail that tells somebody of what was done, when it has come. */
  const told = async (name: Name): Promise<ReadMail> => {
    counts[name]++;
    return present((await boxes[name].mails(counts[name])).at(-1));
  };
  const latest = async (name: Name) => present((await boxes[name].mails(counts[name])).at(-1));

  /** The message that somebody's mail became: what it says, and what it answers. */
  const became = (count: number) =>
    eventually(async () => {
      const all = await sayings(town.platform, conversation);
      expect(all).toHaveLength(count);
      return present(all.at(-1));
    });
  const countSaid = async () => (await sayings(town.platform, conversation)).length;

  test("both get the first words as a mail", async () => {
    for (const name of names) {
      const mail = await told(name);
      expect(mail.text).toContain("Shall we have **lunch**?");
      expect(mail.html).toContain("<strong>lunch</strong>");
      expect(mail.subject).toBe("Lunch");
      expect(fromOf(mail)).toEqual({
        name: "Alice via Parley",
        address: expect.stringMatching(/^reply\+[a-z2-7]{42}@parley\.example$/),
      });
      const own = `${mail.head("x-parley-mail")}@${parleyDomain}`;
      expect(threadedOf(mail).references).toContain(`m.${own}`);
      expect(threadedOf(mail).id).toBe(
        rewritesMessageIds ? `${mail.head("x-parley-mail")}-0100@${rewrittenDomain}` : own,
      );
    }
  });

  test.each(answers)(
    "%s answers from %s: her or his words are a message, without the quote, and a mail to the other",
    async (name, program) => {
      const other = name === "carol" ? "dave" : "carol";
      const before = await sayings(town.platform, conversation);
      const words = `Yes, says ${name}.\n\nBring <bread> & Käse (${program}).`;
      await boxes[name].answer(program, await latest(name), words);
      const message = await became(before.length + 1);
      const text = withoutText.has(program) ? htmlToText(message.text) : message.text;
      expect({ ...message, text: text.trim() }).toEqual({
        by: boxes[name].address,
        text: words,
        answers: before.at(-1)?.text,
      });
      const mail = await told(other);
      expect(mail.text).toContain(words);
      expect(mail.text).not.toMatch(/^>|wrote:|schrieb|From:/m);
      expect(fromOf(mail).name).toBe(`${name} via Parley`);
    },
  );

  test("what is edited and what is removed goes out to both", async () => {
    const say = async (by: Somebody, words: string) => {
      const message = await said(by, conversation, words);
      for (const name of names) await told(name);
      return message;
    };
    const first = await say(alice, "I bring wine.");
    const second = await say(bob, "We meet at noon, in the hall.");
    await done(bob.parley.messageModify({ conversation, message: second, body: "We meet at one, in the hall." }));
    for (const name of names) {
      const mail = await told(name);
      expect(mail.text).toMatch(/changed their own message of [A-Z][a-z]+day /);
      expect(mail.text).toContain("Before: We meet at noon, in the hall.\nNow: We meet at one, in the hall.");
    }
    await done(alice.parley.messageRemove({ conversation, message: first }));
    for (const name of names) {
      const mail = await told(name);
      expect(mail.text).toMatch(/removed their own message of [A-Z][a-z]+day .* UTC\./);
      expect(mail.text).not.toContain("wine");
    }
  });

  test("a burst is one mail", async () => {
    await holdMails(town.platform, async () => {
      for (const words of ["Who cooks?", "Who brings wine?"]) await said(alice, conversation, words);
      await said(bob, conversation, "And who washes up?");
    });
    for (const name of names) {
      const { text } = await told(name);
      expect(text).toMatch(/Who cooks\?.*Who brings wine\?.*And who washes up\?/s);
    }
  });

  test("answers between the lines of the quote come with what they answer", async () => {
    const before = await countSaid();
    const mail = await latest("carol");
    const between: Readonly<Record<string, string>> = { "Who cooks?": "I do.", "Who brings wine?": "Dave does." };
    const lines = present(mail.text)
      .trimEnd()
      .split("\n")
      .map((line) => `> ${line}${between[line] === undefined ? "" : `\n\n${between[line]}\n`}`);
    await boxes.carol.write(mail, `On Mon, Mar 04, 2024, ${fromOf(mail).name} wrote:\n${lines.join("\n")}\n`);
    const { by, text } = await became(before + 1);
    expect(by).toBe(boxes.carol.address);
    expect(text).toMatch(/> Who cooks\?\n\nI do\.\n\n.*> Who brings wine\?\n\nDave does\.$/s);
    expect(text).not.toMatch(/wrote:|washes up|Answer this mail/);
    expect((await told("dave")).text).toContain("> Who brings wine?\n\nDave does.");
  });

  test("a file comes with the words, and the others can have it", async () => {
    const before = await countSaid();
    const mail = await latest("dave");
    const quoted = present(mail.text).replace(/^/gm, "> ");
    const file = { filename: "Menü.txt", content: "Bread\nKäse\n" };
    await boxes.dave.write(mail, `The menu.\n\nOn Mon, Mar 04, 2024, Carol wrote:\n${quoted}`, [file]);
    expect(await became(before + 1)).toMatchObject({ by: boxes.dave.address, text: "The menu." });
    expect((await told("carol")).text).toMatch(/The menu\..*Attached: Menü\.txt \(12 bytes\)/s);
    const page = present(await alice.parley.messages({ conversation, last: 1 }));
    const node = await alice.parley.original({ id: present(page.messages.edges[0]).node.id });
    if (node?.__typename !== "Message") throw new Error("it is no message");
    const [attached] = node.attachments.edges.map((edge) => edge.node);
    expect(attached).toMatchObject({ title: file.filename, size: 12 });
    const answer = await fetch(new URL(present(attached?.url), town.platform.url), {
      headers: { authorization: `Bearer ${alice.token}` },
    });
    expect(await answer.text()).toBe(file.content);
  });

  test("an answer that goes to an account's own address is found by what it refers to", async () => {
    const before = await sayings(town.platform, conversation);
    await boxes.carol.answer("Gmail", await latest("carol"), "To you alone, I thought.", alice.address);
    expect(await became(before.length + 1)).toEqual({
      by: boxes.carol.address,
      text: "To you alone, I thought.",
      answers: "The menu.",
    });
    await told("dave");
  });

  test("what answers by itself while somebody is away says nothing, and is no bounce", async () => {
    const mail = await latest("dave");
    const { id } = threadedOf(mail);
    const away = {
      from: `Dave <${boxes.dave.address}>`,
      subject: `Away: ${mail.subject}`,
      inReplyTo: `<${id}>`,
      references: `<${id}>`,
      text: "I am on vacation.",
    };
    // RFC 3834 §4: to the return path, without one of its own. Others answer to From, as if they were him.
    const returnPath = present(mail.head("return-path")).replace(/[<>]/g, "");
    expect(returnPath).toMatch(/^bounce\+[a-z2-7]{42}@parley\.example$/);
    const marked = { ...away, headers: { "Auto-Submitted": "auto-replied (vacation)" } };
    await town.postfix.send({ ...marked, envelope: { from: "", to: [returnPath] }, to: returnPath });
    await town.postfix.send({ ...away, headers: { Precedence: "junk" }, to: fromOf(mail).address });
    await town.settled();
    const { pool } = town.platform.core.database;
    const { rows } = await pool.query(
      "SELECT status, reason FROM inbound_mail WHERE status <> 'POSTED' ORDER BY reason DESC",
    );
    expect(rows).toEqual([
      { status: "IGNORED", reason: "BOUNCE" },
      { status: "IGNORED", reason: "AUTO_REPLY" },
    ]);
    const { rows: mails } = await pool.query("SELECT DISTINCT status FROM mail");
    expect(mails).toEqual([{ status: "SENT" }]);
    expect(await sayings(town.platform, conversation)).not.toContainEqual(
      expect.objectContaining({ text: expect.stringContaining("vacation") }),
    );
  });

  test("who has an account reads all of it", async () => {
    const page = present(await bob.parley.messages({ conversation, last: 100 }));
    const said = await sayings(town.platform, conversation);
    expect(page.messages.edges).toHaveLength(said.length);
    expect(page.messages.edges.at(-1)?.node).toMatchObject({
      body: "To you alone, I thought.",
      author: { displayName: boxes.carol.address },
    });
  });

  test("all mails are one thread: in each mailbox, and in all of them together", async () => {
    const mailboxes = await Promise.all(
      names.map(async (name) => [...(await boxes[name].mails(counts[name])).map(threadedOf), ...boxes[name].sent]),
    );
    for (const mails of [...mailboxes, mailboxes.flat()]) {
      expect(mails.length).toBeGreaterThan(15);
      for (const threads of [threadsOf, threadsByIds]) {
        for (const some of [mails, mails.toReversed(), ...mails.map((_, index) => mails.toSpliced(index, 1))])
          expect(threads(some).map((thread) => thread.length)).toEqual([some.length]);
      }
      // Programs that compare subjects find one, too.
      expect(new Set(mails.map(({ subject }) => subject))).toEqual(new Set(["Lunch", "Re: Lunch"]));
      const rewritten = mails.filter(({ id }) => id.endsWith(`@${rewrittenDomain}`)).length;
      const own = mails.filter(({ id }) => id.endsWith(`@${domain}`)).length;
      expect(rewritten).toBe(rewritesMessageIds ? mails.length - own : 0);
    }
  });

  test("a reply address that we have not made is refused, and the mail comes back to who sent it", async () => {
    const { address } = fromOf(await latest("carol"));
    const made = address.replace(/\+(.)/, (_, first) => `+${first === "a" ? "b" : "a"}`);
    const before = await countSaid();
    await town.postfix.send({ from: boxes.carol.address, to: made, subject: "Re: Lunch", text: "Let me in." });
    expect((await told("carol")).text).toContain("550 5.1.1");
    await town.settled();
    expect(await countSaid()).toBe(before);
  });
});
