import { describe, expect, test } from "vitest";
import { byMail, type Cast, given, imported, type Scene } from "./given.ts";

const adminsOf = (scene: Scene) =>
  Object.entries({ alice: 1, bob: 1, carol: 1, mia: 1, ivy: 1 })
    .map(([name]) => name)
    .filter(
      (name) =>
        isKnown(scene, name) && scene.participant(name).status === "ACTIVE" && scene.participant(name).role === "ADMIN",
    );

function isKnown(scene: Scene, name: string): boolean {
  try {
    return scene.participant(name) !== undefined;
  } catch {
    return false;
  }
}

describe("The last ADMIN cannot be demoted", () => {
  test.each(["READER", "COMMENTER", "WRITER"] as const)("to %s, not by themselves either", (role) => {
    given({ bob: "WRITER" }).when("alice").makes("alice", role).rejected("LAST_ADMIN");
  });

  test("one of two can, and then the other cannot", () => {
    const scene = given({ bob: "ADMIN" });
    scene.when("alice").makes("bob", "WRITER").accepted();
    scene.when("alice").makes("alice", "WRITER").rejected("LAST_ADMIN");
  });

  test("a former ADMIN who left does not count as another", () => {
    const scene = given({ bob: "ADMIN" });
    scene.when("bob").leaves().accepted();
    scene.when("alice").makes("alice", "WRITER").rejected("LAST_ADMIN");
  });
});

describe("When the last ADMIN leaves, the earliest-added active participant neither by mail nor imported becomes ADMIN", () => {
  const casts: ReadonlyArray<readonly [who: string, Cast, before: (scene: Scene) => void, admins: readonly string[]]> =
    [
      ["the earliest-added", { bob: "READER", carol: "WRITER" }, () => {}, ["bob"]],
      ["not who takes part by mail", { mia: byMail("WRITER"), bob: "READER" }, () => {}, ["bob"]],
      ["not who came with an archive", { ivy: imported("WRITER"), bob: "READER" }, () => {}, ["bob"]],
      [
        "not who left before",
        { bob: "WRITER", carol: "READER" },
        (scene) => void scene.when("bob").leaves().accepted(),
        ["carol"],
      ],
      ["nobody, if there is none", { mia: byMail("WRITER"), ivy: imported("WRITER") }, () => {}, []],
      ["nobody, if nobody is left", {}, () => {}, []],
      ["nobody, while there is another ADMIN", { bob: "WRITER", carol: "ADMIN" }, () => {}, ["carol"]],
    ];

  test.each(casts)("%s", (_, cast, before, admins) => {
    const scene = given(cast);
    before(scene);
    scene.when("alice").leaves().accepted();
    expect(adminsOf(scene)).toEqual(admins);
    expect(scene.conversation.admins).toBe(admins.length);
  });

  test("also when they erase themselves", () => {
    const scene = given({ bob: "WRITER" });
    scene.when("alice").erases().accepted();
    expect(adminsOf(scene)).toEqual(["bob"]);
  });

  test("also when the last one is removed by another who was ADMIN: nobody is without one", () => {
    const scene = given({ bob: "ADMIN", carol: "READER" });
    scene.when("bob").throwsOut("alice").accepted();
    scene.when("bob").leaves().accepted();
    expect(adminsOf(scene)).toEqual(["carol"]);
  });

  test("a promotion moves nothing: their latest event stays what it was", () => {
    const scene = given({ bob: "WRITER" });
    const { latest } = scene.participant("bob");
    scene.when("alice").leaves().accepted();
    expect(scene.participant("bob").latest).toBe(latest);
    scene.when("bob").leaves({ follows: latest }).accepted();
  });

  test("where there was none, the first who may be one is ADMIN as soon as they are added", () => {
    const scene = given({ mia: byMail("WRITER") });
    scene.when("alice").leaves().accepted();
    expect(adminsOf(scene)).toEqual([]);
    scene.when("mia").adds("bob", "READER").accepted();
    scene.when("mia").adds("carol", "WRITER").accepted();
    expect(adminsOf(scene)).toEqual(["bob"]);
  });
});
