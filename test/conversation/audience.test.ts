import { describe, expect, test } from "vitest";
import { everything, horizonOf } from "../../src/conversation/audience.ts";
import { given } from "./given.ts";

describe("Who sees what", () => {
  test("an active participant sees all, also what came before them", () => {
    const scene = given({ bob: "READER" });
    expect(horizonOf([scene.participant("bob")])).toBe(everything);
  });

  test("a removed participant sees up to the removal, itself included, and nothing after", () => {
    const scene = given({ bob: "READER" });
    const { event } = scene.when("alice").throwsOut("bob").accepted();
    scene.when("alice").writes("after").accepted();
    expect(horizonOf([scene.participant("bob")])).toBe(event.seq);
  });

  test("who left and erased themselves later sees no further for it", () => {
    const scene = given({ bob: "READER" });
    const { event } = scene.when("bob").leaves().accepted();
    scene.when("alice").writes("after").accepted();
    scene.when("bob").erases().accepted();
    expect(horizonOf([scene.participant("bob")])).toBe(event.seq);
  });

  test("added again, they see all", () => {
    const scene = given({ bob: "READER" });
    const former = scene.id("bob");
    scene.when("bob").leaves().accepted();
    scene.when("alice").writes("between").accepted();
    scene.when("alice").adds("bob", "READER").accepted();
    const before = scene.state.participants.get(former);
    expect(before).toBeDefined();
    expect(horizonOf([...(before ? [before] : []), scene.participant("bob")])).toBe(everything);
  });

  test("twice removed, they see up to the last removal, in whatever order their participations come", () => {
    const [first, last] = [
      { status: "REMOVED", removedSeq: 5 },
      { status: "LEFT", removedSeq: 9 },
    ] as const;
    expect([horizonOf([first, last]), horizonOf([last, first])]).toEqual([9, 9]);
  });

  test("who never took part sees nothing", () => expect(horizonOf([])).toBe(0));
});
