// All mails of a conversation, and the answers to them, are one thread in the mailbox of each who takes part by mail.
import { expect, test } from "vitest";
import { propose } from "../../../src/conversation/accept.ts";
import { done, participantOf, present, said } from "../../graphql/given.ts";
import { type ThreadedMail, threadsByIds, threadsOf } from "../../support/references-threading.ts";
import { givenMailPlatform, type ReadMail } from "./given.ts";

const given = await givenMailPlatform();

const idsIn = (value: string | undefined): readonly string[] =>
  [...(value ?? "").matchAll(/<([^<>]+)>/g)].map(([, id]) => id ?? "");

/** A mail as it lies in a mailbox. @param rewritten what became of its Message-ID on the way */
function arrived(mail: ReadMail, rewritten: (id: string) => string): ThreadedMail {
  return {
    id: rewritten(present(idsIn(mail.messageId)[0])),
    references: idsIn(mail.references),
    inReplyTo: idsIn(mail.inReplyTo)[0] ?? null,
    subject: mail.subject ?? "",
  };
}

/** Says something as a participant by mail does, once their mail is taken for theirs. */
async function answered(conversation: string, actor: string, text: string, messageId: string): Promise<string> {
  const { signer, store } = given.platform.core;
  const sentAt = new Date().toISOString();
  const command = {
    action: "add",
    model: "message",
    body: { format: "PLAIN", text, mentions: [], mail: { date: sentAt, messageId } },
  } as const;
  const proposal = propose(command, conversation, actor, null, {
    signer,
    sentAt,
    salt: () => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url"),
  });
  const result = await store.append({ conversation, proposals: [proposal] });
  return present("entries" in result ? result.entries[0] : null).id;
}

test.each([
  ["kept on the way", (id: string) => id],
  ["rewritten on the way", (id: string) => `${id.split("@")[0]?.split("").reverse().join("")}@provider.example`],
])("with Message-IDs %s, all mails of a conversation are one thread", async (name, rewritten) => {
  const { alice, bob } = await given.people("alice", "bob");
  const people = ["nina", "otto"].map((one) => `${one}.${name.split(" ")[0]}@mail.example`);
  const [nina = "", otto = ""] = people;
  const { conversation: made } = await done(
    alice.parley.conversationCreate({
      subject: "Lunch",
      messages: [{ body: "Shall we?" }],
      participants: [nina, otto, bob.address].map((address) => ({ address })),
      publish: true,
    }),
  );
  const conversation = present(made.hash);
  const counts = new Map(people.map((one) => [one, 1]));
  const settled = async () => {
    for (const [one, count] of counts) await given.untilMailed(one, count);
  };
  const told = (...whom: readonly string[]) => {
    for (const one of whom) counts.set(one, (counts.get(one) ?? 0) + 1);
    return settled();
  };
  const answers = new Map<string, ThreadedMail[]>(people.map((one) => [one, []]));
  /** Answers the last mail that they got, as mail programs do. */
  const answer = async (by: string, text: string) => {
    const last = arrived(present((await given.mailsTo(by)).at(-1)), rewritten);
    const mail: ThreadedMail = {
      id: `${crypto.randomUUID()}@mail.example`,
      references: [...last.references, last.id],
      inReplyTo: last.id,
      subject: `Re: ${last.subject.replace(/^Re: /, "")}`,
    };
    answers.get(by)?.push(mail);
    const actor = await participantOf({ ...alice, address: by }, conversation, alice);
    return answered(conversation, actor, text, mail.id);
  };

  await settled();
  const first = await said(alice, conversation, "At noon, in the hall");
  await told(nina, otto);
  const agreed = await answer(nina, "Fine");
  await told(otto);
  await said(bob, conversation, "Who cooks?", agreed);
  await told(nina, otto);
  await done(bob.parley.messageModify({ conversation, message: first, body: "At one, in the hall" }));
  await told(nina, otto);
  await answer(otto, "I do");
  await told(nina);
  await done(alice.parley.subjectModify({ conversation, subject: "Dinner" }));
  await done(alice.parley.messageRemove({ conversation, message: first }));
  await told(nina, otto);
  await answer(otto, "Dinner, then");
  await told(nina);
  await said(bob, conversation, "So be it");
  await told(nina, otto);

  for (const one of people) {
    const received = (await given.mailsTo(one)).map((mail) => arrived(mail, rewritten));
    const mailbox = [...received, ...(answers.get(one) ?? [])];
    for (const threads of [threadsOf, threadsByIds]) {
      // In whatever order they are found, and with any of them deleted.
      for (const some of [mailbox, mailbox.toReversed(), ...mailbox.map((_, index) => mailbox.toSpliced(index, 1))]) {
        const found = threads(some);
        expect(found.map((thread) => thread.length)).toEqual([some.length]);
      }
    }
    // Programs that compare subjects, too, find one.
    expect(new Set(mailbox.map(({ subject }) => subject))).toEqual(new Set(["Lunch", "Re: Lunch"]));
  }
  // Mails of other conversations of the same subject are not among them, by their ids.
  const { conversation: other } = await done(
    alice.parley.conversationCreate({ subject: "Lunch", participants: [{ address: nina }], publish: true }),
  );
  expect(other.hash).not.toBe(conversation);
  const both = await given.untilMailed(nina, (counts.get(nina) ?? 0) + 1);
  expect(threadsByIds(both.map((mail) => arrived(mail, rewritten)))).toHaveLength(2);
});
