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

/** Who tries where, and with what: one of each for each, and only what the rule is about. */
interface Scene {
  readonly by: Somebody;
  readonly conversation: string;
  readonly item: string;
  readonly newcomer: Somebody;
}

/** What it is about. Their own they added as a WRITER, before they got their role. */
type About = "own message" | "another's message" | "own label" | "another's label" | "another participant" | "newcomer";

interface Row {
  readonly rule: string;
  readonly about?: About;
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
    about: "another's message",
    attempt: ({ by, conversation, item }) => by.parley.messageAdd({ conversation, body: "Words", parent: item }),
    verdicts: [...none, no, "done", "done", "done"],
  },
  {
    rule: "a COMMENTER modifies their own messages",
    about: "own message",
    attempt: ({ by, conversation, item }) => by.parley.messageModify({ conversation, message: item, body: "New" }),
    verdicts: [...none, no, "done", "done", "done"],
  },
  {
    rule: "a WRITER modifies any message",
    about: "another's message",
    attempt: ({ by, conversation, item }) => by.parley.messageModify({ conversation, message: item, body: "New" }),
    verdicts: [...none, no, no, "done", "done"],
  },
  {
    rule: "a COMMENTER locks their own messages",
    about: "own message",
    attempt: ({ by, conversation, item }) => by.parley.messageLock({ conversation, message: item }),
    verdicts: [...none, no, "done", "done", "done"],
  },
  {
    rule: "a WRITER locks what they may modify",
    about: "another's message",
    attempt: ({ by, conversation, item }) => by.parley.messageLock({ conversation, message: item }),
    verdicts: [...none, no, no, "done", "done"],
  },
  {
    rule: "releasing goes with modifying",
    about: "another's message",
    attempt: ({ by, conversation, item }) => by.parley.messageRelease({ conversation, message: item }),
    verdicts: [...none, no, no, "nothing to do", "nothing to do"],
  },
  {
    rule: "a COMMENTER removes their own messages",
    about: "own message",
    attempt: ({ by, conversation, item }) => by.parley.messageRemove({ conversation, message: item }),
    verdicts: [...none, no, "done", "done", "done"],
  },
  {
    rule: "an ADMIN removes anybody's messages",
    about: "another's message",
    attempt: ({ by, conversation, item }) => by.parley.messageRemove({ conversation, message: item }),
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
    rule: "a WRITER removes the labels that they added",
    about: "own label",
    attempt: ({ by, conversation, item }) => by.parley.labelRemove({ conversation, label: item }),
    verdicts: [...none, no, no, "done", "done"],
  },
  {
    rule: "an ADMIN removes anybody's labels",
    about: "another's label",
    attempt: ({ by, conversation, item }) => by.parley.labelRemove({ conversation, label: item }),
    verdicts: [...none, no, no, no, "done"],
  },
  {
    rule: "a WRITER adds participants up to WRITER",
    about: "newcomer",
    attempt: ({ by, conversation, newcomer: { address } }) => by.parley.participantAdd({ conversation, address }),
    verdicts: [...none, no, no, "done", "done"],
  },
  {
    rule: "an ADMIN adds ADMINs",
    about: "newcomer",
    attempt: ({ by, conversation, newcomer: { address } }) =>
      by.parley.participantAdd({ conversation, address, role: "ADMIN" }),
    verdicts: [...none, no, no, no, "done"],
  },
  {
    rule: "an ADMIN gives roles",
    about: "another participant",
    attempt: ({ by, conversation, item }) =>
      by.parley.participantModify({ conversation, participant: item, role: "COMMENTER" }),
    verdicts: [...none, no, no, no, "done"],
  },
  {
    rule: "an ADMIN removes anybody",
    about: "another participant",
    attempt: ({ by, conversation, item }) => by.parley.participantRemove({ conversation, participant: item }),
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

/** The id of what somebody tries it with. */
const itemFor = async (
  about: About | undefined,
  by: Somebody,
  creator: Somebody,
  conversation: string,
): Promise<string> => {
  switch (about) {
    case "own message":
      return said(by, conversation);
    case "another's message":
      return said(creator, conversation);
    case "own label":
      return labelled(by, conversation, `by ${by.address}`);
    case "another's label":
      return labelled(creator, conversation, `for ${by.address}`);
    case "another participant": {
      const { target } = await given.people("target");
      await done(creator.parley.participantAdd({ conversation, address: target.address, role: "READER" }));
      return participantOf(target, conversation);
    }
    default:
      return "";
  }
};

test.each(rows)("$rule", async ({ about, attempt, verdicts }) => {
  const people = await given.people("creator", ...columns);
  const { creator } = people;
  const inside = columns.filter((column) => column !== "stranger");
  const conversation = await conversationOf(creator, [...inside.map((column) => [people[column], "WRITER"] as const)]);
  const scenes: [Column, Scene][] = [];
  for (const column of columns) {
    const by = people[column];
    // A stranger has nothing there.
    const owner = column === "stranger" ? creator : by;
    const item = await itemFor(about, owner, creator, conversation);
    const { newcomer } = about === "newcomer" ? await given.people("newcomer") : { newcomer: by };
    scenes.push([column, { by, conversation, item, newcomer }]);
  }
  for (const column of inside) {
    const role = roleOf[column] ?? "WRITER";
    if (column !== "removed" && role === "WRITER") continue;
    const participant = await participantOf(people[column], conversation);
    if (column === "removed") await done(creator.parley.participantRemove({ conversation, participant }));
    else await done(creator.parley.participantModify({ conversation, participant, role }));
  }
  const found: Partial<Record<Column, string>> = {};
  for (const [column, scene] of scenes) found[column] = await verdictOf(attempt(scene));
  expect(found).toEqual(Object.fromEntries(columns.map((column, index) => [column, verdicts[index]])));
});
