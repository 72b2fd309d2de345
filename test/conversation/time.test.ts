import { describe, expect, test } from "vitest";
import { dayMs, given, minuteMs, Scene, timeAfter } from "./given.ts";

describe("A proposal is taken only if the event's timestamp is at most 5 minutes before and 7 days after `sentAt`", () => {
  const sent = (afterMs: number) => {
    const scene = given();
    return scene.when("alice").writes("words", undefined, { but: { sentAt: timeAfter(scene.now, afterMs) } });
  };

  test("5 minutes before", () => void sent(5 * minuteMs).accepted());
  test("not a millisecond more: a proposal from the future", () =>
    void sent(5 * minuteMs + 1).rejected("INVALID_TIME"));
  test("7 days after", () => void sent(-7 * dayMs).accepted());
  test("not a millisecond more: nobody can keep one for later", () =>
    void sent(-7 * dayMs - 1).rejected("INVALID_TIME"));
  test("the first event, too", () => {
    const scene = new Scene();
    scene.publish({ sentAt: timeAfter(scene.now, 6 * minuteMs) }).rejected("INVALID_TIME");
    scene.publish({ sentAt: timeAfter(scene.now, -8 * dayMs) }).rejected("INVALID_TIME");
  });
  test("of anybody: it comes after the form and before any right", () => {
    const scene = given({ rita: "READER" });
    const old = { but: { sentAt: timeAfter(scene.now, -8 * dayMs) } };
    scene.when("rita").writes("words", undefined, old).rejected("INVALID_TIME");
    scene.when("rita").does({ action: "lock", model: "subject" }, old).rejected("INVALID_ACTION");
  });
});

describe("An event's timestamp", () => {
  test("is the leader's time", () => {
    const scene = given().later(1234);
    expect(scene.when("alice").writes("words").accepted().event.timestamp).toBe(scene.now);
  });

  test("is never before the parent's, though the leader's clock went back", () => {
    const scene = given();
    const { timestamp } = scene.conversation;
    scene.later(-minuteMs);
    expect(scene.when("alice").writes("words").accepted().event.timestamp).toBe(timestamp);
    scene.later(2 * minuteMs);
    expect(scene.when("alice").writes("more").accepted().event.timestamp).toBe(scene.now);
  });

  test("gives no authority: seq does", () => {
    const scene = given();
    const entries = ["one", "two", "three"].map((name) => scene.when("alice").writes(name).accepted());
    expect(entries.map(({ event }) => event.seq)).toEqual([2, 3, 4]);
    expect(new Set(entries.map(({ event }) => event.timestamp)).size).toBe(1);
  });
});
