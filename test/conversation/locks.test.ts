import { describe, expect, test } from "vitest";
import { limits } from "../../src/conversation/limits.ts";
import { heldLock } from "../../src/conversation/roles.ts";
import { dayMs, given, minuteMs, type Scene, timeAfter } from "./given.ts";

/** Wes wrote it; Vera and Walt may modify it, too; Clara may answer. */
function givenMessage(): Scene {
  const scene = given({ wes: "WRITER", vera: "WRITER", walt: "WRITER", clara: "COMMENTER", anna: "ADMIN" });
  scene.when("wes").writes("plan").accepted();
  return scene;
}

const lockOf = (scene: Scene) => heldLock(scene.state, scene.message("plan"), scene.now);

describe("A message lock lasts at most 15 minutes", () => {
  test("a millisecond before, it holds; then it does not", () => {
    const scene = givenMessage();
    scene.when("vera").locks("plan").accepted();
    expect(lockOf(scene)?.until).toBe(timeAfter(scene.now, 15 * minuteMs));
    scene.later(15 * minuteMs - 1);
    scene.when("wes").modifies("plan").rejected("LOCKED");
    scene.later(1);
    scene.when("wes").modifies("plan").accepted();
  });

  test("a lock that ran out moves nothing: what followed it still follows it", () => {
    const scene = givenMessage();
    const locked = scene.when("vera").locks("plan").accepted();
    scene.later(16 * minuteMs);
    scene.when("wes").modifies("plan", { follows: locked.id }).accepted();
  });

  test("the holder's lock anew renews it", () => {
    const scene = givenMessage();
    scene.when("vera").locks("plan").accepted();
    scene
      .later(10 * minuteMs)
      .when("vera")
      .locks("plan")
      .accepted();
    scene
      .later(10 * minuteMs)
      .when("wes")
      .modifies("plan")
      .rejected("LOCKED");
    scene
      .later(5 * minuteMs)
      .when("wes")
      .modifies("plan")
      .accepted();
  });

  test("it is judged by the timestamps of events, never by a clock: where the leader's went back, the lock holds on", () => {
    const scene = givenMessage();
    scene.when("vera").locks("plan").accepted();
    scene
      .later(-60 * minuteMs)
      .when("wes")
      .modifies("plan")
      .rejected("LOCKED");
    scene
      .later(75 * minuteMs)
      .when("wes")
      .modifies("plan")
      .accepted();
  });
});

describe("While it holds", () => {
  const locked = () => {
    const scene = givenMessage();
    scene.when("vera").locks("plan").accepted();
    return scene;
  };

  test("the holder may modify", () => void locked().when("vera").modifies("plan").accepted());
  test("the holder may release", () => void locked().when("vera").releases("plan").accepted());
  test("the holder may remove what they may remove", () => {
    const scene = givenMessage();
    scene.when("wes").locks("plan").accepted();
    scene.when("wes").removes("plan").accepted();
    locked().when("vera").removes("plan").rejected("FORBIDDEN");
  });
  test("nobody else may modify, not its author, not an ADMIN", () => {
    for (const name of ["walt", "wes", "anna"]) locked().when(name).modifies("plan").rejected("LOCKED");
  });
  test("nobody else may lock", () => {
    for (const name of ["walt", "wes", "anna"]) locked().when(name).locks("plan").rejected("LOCKED");
  });
  test("nobody else may release but an ADMIN", () => {
    for (const name of ["walt", "wes"]) locked().when(name).releases("plan").rejected("LOCKED");
    locked().when("anna").releases("plan").accepted();
  });
  test("not even its author may remove it, but an ADMIN may", () => {
    locked().when("wes").removes("plan").rejected("LOCKED");
    locked().when("anna").removes("plan").accepted();
  });
  test("it may be answered, and its author attaches to it", () => {
    locked().when("clara").answers("plan").accepted();
    locked().when("wes").attaches("file", "plan").accepted();
  });
  test("another message is free", () => {
    const scene = locked();
    scene.when("wes").writes("other").accepted();
    scene.when("walt").locks("other").accepted();
  });
});

describe("It ends with the holder's right to it", () => {
  test.each<[string, (scene: Scene) => void]>([
    ["who becomes READER", (scene) => void scene.when("alice").makes("vera", "READER").accepted()],
    [
      "who becomes COMMENTER and did not write it",
      (scene) => void scene.when("alice").makes("vera", "COMMENTER").accepted(),
    ],
    ["who is removed", (scene) => void scene.when("alice").throwsOut("vera").accepted()],
    ["who leaves", (scene) => void scene.when("vera").leaves().accepted()],
    ["who erases themselves", (scene) => void scene.when("vera").erases().accepted()],
  ])("%s", (_, loseIt) => {
    const scene = givenMessage();
    scene.when("vera").locks("plan").accepted();
    loseIt(scene);
    expect(lockOf(scene)).toBeNull();
    scene.when("walt").releases("plan").done();
    scene.when("walt").modifies("plan").accepted();
  });

  test("an author who becomes COMMENTER keeps it, for they may still modify their own", () => {
    const scene = givenMessage();
    scene.when("wes").locks("plan").accepted();
    scene.when("alice").makes("wes", "COMMENTER").accepted();
    scene.when("walt").modifies("plan").rejected("LOCKED");
    scene.when("wes").modifies("plan").accepted();
  });

  test("who gets the right again within the lock's time holds it again, and no longer than that", () => {
    const scene = givenMessage();
    const { id } = scene.when("vera").locks("plan").accepted();
    const until = lockOf(scene)?.until;
    scene.when("alice").makes("vera", "COMMENTER").accepted();
    expect(lockOf(scene)).toBeNull();
    scene.when("alice").makes("vera", "WRITER").accepted();
    expect(lockOf(scene)).toMatchObject({ holder: { id: scene.id("vera") }, until });
    scene.when("wes").modifies("plan").rejected("LOCKED");
    // Neither losing the right nor getting it moved the message.
    scene.later(15 * minuteMs);
    expect(lockOf(scene)).toBeNull();
    scene.when("wes").modifies("plan", { follows: id }).accepted();
  });

  test("who gets the right again after another locked it does not hold it", () => {
    const scene = givenMessage();
    scene.when("vera").locks("plan").accepted();
    scene.when("alice").makes("vera", "READER").accepted();
    scene.when("walt").locks("plan").accepted();
    scene.when("alice").makes("vera", "WRITER").accepted();
    expect(lockOf(scene)?.holder.id).toBe(scene.id("walt"));
    scene.when("vera").modifies("plan").rejected("LOCKED");
  });

  test("who is added again does not get it back", () => {
    const scene = givenMessage();
    scene.when("vera").locks("plan").accepted();
    scene.when("vera").leaves().accepted();
    scene.when("alice").adds("vera", "WRITER").accepted();
    expect(lockOf(scene)).toBeNull();
  });
});

describe("A lock's end", () => {
  test("modifying releases it", () => {
    const scene = givenMessage();
    scene.when("vera").locks("plan").accepted();
    scene.when("vera").modifies("plan").accepted();
    expect(lockOf(scene)).toBeNull();
    scene.when("walt").modifies("plan").accepted();
  });

  test("releasing it frees the message at once", () => {
    const scene = givenMessage();
    scene.when("vera").locks("plan").accepted();
    scene.when("vera").releases("plan").accepted();
    scene.when("walt").locks("plan").accepted();
    expect(lockOf(scene)?.holder.id).toBe(scene.id("walt"));
  });

  test("release of no lock is done already: never taken, released, run out", () => {
    const scene = givenMessage();
    scene.when("vera").releases("plan").done();
    scene.when("vera").locks("plan").accepted();
    scene.when("vera").releases("plan").accepted();
    scene.when("vera").releases("plan").done();
    scene.when("vera").locks("plan").accepted();
    scene
      .later(15 * minuteMs)
      .when("vera")
      .releases("plan")
      .done();
  });

  test("removing the message ends it", () => {
    const scene = givenMessage();
    scene.when("wes").locks("plan").accepted();
    scene.when("anna").removes("plan").accepted();
    expect(lockOf(scene)).toBeNull();
    scene.when("wes").releases("plan").done();
  });
});

test("Modifying without a lock is allowed", () => void givenMessage().when("vera").modifies("plan").accepted());

test("A removed message is not locked", () => {
  const scene = givenMessage();
  scene.when("wes").removes("plan").accepted();
  scene.when("wes").locks("plan").rejected("REMOVED");
});

test("Adding, labelling, renaming ask about no lock, and no lock outlasts its quarter of an hour", () => {
  const scene = givenMessage();
  scene.when("vera").locks("plan").accepted();
  scene.when("walt").callsIt("Trip").accepted();
  scene.when("walt").labels("trip").accepted();
  expect(limits.lockMs).toBe(15 * minuteMs);
  scene.later(dayMs);
  expect(lockOf(scene)).toBeNull();
});
