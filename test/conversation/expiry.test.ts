import { describe, expect, test } from "vitest";
import { isExpired } from "../../src/conversation/decide.ts";
import {
  type Actor,
  abroad,
  dayMs,
  fromAbroad,
  given,
  minuteMs,
  type Outcome,
  type Scene,
  timeAfter,
} from "./given.ts";

/** Until noon, say; everything is in it that can be in it, and noon has come. */
function givenExpired(): Scene {
  const scene = given({ bob: "WRITER", anna: "ADMIN", gus: fromAbroad("ADMIN") });
  scene.when("bob").writes("plan").accepted();
  scene.when("bob").writes("locked plan").accepted();
  scene.when("bob").locks("locked plan").accepted();
  scene.when("bob").attaches("file", "plan").accepted();
  scene.when("bob").labels("trip").accepted();
  scene.when("alice").letsItExpireAt(timeAfter(scene.now, minuteMs)).accepted();
  return scene.later(minuteMs);
}

const writing: ReadonlyArray<readonly [string, (actor: Actor) => Outcome]> = [
  ["adding a message", (actor) => actor.writes("late")],
  ["answering one", (actor) => actor.answers("plan")],
  ["modifying one", (actor) => actor.modifies("plan")],
  ["locking one", (actor) => actor.locks("plan")],
  ["releasing a lock", (actor) => actor.releases("locked plan")],
  ["attaching to it", (actor) => actor.attaches("late file", "plan")],
  ["attaching to the conversation", (actor) => actor.attaches("late file")],
  ["adding a label", (actor) => actor.labels("late")],
  ["modifying the subject", (actor) => actor.callsIt("Late")],
  ["adding a participant", (actor) => actor.adds("zoe", "READER")],
];

const stillPossible: ReadonlyArray<readonly [string, (scene: Scene) => Outcome]> = [
  ["removing a message", (scene) => scene.when("bob").removes("plan")],
  ["removing an attachment", (scene) => scene.when("bob").detaches("file")],
  ["removing a label", (scene) => scene.when("bob").unlabels("trip")],
  ["removing a participant", (scene) => scene.when("alice").throwsOut("bob")],
  ["leaving", (scene) => scene.when("bob").leaves()],
  ["erasing oneself", (scene) => scene.when("bob").erases()],
  ["an ADMIN's new expiry", (scene) => scene.when("anna").letsItExpireAt(timeAfter(scene.now, dayMs))],
  ["taking the expiry away", (scene) => scene.when("anna").letsItExpireAt(null)],
  ["handing over the lead", (scene) => scene.when("gus").asksForTheLead(abroad)],
];

describe("After the expiry there are only removals, leaving, an ADMIN's new expiry and handing over the lead", () => {
  test.each(writing)("no more %s, not by an ADMIN either", (_, act) => {
    act(givenExpired().when("bob")).rejected("EXPIRED");
    act(givenExpired().when("alice")).rejected("EXPIRED");
  });

  test("no more giving of roles", () => void givenExpired().when("alice").makes("bob", "READER").rejected("EXPIRED"));

  test.each(stillPossible)("but %s", (_, act) => void act(givenExpired()).accepted());

  test("each with its own right: a WRITER sets no new expiry, and removes nothing of others", () => {
    const scene = givenExpired();
    scene.when("bob").letsItExpireAt(null).rejected("FORBIDDEN");
    scene.when("bob").throwsOut("anna").rejected("FORBIDDEN");
    scene.when("bob").asksForTheLead().rejected("FORBIDDEN");
  });

  test("a new expiry opens it again", () => {
    const scene = givenExpired();
    scene.when("anna").letsItExpireAt(timeAfter(scene.now, minuteMs)).accepted();
    scene.when("bob").writes("in time after all").accepted();
    scene.later(minuteMs).when("bob").writes("late").rejected("EXPIRED");
  });
});

describe("The expiry", () => {
  test("holds from its very millisecond, judged by the timestamp of the event being decided", () => {
    const scene = given({ bob: "WRITER" });
    const expiresAt = timeAfter(scene.now, minuteMs);
    scene.when("alice").letsItExpireAt(expiresAt).accepted();
    scene
      .later(minuteMs - 1)
      .when("bob")
      .writes("in time")
      .accepted();
    scene.later(1).when("bob").writes("late").rejected("EXPIRED");
    expect(isExpired(scene.conversation, timeAfter(expiresAt, -1))).toBe(false);
    expect(isExpired(scene.conversation, expiresAt)).toBe(true);
  });

  test("is never judged by a clock: where the leader's goes back, the log's time does not", () => {
    const scene = givenExpired();
    scene.when("bob").removes("plan").accepted();
    scene.later(-minuteMs).when("bob").writes("late").rejected("EXPIRED");
  });

  test("the same expiry is done already, also none where there is none", () => {
    const scene = given();
    scene.when("alice").letsItExpireAt(null).done();
    const expiresAt = timeAfter(scene.now, dayMs);
    scene.when("alice").letsItExpireAt(expiresAt).accepted();
    scene.when("alice").letsItExpireAt(expiresAt).done();
    scene.when("alice").letsItExpireAt(null).accepted();
    scene.when("alice").letsItExpireAt(null).done();
  });

  test("may be now or past in a conversation: that closes it", () => {
    const scene = given({ bob: "WRITER" });
    scene.when("alice").letsItExpireAt(timeAfter(scene.now, -dayMs)).accepted();
    scene.when("bob").writes("late").rejected("EXPIRED");
  });

  test("deletes nothing", () => {
    const scene = givenExpired();
    expect(scene.state.messages.size).toBe(2);
    expect(scene.message("plan").removedSeq).toBeNull();
    expect(scene.conversation.participants).toBe(4);
  });

  test("comes before what is done already of what it forbids: the same role, release of no lock", () => {
    const scene = givenExpired();
    scene.when("alice").makes("bob", "WRITER").rejected("EXPIRED");
    scene.when("bob").releases("plan").rejected("EXPIRED");
  });
});
