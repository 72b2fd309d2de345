// Inputs that nobody means well with: a clear no, nothing changed, and never a fault of ours.
import { beforeAll, describe, expect, test } from "vitest";
import { ParleyError } from "../../sdk/src/index.ts";
import {
  conversationOf,
  done,
  errorCodeOf,
  givenPlatform,
  headOf,
  labelled,
  participantOf,
  present,
  type Somebody,
  said,
} from "./given.ts";

const given = givenPlatform();

/** How a mutation answered: `done`, the code of a rejection, or the code of an error. */
const outcomeOf = async (answer: Promise<object>): Promise<string> => {
  try {
    const result = await answer;
    return "code" in result ? String(result.code) : "done";
  } catch (error) {
    if (error instanceof ParleyError) return error.code;
    throw error;
  }
};

const texts: Readonly<Record<string, string>> = {
  "U+0000": "a\u0000b",
  "half a character": "a\ud800b",
  "the other half": "\udc00",
  "a bell": "a\u0007b",
  "two lines": "a\nb",
  "a line separator": "a\u2028b",
  nothing: "",
  "nothing but spaces": " \t ",
  "no break at all": "\u00a0",
  "a zero-width space": "\u200b",
  "what nobody sees": "\u2060 \ufeff\u200d",
  "an isolate": "\u2067anything\u2069",
  "joiners within words": "می\u200cخواهم 👩\u200d💻",
  "256 KiB and one": "x".repeat(256 * 1024 + 1),
  "201 characters": "x".repeat(201),
  "65 sandwiches": "🥪".repeat(65),
  "right to left": "\u202egnihtyna",
  "a prototype": "__proto__",
  SQL: "'); DROP TABLE event; --",
  JSON: '{"$ne": null}',
  HTML: "<script>alert(1)</script>",
  "a path": "../../../../etc/passwd",
  "a template": "{{7*7}}%s%n<%= 7 %>",
};

describe("texts", () => {
  let alice: Somebody;
  let conversation: string;
  let draft: string;
  let message: string;
  let label: string;
  let participant: string;
  beforeAll(async () => {
    const people = await given.people("alice", "bob");
    alice = people.alice;
    conversation = await conversationOf(alice, [[people.bob, "READER"]]);
    draft = present((await done(alice.parley.conversationCreate({ subject: "Draft" }))).conversation.draftHash);
    message = await said(alice, conversation);
    label = await labelled(alice, conversation, "food");
    participant = await participantOf(people.bob, conversation);
  });

  const words: Readonly<Record<string, (text: string, where: string) => Promise<object>>> = {
    "a subject": (subject, where) => alice.parley.subjectModify({ conversation: where, subject }),
    "a message": (body, where) => alice.parley.messageAdd({ conversation: where, body }),
    "an edit": (body) => alice.parley.messageModify({ conversation, message, body }),
    "a label": (name, where) => alice.parley.labelAdd({ conversation: where, name }),
    "a name": async (name, where) => {
      const { carol } = await given.people("carol");
      return alice.parley.participantAdd({ conversation: where, address: carol.address, name });
    },
    "an address": (address, where) => alice.parley.participantAdd({ conversation: where, address }),
    "the subject of a new conversation": (subject) => alice.parley.conversationCreate({ subject }),
    "the label of a new conversation": (name) => alice.parley.conversationCreate({ labels: [name], publish: true }),
    "the message of a new conversation": (body) =>
      alice.parley.conversationCreate({ messages: [{ body }], publish: true }),
    "a participant of a new conversation": (address) =>
      alice.parley.conversationCreate({ participants: [{ address }] }),
  };
  /** What of these a conversation keeps. A subject may be empty: then there is none. */
  const kept: Readonly<Record<string, readonly string[]>> = {
    "a message": [
      "a bell",
      "two lines",
      "a line separator",
      "right to left",
      "an isolate",
      "201 characters",
      "65 sandwiches",
    ],
    "a subject": ["nothing", "nothing but spaces", "no break at all", "65 sandwiches"],
    "a label": [],
    "a name": ["nothing", "nothing but spaces", "no break at all", "65 sandwiches"],
  };
  const plain = ["joiners within words", "a prototype", "SQL", "JSON", "HTML", "a path", "a template"];
  const keeps = (what: string, kind: string): boolean => {
    const sort = ["subject", "message", "edit", "name", "label"].find((word) => what.includes(word));
    if (sort === undefined) return false;
    const name = sort === "edit" ? "a message" : `a ${sort}`;
    return plain.includes(kind) || (kept[name] ?? []).includes(kind);
  };

  test.each(Object.keys(words))("as %s are kept as they are, or refused and change nothing", async (what) => {
    const say = present(words[what]);
    for (const [kind, text] of Object.entries(texts)) {
      for (const where of [conversation, draft]) {
        const before = await headOf(alice, conversation);
        const outcome = await outcomeOf(say(text, where));
        const refusals = ["INVALID_BODY", "INVALID_ADDRESS", "RECIPIENT_UNKNOWN"];
        const expected = keeps(what, kind) ? ["done", "LABEL_EXISTS"] : refusals;
        expect(expected, `${kind} as ${what}`).toContain(outcome);
        if (outcome !== "done") expect(await headOf(alice, conversation)).toBe(before);
      }
    }
  });

  test("as ids and hashes are refused, or name nothing", async () => {
    const { parley } = alice;
    const ids: Readonly<Record<string, (id: string) => Promise<object>>> = {
      conversation: (id) => parley.messageAdd({ conversation: id, body: "Words" }),
      parent: (id) => parley.messageAdd({ conversation, body: "Words", parent: id }),
      mentions: (id) => parley.messageAdd({ conversation, body: "Words", mentions: [id] }),
      message: (id) => parley.messageRemove({ conversation, message: id }),
      follows: (id) => parley.messageRemove({ conversation, message, follows: id }),
      label: (id) => parley.labelRemove({ conversation, label: id }),
      participant: (id) => parley.participantRemove({ conversation, participant: id }),
      draftHash: (id) => parley.conversationPublish({ draftHash: id }),
      discarded: (id) => parley.conversationDiscard({ draftHash: id }),
      left: (id) => parley.conversationLeave({ conversation: id }),
      read: (id) => parley.conversationRead({ conversation: id }),
    };
    const head = await headOf(alice, conversation);
    for (const [name, send] of Object.entries(ids)) {
      for (const [kind, text] of Object.entries(texts)) {
        expect(["BAD_USER_INPUT", "NOT_FOUND"], `${kind} as ${name}`).toContain(await outcomeOf(send(text)));
      }
    }
    expect(await headOf(alice, conversation)).toBe(head);
    expect(label).toHaveLength(43);
    expect(participant).toHaveLength(43);
  });

  test("as cursors and ids of queries are refused, or find nothing", async () => {
    const { parley } = alice;
    const asked = [
      (text: string) => parley.conversations({ after: text }),
      (text: string) => parley.messages({ conversation, before: text }),
      (text: string) => parley.conversation({ id: text }),
      (text: string) => parley.conversation({ hash: text }),
      (text: string) => parley.conversation({ draftHash: text }),
      (text: string) => parley.events({ after: text }).next(),
      (text: string) => parley.events({ conversation: text }).next(),
    ];
    for (const [index, ask] of asked.entries()) {
      for (const [kind, text] of Object.entries(texts)) {
        expect(await errorCodeOf(ask(text)), `${kind} as ${index}`).toMatch(/^(BAD_USER_INPUT|VARIABLES_TOO_LARGE)$/);
      }
    }
  });
});

const addresses = [
  ["two @", "a@b@localhost"],
  ["no local part", "@localhost"],
  ["a quoted local part", '"a b"@localhost'],
  ["a space within", "a b@localhost"],
  ["a comment", "bob(work)@localhost"],
  ["a name before it", "Bob <bob@localhost>"],
  ["a port", "bob@localhost:25"],
  ["a trailing dot", "bob@localhost."],
  ["an IPv4 address", "bob@127.0.0.1"],
  ["an IPv4 address as a number", "bob@2130706433"],
  ["an IPv6 address", "bob@[::1]"],
  ["a dot at the end", "bob.@localhost"],
  ["a local part of 65 characters", `${"b".repeat(65)}@localhost`],
  ["256 characters", `bob@${"a.".repeat(125)}aa`],
  ["a zero-width space", "bo\u200bb@localhost"],
  ["a soft hyphen", "bo\u00adb@localhost"],
  ["a line break", "bob@localhost\r\nBcc: eve@localhost"],
  ["an empty label", "bob@a..b"],
  ["a label that begins with -", "bob@-a.example"],
] as const;

test.each(addresses)("an address with %s is none", async (_, address) => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const head = await headOf(alice, conversation);
  expect(await outcomeOf(alice.parley.participantAdd({ conversation, address }))).toBe("INVALID_ADDRESS");
  expect(await headOf(alice, conversation)).toBe(head);
});

test.each([
  ["a date alone", "2100-01-01"],
  ["no zone", "2100-01-01T00:00:00"],
  ["a 13th month", "2100-13-01T00:00:00Z"],
  ["a year beyond 9999", "+010000-01-01T00:00:00Z"],
  ["a year that ends up beyond 9999", "9999-12-31T23:59:59-23:59"],
  ["the 30th of February", "2027-02-30T00:00:00Z"],
  ["the 29th of February in a year that has none", "2027-02-29t12:00:00.5+02:00"],
  ["the 24th hour", "2027-01-01T24:00:00Z"],
  ["the year 0", "0000-01-01T00:00:00Z"],
  ["words", "tomorrow"],
  ["U+0000", "\u0000"],
  ["a number", "1e99"],
])("an expiry with %s is refused", async (_, expiresAt) => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  expect(await outcomeOf(alice.parley.expiryModify({ conversation, expiresAt }))).toBe("BAD_USER_INPUT");
  expect(await outcomeOf(alice.parley.conversationCreate({ expiresAt }))).toBe("BAD_USER_INPUT");
});

test.each([
  "0001-01-01T00:00:00Z",
  "9999-12-31T23:59:59.999Z",
  "2028-02-29t23:59:59z",
  "2100-02-28T12:00:00.1234567+05:30",
])("an expiry of %s is taken", async (expiresAt) => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const { conversation: after } = await done(alice.parley.expiryModify({ conversation, expiresAt }));
  const shown = present(await alice.parley.conversation({ hash: conversation }));
  expect(shown.expiresAt).toBe(new Date(expiresAt).toISOString());
  expect(after.expiresAt).toBe(shown.expiresAt);
});

test("a receipt beyond everything is kept within the log, and one below nothing is refused", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const readUpTo = async (upTo: number) =>
    (await done(alice.parley.conversationRead({ conversation, upTo }))).participant?.readUpTo;
  expect(await readUpTo(0)).toBe(0);
  expect(await readUpTo(2 ** 31 - 1)).toBe(await headOf(alice, conversation));
  expect(await readUpTo(1)).toBe(await headOf(alice, conversation));
  expect(await outcomeOf(alice.parley.conversationRead({ conversation, upTo: -1 }))).toBe("BAD_USER_INPUT");
  expect(await outcomeOf(alice.parley.conversationRead({ conversation, upTo: 2 ** 31 }))).toBe("BAD_USER_INPUT");
  expect(await outcomeOf(alice.parley.conversationRead({ conversation, upTo: 1.5 }))).toBe("BAD_USER_INPUT");
});

test("a thousand mentions are taken, one more is refused", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const hash = (index: number) => Buffer.alloc(32, `mention ${index}`).toString("base64url");
  const mentions = Array.from({ length: 1_001 }, (_, index) => hash(index));
  expect(await outcomeOf(alice.parley.messageAdd({ conversation, body: "All", mentions }))).toBe("INVALID_BODY");
  expect(await outcomeOf(alice.parley.messageAdd({ conversation, body: "All", mentions: mentions.slice(1) }))).toBe(
    "done",
  );
});

test("a message that looks like a program is shown as words", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const body = '<script>alert(1)</script><img src=x onerror=alert(1)><a href="javascript:alert(1)">here</a>';
  for (const format of ["MARKDOWN", "PLAIN", "HTML"] as const) {
    const { item } = await done(alice.parley.messageAdd({ conversation, body, format }));
    expect(item?.body).toBe(body);
    expect(item?.bodyHtml).not.toMatch(/<script|<img|<a[^>]+javascript/i);
  }
});
