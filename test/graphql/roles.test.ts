// Who may do what: each role, and those who have none, with each mutation.
import { expect, test } from "vitest";
import type { Role } from "../../sdk/src/index.ts";
import {
  conversationOf,
  done,
  givenPlatform,
  labelled,
  participantOf,
  type Somebody,
  said,
  verdictOf,
} from "./given.ts";

const given = givenPlatform();

// In the order in which they try: whoever may the most comes last.
const columns = ["stranger", "removed", "reader", "commenter", "writer", "admin"] as const;
type Column = (typeof columns)[number];
const roleOf: Partial<Record<Column, Role>> = {
  reader: "READER",
  commenter: "COMMENTER",
  writer: "WRITER",
  admin: "ADMIN",
};

/** What somebody tries something with: theirs they added as a WRITER, before they got their role. */
interface Scene {
  readonly by: Somebody;
  readonly conversation: string;
  readonly own: { readonly message: string; readonly label: string };
  readonly others: { readonly message: string; readonly label: string };
  /** Somebody for each, in the conversation and not. */
  readonly participant: string;
  readonly newcomer: Somebody;
}

interface Row {
  readonly rule: string;
  attempt(scene: Scene): Promise<{ readonly __typename: string }>;
  /** In the order of the columns. */
  readonly verdicts: readonly [string, string, string, string, string, string];
}

const none = ["NOT_FOUND", "NOT_PARTICIPANT"] as const;
const no = "FORBIDDEN";
const rows: readonly Row[] = [
  {
    rule: "a WRITER adds messages",
    attempt: ({ by, conversation }) => by.parley.messageAdd({ conversation, body: "Words" }),
    verdicts: [...none, no, no, "done", "done"],
  },
  {
    rule: "a COMMENTER answers messages",
    attempt: ({ by, conversation, others }) =>
      by.parley.messageAdd({ conversation, body: "Words", parent: others.message }),
    verdicts: [...none, no, "done", "done", "done"],
  },
  {
    rule: "a COMMENTER modifies their own messages",
    attempt: ({ by, conversation, own }) =>
      by.parley.messageModify({ conversation, message: own.message, body: "New" }),
    verdicts: [...none, no, "done", "done", "done"],
  },
  {
    rule: "a WRITER modifies any message",
    attempt: ({ by, conversation, others }) =>
      by.parley.messageModify({ conversation, message: others.message, body: "New" }),
    verdicts: [...none, no, no, "done", "done"],
  },
  {
    rule: "a COMMENTER locks their own messages",
    attempt: ({ by, conversation, own }) => by.parley.messageLock({ conversation, message: own.message }),
    verdicts: [...none, no, "done", "done", "done"],
  },
  {
    rule: "a WRITER locks what they may modify",
    attempt: ({ by, conversation, others }) => by.parley.messageLock({ conversation, message: others.message }),
    verdicts: [...none, no, no, "done", "done"],
  },
  {
    rule: "releasing goes with modifying",
    attempt: ({ by, conversation, others }) => by.parley.messageRelease({ conversation, message: others.message }),
    verdicts: [...none, no, no, "nothing to do", "nothing to do"],
  },
  {
    rule: "a COMMENTER removes their own messages",
    attempt: ({ by, conversation, own }) => by.parley.messageRemove({ conversation, message: own.message }),
    verdicts: [...none, no, "done", "done", "done"],
  },
  {
    rule: "an ADMIN removes anybody's messages",
    attempt: ({ by, conversation, others }) => by.parley.messageRemove({ conversation, message: others.message }),
    verdicts: [...none, no, no, no, "done"],
  },
  {
    rule: "a WRITER modifies the subject",
    attempt: ({ by, conversation }) => by.parley.subjectModify({ conversation, subject: "New" }),
    verdicts: [...none, no, no, "done", "done"],
  },
  {
    rule: "an ADMIN sets the expiry",
    attempt: ({ by, conversation }) => by.parley.expiryModify({ conversation, expiresAt: "2100-01-01T00:00:00Z" }),
    verdicts: [...none, no, no, no, "done"],
  },
  {
    rule: "a WRITER adds labels",
    attempt: ({ by, conversation }) => by.parley.labelAdd({ conversation, name: by.address }),
    verdicts: [...none, no, no, "done", "done"],
  },
  {
    rule: "whoever may still speak removes the labels that they added",
    attempt: ({ by, conversation, own }) => by.parley.labelRemove({ conversation, label: own.label }),
    verdicts: [...none, no, "done", "done", "done"],
  },
  {
    rule: "an ADMIN removes anybody's labels",
    attempt: ({ by, conversation, others }) => by.parley.labelRemove({ conversation, label: others.label }),
    verdicts: [...none, no, no, no, "done"],
  },
  {
    rule: "a WRITER adds participants up to WRITER",
    attempt: ({ by, conversation, newcomer: { address } }) => by.parley.participantAdd({ conversation, address }),
    verdicts: [...none, no, no, "done", "done"],
  },
  {
    rule: "an ADMIN adds ADMINs",
    attempt: ({ by, conversation, newcomer: { address } }) =>
      by.parley.participantAdd({ conversation, address, role: "ADMIN" }),
    verdicts: [...none, no, no, no, "done"],
  },
  {
    rule: "an ADMIN gives roles",
    attempt: ({ by, conversation, participant }) =>
      by.parley.participantModify({ conversation, participant, role: "COMMENTER" }),
    verdicts: [...none, no, no, no, "done"],
  },
  {
    rule: "an ADMIN removes anybody",
    attempt: ({ by, conversation, participant }) => by.parley.participantRemove({ conversation, participant }),
    verdicts: [...none, no, no, no, "done"],
  },
  {
    rule: "anybody leaves, and who is gone already has nothing to do",
    attempt: ({ by, conversation }) => by.parley.conversationLeave({ conversation }),
    verdicts: ["NOT_FOUND", "nothing to do", "done", "done", "done", "done"],
  },
  {
    rule: "anybody erases what they said, also when they are gone already",
    attempt: ({ by, conversation }) => by.parley.conversationLeave({ conversation, erase: true }),
    verdicts: ["NOT_FOUND", "done", "done", "done", "done", "done"],
  },
  {
    rule: "anybody says how far they have read, of what they see",
    attempt: ({ by, conversation }) => by.parley.conversationRead({ conversation }),
    verdicts: ["NOT_FOUND", "done", "done", "done", "done", "done"],
  },
];

test.each(rows)("$rule", async ({ attempt, verdicts }) => {
  const people = await given.people("creator", ...columns);
  const { creator } = people;
  const inside = columns.filter((column) => column !== "stranger");
  const conversation = await conversationOf(creator, [...inside.map((column) => [people[column], "WRITER"] as const)]);
  const scenes: [Column, Scene][] = [];
  for (const column of columns) {
    const by = people[column];
    const { target, newcomer } = await given.people("target", "newcomer");
    await done(creator.parley.participantAdd({ conversation, address: target.address, role: "READER" }));
    const others = {
      message: await said(creator, conversation),
      label: await labelled(creator, conversation, `of the creator, for ${column}`),
    };
    const own =
      column === "stranger"
        ? others
        : { message: await said(by, conversation), label: await labelled(by, conversation, `of ${column}`) };
    scenes.push([
      column,
      { by, conversation, own, others, participant: await participantOf(target, conversation), newcomer },
    ]);
  }
  for (const column of inside) {
    const participant = await participantOf(people[column], conversation);
    const role = roleOf[column];
    if (column === "removed") await done(creator.parley.participantRemove({ conversation, participant }));
    else if (role && role !== "WRITER")
      await done(creator.parley.participantModify({ conversation, participant, role }));
  }
  const found: [Column, string][] = [];
  for (const [column, scene] of scenes) found.push([column, await verdictOf(attempt(scene))]);
  expect(Object.fromEntries(found)).toEqual(
    Object.fromEntries(columns.map((column, index) => [column, verdicts[index]])),
  );
});
