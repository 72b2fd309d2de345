import { describe, expect, test } from "vitest";
import { limits } from "../../src/conversation/limits.ts";
import { attachmentBody, given, imported, messageBody, type Scene } from "./given.ts";

function times(count: number, act: (index: number) => void): void {
  for (let index = 0; index < count; index++) act(index);
}

describe("1,000 participants", () => {
  const scene = given();
  times(
    999,
    (index) =>
      void scene
        .when("alice")
        .adds(`p${index}`, index === 0 ? imported("READER") : "READER")
        .accepted(),
  );

  test("and not one more", () => {
    expect([scene.conversation.participants, limits.participants]).toEqual([1000, 1000]);
    scene.when("alice").adds("one more", "READER").rejected("LIMIT_EXCEEDED");
  });

  test("they count who is active: one leaves, another comes", () => {
    scene.when("p1").leaves().accepted();
    scene.when("alice").adds("one more", "READER").accepted();
    scene.when("alice").adds("and another", "READER").rejected("LIMIT_EXCEEDED");
  });
});

describe("50 labels", () => {
  const full = () => {
    const scene = given({ bob: "WRITER" });
    times(
      50,
      (index) =>
        void scene
          .when(index < 10 ? "bob" : "alice")
          .labels(`l${index}`)
          .accepted(),
    );
    return scene;
  };

  test("and not one more", () => full().when("alice").labels("one more").rejected("LIMIT_EXCEEDED"));

  test("they count what is not removed", () => {
    const scene = full();
    scene.when("alice").unlabels("l20").accepted();
    scene.when("alice").labels("one more").accepted();
    scene.when("alice").labels("and another").rejected("LIMIT_EXCEEDED");
  });

  test("nor what was erased with the one who added it", () => {
    const scene = full();
    scene.when("bob").erases().accepted();
    times(10, (index) => void scene.when("alice").labels(`again ${index}`).accepted());
    scene.when("alice").labels("one more").rejected("LIMIT_EXCEEDED");
  });
});

describe("100 attachments a message", () => {
  const full = (message: string | null): Scene => {
    const scene = given();
    scene.when("alice").writes("plan").accepted();
    times(100, (index) => void scene.when("alice").attaches(`f${index}`, message).accepted());
    return scene;
  };

  test.each(["plan", null])("and not one more (%s)", (message) => {
    const scene = full(message);
    scene.when("alice").attaches("one more", message).rejected("LIMIT_EXCEEDED");
    scene.when("alice").detaches("f7").accepted();
    scene.when("alice").attaches("one more", message).accepted();
    scene.when("alice").attaches("and another", message).rejected("LIMIT_EXCEEDED");
  });

  test("each message for itself, and those of none for themselves", () => {
    const scene = full("plan");
    scene.when("alice").writes("another").accepted();
    scene.when("alice").attaches("its own", "another").accepted();
    scene.when("alice").attaches("of none").accepted();
  });
});

describe("The limits of words hold for what is made and for what is accepted", () => {
  const scene = given();
  const alice = scene.when("alice");
  const of = (length: number, character = "a") => character.repeat(length);

  test("a message has 256 KiB at most, in bytes", () => {
    alice.writes("fits", of(256 * 1024)).accepted();
    alice.writes("too long", of(256 * 1024 + 1)).rejected("INVALID_BODY");
    alice.writes("too many bytes", of(128 * 1024 + 1, "é")).rejected("INVALID_BODY");
  });

  test("a subject has 200 characters at most, and an emoji is one", () => {
    alice.callsIt(of(200, "😀")).accepted();
    alice.callsIt(of(201)).rejected("INVALID_BODY");
  });

  test("a label has 60 characters at most", () => {
    alice.labels("fits", of(60, "😀")).accepted();
    alice.labels("too long", of(61)).rejected("INVALID_BODY");
  });

  test("a file has 1 GiB at most", () => {
    const attach = (size: number) =>
      alice.does({ action: "add", model: "attachment", body: { ...attachmentBody(), size } });
    attach(1024 ** 3).accepted();
    attach(1024 ** 3 + 1).rejected("INVALID_BODY");
  });

  test("a message mentions as many as can take part", () => {
    const mention = (count: number) => {
      const mentions = Array.from({ length: count }, () => scene.id("alice"));
      return alice.does({ action: "add", model: "message", body: { ...messageBody(), mentions } });
    };
    mention(1000).accepted();
    mention(1001).rejected("INVALID_BODY");
  });
});
