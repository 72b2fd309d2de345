import { describe, expect, test } from "vitest";
import type { Command, Occasion } from "../../src/conversation/accept.ts";
import { noWords } from "../../src/conversation/body.ts";
import {
  type Draft,
  draftMessagesMax,
  editDraft,
  emptyDraft,
  publishDraft,
  type Reach,
} from "../../src/conversation/draft.ts";
import { fold } from "../../src/conversation/evolve.ts";
import type { Rejection, RejectionCode } from "../../src/conversation/rejection.ts";
import { emptyState } from "../../src/conversation/state.ts";
import { take } from "../../src/conversation/take.ts";
import type { MessageBody, SignedProposal } from "../../src/protocol/event.ts";
import { type Entry, proposalId } from "../../src/protocol/seal.ts";
import {
  beginning,
  byMail,
  dayMs,
  home,
  messageBody,
  participantBody,
  salts,
  signerOf,
  someHash,
  taking,
  timeAfter,
} from "./given.ts";

const occasion: Occasion = { signer: signerOf(home), sentAt: beginning, salt: salts() };
const alice = { address: "alice@a.example", name: "Alice" };
const everybodyIsHere: Reach = () => ({ via: home, mail: false, imported: false });

const message = (as: string, parent: string | null = null, body: Partial<MessageBody> = {}) =>
  [
    as,
    {
      action: "add",
      model: "message",
      item: parent === null ? null : someHash(parent),
      body: { ...messageBody(as), ...body },
    },
  ] as const;
const label = (name: string) => [name, { action: "add", model: "label", body: { name } }] as const;
const person = (name: string) =>
  [name, { action: "add", model: "participant", value: taking("WRITER"), body: participantBody(name) }] as const;
const subject = (text: string) => ["", { action: "modify", model: "subject", body: { subject: text } }] as const;
const expiry = (expiresAt: string | null) =>
  ["", { action: "modify", model: "expiry", value: expiresAt === null ? null : { expiresAt } }] as const;
const on = (action: Command["action"], model: Command["model"], item: string, more: Partial<Command> = {}) =>
  ["", { action, model, item: someHash(item), ...more }] as const;

function edited(draft: Draft, ...commands: ReadonlyArray<readonly [string, Command]>): Draft {
  return commands.reduce((before, [as, command]) => {
    const after = editDraft(before, command, someHash(as));
    if ("code" in after) throw new Error(after.code);
    return after;
  }, draft);
}

function codeOf(result: Draft | Rejection | readonly SignedProposal[]): RejectionCode | null {
  return "code" in result ? result.code : null;
}
const refused = (draft: Draft, [as, command]: readonly [string, Command]) =>
  codeOf(editDraft(draft, command, someHash(as)));

/** What the log says after publishing, all in one append. */
function published(draft: Draft, reach = everybodyIsHere): readonly Entry[] {
  const proposals = publishDraft(draft, alice, reach, occasion);
  if ("code" in proposals) throw new Error(proposals.code);
  const state = emptyState();
  const taken = take(state, noWords(), { proposals }, beginning, occasion);
  if ("rejection" in taken) throw new Error(taken.rejection.code);
  expect(fold(taken.entries)).toEqual(state);
  return taken.entries;
}

const full = edited(
  emptyDraft,
  person("bob"),
  label("trip"),
  message("first"),
  message("second", "first"),
  expiry(timeAfter(beginning, dayMs)),
  subject("Trip to Rome"),
);

describe("Publishing turns a draft into events", () => {
  test("in this order: conversation, subject, expiry, messages, labels, and last the participants: adding a participant is sending", () => {
    const said = published(full).map(({ event }) => `${event.proposal.action} ${event.proposal.model}`);
    expect(said).toEqual([
      "publish conversation",
      "modify subject",
      "modify expiry",
      "add message",
      "add message",
      "add label",
      "add participant",
    ]);
  });

  test("what the draft does not say is no event", () => {
    expect(published(emptyDraft).map(({ event }) => event.proposal.model)).toEqual(["conversation"]);
  });

  test("the creator is the first event, with the slug of the first subject", () => {
    expect(published(full)[0]?.body).toEqual({ ...alice, slug: "trip-to-rome", continues: null });
  });

  test("answers answer the messages that the draft's became", () => {
    const [, , , first, second] = published(full);
    expect(second?.event.proposal.item).toBe(first?.id);
  });

  test("mentions name the participants that will be added; publishing computes the adds first", () => {
    const draft = edited(full, message("third", null, { mentions: [someHash("bob"), someHash("nobody")] }));
    const entries = published(draft);
    const bob = entries.at(-1);
    const third = entries.find(({ body }) => body !== null && "text" in body && body.text === "third");
    expect(third?.body).toMatchObject({ mentions: [bob?.id, someHash("nobody")] });
  });

  test("each takes part as their address is reached", () => {
    const reach: Reach = (address) => (address.startsWith("mia") ? byMail("READER") : everybodyIsHere(address));
    const entries = published(
      edited(
        emptyDraft,
        person("bob"),
        person("mia"),
        on("modify", "participant", "mia", { value: { role: "READER" } }),
      ),
      reach,
    );
    expect(entries.slice(1).map(({ event }) => event.proposal.value)).toEqual([taking("WRITER"), byMail("READER")]);
  });

  test("two of one draft are two conversations: no id is that of another", () => {
    const ids = [...published(full), ...published(full)].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("the ids are those of the proposals", () => {
    for (const { id, event } of published(full)) expect(proposalId(event.proposal)).toBe(id);
  });

  test("an address that nobody has is RECIPIENT_UNKNOWN, and nothing is published", () => {
    const reach: Reach = (address) => (address.startsWith("bob") ? null : everybodyIsHere(address));
    const result = publishDraft(full, alice, reach, occasion);
    expect(codeOf(result)).toBe("RECIPIENT_UNKNOWN");
    expect("message" in result && result.message).toContain("bob@somewhere.example");
  });

  test.each([-dayMs, 0])("an expiry in the past (%i ms) is EXPIRED", (ms) => {
    const draft = edited(full, expiry(timeAfter(beginning, ms)));
    expect(codeOf(publishDraft(draft, alice, everybodyIsHere, occasion))).toBe("EXPIRED");
  });

  test("the creator is not added a second time", () => {
    const draft = edited(full, [
      "alice",
      { action: "add", model: "participant", body: { address: alice.address, name: null } },
    ]);
    expect(codeOf(publishDraft(draft, alice, everybodyIsHere, occasion))).toBe("ALREADY_PARTICIPANT");
  });

  test("an ADMIN by mail is INVALID_ROLE when it is taken, and nothing of the draft is", () => {
    const draft = edited(full, on("modify", "participant", "bob", { value: { role: "ADMIN" } }));
    const proposals = publishDraft(draft, alice, () => byMail("READER"), occasion);
    if ("code" in proposals) throw new Error(proposals.code);
    const state = emptyState();
    const taken = take(state, noWords(), { proposals }, beginning, occasion);
    expect("rejection" in taken && taken.rejection.code).toBe("INVALID_ROLE");
    expect(state).toEqual(emptyState());
  });
});

describe("A draft is edited by the same commands", () => {
  test("the last word counts", () => {
    const draft = edited(
      full,
      subject("Trip to Naples"),
      expiry(null),
      on("modify", "message", "first", { body: messageBody("anew") }),
    );
    expect(draft).toMatchObject({ subject: "Trip to Naples", expiresAt: null });
    expect(draft.messages[0]?.body.text).toBe("anew");
  });

  test("removing leaves the rest, and what answered a removed message answers nothing", () => {
    const draft = edited(
      full,
      on("remove", "message", "first"),
      on("remove", "label", "trip"),
      on("remove", "participant", "bob"),
    );
    expect(draft).toMatchObject({ labels: [], participants: [] });
    expect(draft.messages.map(({ id, parent }) => [id, parent])).toEqual([[someHash("second"), null]]);
  });

  test("locks mean nothing where nobody else writes", () => {
    expect(edited(full, on("lock", "message", "first"), on("release", "message", "first"))).toEqual(full);
  });

  test("editing leaves the draft before as it was", () => {
    const before = structuredClone(full);
    edited(full, subject("Another"), on("remove", "message", "first"), label("more"));
    expect(full).toEqual(before);
  });

  test.each<[string, readonly [string, Command]]>([
    ["modify a message", on("modify", "message", "nothing", { body: messageBody() })],
    ["remove one", on("remove", "message", "nothing")],
    ["lock one", on("lock", "message", "nothing")],
    ["answer one", message("x", "nothing")],
    ["remove a label", on("remove", "label", "nothing")],
    ["give a role", on("modify", "participant", "nothing", { value: { role: "READER" } })],
    ["remove a participant", on("remove", "participant", "nothing")],
  ])("what is not there is NOT_FOUND: %s", (_, command) => expect(refused(full, command)).toBe("NOT_FOUND"));

  test.each<[string, readonly [string, Command]]>([
    ["publish", ["", { action: "publish", model: "conversation" }]],
    ["the lead", ["", { action: "modify", model: "leader", value: { leader: home } }]],
    ["a pair that is none", ["", { action: "lock", model: "subject" }]],
  ])("what a draft does not have is refused: %s", (_, command) => {
    expect(["INVALID_ACTION", "INVALID_BODY"]).toContain(refused(full, command));
  });

  test.each<[string, Command["action"], Command["model"]]>([
    ["a message", "add", "message"],
    ["a label", "add", "label"],
    ["a participant", "add", "participant"],
    ["a subject", "modify", "subject"],
    ["a modified message", "modify", "message"],
  ])("%s without its body is INVALID_BODY, not a fault", (_, action, model) => {
    expect(refused(full, ["x", { action, model, item: someHash("first") }])).toBe("INVALID_BODY");
  });
});

describe("Limits and words are held to as in a conversation", () => {
  const many = (count: number, make: (name: string) => readonly [string, Command]) =>
    edited(emptyDraft, ...Array.from({ length: count }, (_, index) => make(`n${index}`)));

  test("50 labels", () => expect(refused(many(50, label), label("more"))).toBe("LIMIT_EXCEEDED"));
  test("1,000 participants, of whom the creator is one", () =>
    expect(refused(many(999, person), person("more"))).toBe("LIMIT_EXCEEDED"));
  test("as many messages as one publishing writes", () => {
    expect(
      refused(
        many(draftMessagesMax, (name) => message(name)),
        message("more"),
      ),
    ).toBe("LIMIT_EXCEEDED");
  });
  test("a label that is already there", () => expect(refused(full, label("TRIP"))).toBe("LABEL_EXISTS"));
  test("a recipient who already takes part", () =>
    expect(refused(full, ["bob again", person("bob")[1]])).toBe("ALREADY_PARTICIPANT"));
  test("an address that is none", () => {
    const command = { action: "add", model: "participant", body: { address: "Bob", name: null } } as const;
    expect(refused(full, ["x", command])).toBe("INVALID_ADDRESS");
  });
  test("words that do not fit", () => expect(refused(full, subject("a\nb"))).toBe("INVALID_BODY"));
});
