import { describe, expect, test } from "vitest";
import { type Role, roles } from "../../src/protocol/event.ts";
import { type Actor, beginning, dayMs, fromAbroad, given, type Outcome, timeAfter } from "./given.ts";

/**
 * Mona has this role; she has words, a label and files of her own from when she was an ADMIN, who attaches to anything.
 * Wes, a WRITER, has the like.
 */
function givenMona(role: Role) {
  const scene = given({ mona: fromAbroad("ADMIN"), wes: "WRITER", rita: "READER" });
  for (const [name, own] of [
    ["mona", "her"],
    ["wes", "his"],
  ] as const) {
    const actor = scene.when(name);
    actor.writes(`${own} message`).accepted();
    actor.attaches(`${own} file`, `${own} message`).accepted();
    actor.labels(`${own} label`).accepted();
  }
  scene.when("mona").attaches("her file at his message", "his message").accepted();
  scene.when("mona").attaches("her file at no message").accepted();
  scene.when("alice").attaches("alice's file at her message", "her message").accepted();
  if (role !== "ADMIN") scene.when("alice").makes("mona", role).accepted();
  return scene;
}

const everybody = roles;
const commentersUp = ["COMMENTER", "WRITER", "ADMIN"] as const;
const writersUp = ["WRITER", "ADMIN"] as const;
const admins = ["ADMIN"] as const;
const nobody: readonly Role[] = [];

const acts: ReadonlyArray<readonly [act: string, who: readonly Role[], does: (mona: Actor) => Outcome]> = [
  ["adds a message that answers another", commentersUp, (mona) => mona.answers("his message")],
  ["adds a message that answers none", writersUp, (mona) => mona.writes("another")],
  ["modifies her own message", commentersUp, (mona) => mona.modifies("her message")],
  ["locks her own message", commentersUp, (mona) => mona.locks("her message")],
  ["removes her own message", commentersUp, (mona) => mona.removes("her message")],
  ["attaches to her own message", commentersUp, (mona) => mona.attaches("new file", "her message")],
  ["modifies another's message", writersUp, (mona) => mona.modifies("his message")],
  ["locks another's message", writersUp, (mona) => mona.locks("his message")],
  ["removes another's message", admins, (mona) => mona.removes("his message")],
  ["attaches to another's message", admins, (mona) => mona.attaches("new file", "his message")],
  ["attaches to the conversation", writersUp, (mona) => mona.attaches("new file")],
  ["removes an attachment that she added to her own message", commentersUp, (mona) => mona.detaches("her file")],
  [
    "removes an attachment that she added to another's message",
    writersUp,
    (mona) => mona.detaches("her file at his message"),
  ],
  [
    "removes an attachment that she added to the conversation",
    writersUp,
    (mona) => mona.detaches("her file at no message"),
  ],
  [
    "removes an attachment that another added to her message",
    admins,
    (mona) => mona.detaches("alice's file at her message"),
  ],
  ["removes an attachment that another added", admins, (mona) => mona.detaches("his file")],
  ["adds a label", writersUp, (mona) => mona.labels("new label")],
  ["removes a label that she added", writersUp, (mona) => mona.unlabels("her label")],
  ["removes a label that another added", admins, (mona) => mona.unlabels("his label")],
  ["modifies the subject", writersUp, (mona) => mona.callsIt("Trip")],
  ["adds a READER", writersUp, (mona) => mona.adds("zoe", "READER")],
  ["adds a COMMENTER", writersUp, (mona) => mona.adds("zoe", "COMMENTER")],
  ["adds a WRITER", writersUp, (mona) => mona.adds("zoe", "WRITER")],
  ["adds an ADMIN", admins, (mona) => mona.adds("zoe", "ADMIN")],
  ["gives another a role", admins, (mona) => mona.makes("rita", "WRITER")],
  ["takes a role from another", admins, (mona) => mona.makes("wes", "READER")],
  ["demotes an ADMIN", admins, (mona) => mona.makes("alice", "READER")],
  ["gives herself a role", ["ADMIN"], (mona) => mona.makes("mona", "COMMENTER")],
  ["makes herself an ADMIN", nobody, (mona) => mona.makes("mona", "ADMIN")],
  ["removes another participant", admins, (mona) => mona.throwsOut("rita")],
  ["removes an ADMIN", admins, (mona) => mona.throwsOut("alice")],
  ["erases another participant", nobody, (mona) => mona.erases("rita")],
  ["sets an expiry", admins, (mona) => mona.letsItExpireAt(timeAfter(beginning, dayMs))],
  ["takes the lead for her platform", admins, (mona) => mona.asksForTheLead()],
  ["leaves", everybody, (mona) => mona.leaves()],
  ["leaves and erases herself", everybody, (mona) => mona.erases()],
];

describe.each(acts)("Who %s", (act, who, does) => {
  test.each(roles)(`a %s${who.length === 0 ? " (nobody may)" : ""}`, (role) => {
    const outcome = does(givenMona(role).when("mona"));
    if (who.includes(role)) outcome.accepted();
    // To be made what one is already is no event, also for an ADMIN.
    else if (act === "makes herself an ADMIN" && role === "ADMIN") outcome.done();
    else outcome.rejected("FORBIDDEN");
  });
});

describe("A right to one's own", () => {
  test("releasing goes with locking: a COMMENTER releases the lock on their own message, and is not asked about another's", () => {
    const scene = givenMona("COMMENTER");
    scene.when("mona").locks("her message").accepted();
    scene.when("mona").releases("her message").accepted();
    scene.when("wes").locks("his message").accepted();
    scene.when("mona").releases("his message").rejected("FORBIDDEN");
  });

  test("belongs to who added the message, not to who modified it last", () => {
    const scene = givenMona("WRITER");
    scene.when("mona").modifies("his message").accepted();
    scene.when("mona").removes("his message").rejected("FORBIDDEN");
    scene.when("wes").removes("his message").accepted();
  });

  test("is a participation's: who was removed and added again has no right of old to their former words", () => {
    const scene = givenMona("COMMENTER");
    scene.when("mona").leaves().accepted();
    scene.when("alice").adds("mona", fromAbroad("COMMENTER")).accepted();
    scene.when("mona").modifies("her message").rejected("FORBIDDEN");
    scene.when("mona").answers("her message").accepted();
  });

  test("is asked about before anything else of the item: a READER learns of no lock, no conflict, no removal", () => {
    const scene = givenMona("READER");
    scene.when("wes").locks("his message").accepted();
    scene
      .when("mona")
      .modifies("his message", { follows: scene.id("rita") })
      .rejected("FORBIDDEN");
    scene.when("alice").unlabels("his label").accepted();
    scene.when("mona").unlabels("his label").rejected("FORBIDDEN");
  });
});

test("Each role may all that the ones before it may", () => {
  for (const [act, who] of acts) {
    const places = who.map((role) => roles.indexOf(role));
    expect(places, act).toEqual(roles.map((_, place) => place).slice(roles.length - who.length));
  }
});
