import { describe, expect, test } from "vitest";
import { isCommitted } from "../../src/protocol/seal.ts";
import { abroad, byMail, fromAbroad, given, home, imported, messageBody, someHash, taking } from "./given.ts";

describe("A proposal's platform is its actor's `via`", () => {
  test("another platform does not speak for them, not the leader's either", () => {
    const scene = given({ bob: "WRITER", gus: fromAbroad("WRITER") });
    scene
      .when("bob")
      .writes("forged", undefined, { but: { platform: abroad } })
      .rejected("WRONG_PLATFORM");
    scene
      .when("gus")
      .writes("forged", undefined, { but: { platform: home } })
      .rejected("WRONG_PLATFORM");
    scene.when("gus").writes("honest").accepted();
  });

  test("not for leaving and erasing either, and not when they are long gone", () => {
    const scene = given({ gus: fromAbroad("WRITER") });
    scene
      .when("gus")
      .leaves({ but: { platform: home } })
      .rejected("WRONG_PLATFORM");
    scene.when("gus").leaves().accepted();
    scene
      .when("gus")
      .erases("gus", { but: { platform: home } })
      .rejected("WRONG_PLATFORM");
    scene.when("gus").erases().accepted();
  });

  test("the add sets it and nothing changes it: a role, a promotion, a new leader", () => {
    const scene = given({ gus: fromAbroad("WRITER") });
    scene.when("alice").makes("gus", "ADMIN").accepted();
    scene.when("gus").asksForTheLead().accepted();
    expect([scene.participant("gus").via, scene.participant("alice").via]).toEqual([abroad, home]);
    scene.when("alice").writes("still by home").accepted();
  });

  test("remove and add again changes it: they are another participant", () => {
    const scene = given({ gus: fromAbroad("WRITER") });
    scene.when("gus").leaves().accepted();
    scene.when("alice").adds("gus", "WRITER").accepted();
    expect(scene.participant("gus").via).toBe(home);
  });
});

describe("`via` of a new participant", () => {
  test("may be any platform: whether it is that of the address, discovery says and no rule", () => {
    given().when("alice").adds("gus", fromAbroad("WRITER")).accepted();
  });

  test.each([
    ["by mail", byMail("READER")],
    ["imported", imported("READER")],
  ])("%s it is the proposal's own", (_, how) => {
    const scene = given({ gus: fromAbroad("WRITER") });
    scene.when("alice").adds("one", how).accepted();
    scene
      .when("alice")
      .adds("two", { ...how, via: abroad })
      .rejected("WRONG_PLATFORM");
    scene.when("gus").adds("three", how).rejected("WRONG_PLATFORM");
    scene
      .when("gus")
      .adds("four", { ...how, via: abroad })
      .accepted();
  });

  test("a platform speaks for who takes part by mail or came with an archive", () => {
    const scene = given({ mia: byMail("WRITER"), ivy: imported("WRITER") });
    scene.when("mia").writes("by mail").accepted();
    scene.when("ivy").writes("from the archive").accepted();
  });
});

describe("A proposal is taken only with its body", () => {
  test("not without it, and not with another", () => {
    const scene = given();
    const signed = scene.propose({ action: "add", model: "message", body: messageBody() }, scene.id("alice"), home);
    scene.take({ ...signed, body: null, salt: null }).rejected("INVALID_BODY");
    scene.take({ ...signed, body: messageBody("Other words") }).rejected("INVALID_BODY");
    scene.take({ ...signed, salt: someHash("another") }).rejected("INVALID_BODY");
    expect(isCommitted(signed.proposal, signed.body, signed.salt)).toBe(true);
    scene.take(signed).accepted();
  });

  test("and one that has none is not taken with any", () => {
    const scene = given({ bob: "WRITER" });
    const signed = scene.propose(
      { action: "modify", model: "participant", item: scene.id("bob"), value: { role: "READER" } },
      scene.id("alice"),
      home,
    );
    scene
      .take({ ...signed, body: { address: "bob@a.example", name: null }, salt: someHash("salt") })
      .rejected("INVALID_BODY");
  });

  test("what should have a body and has none is no proposal", () => {
    given().when("alice").does({ action: "add", model: "message" }).rejected("INVALID_ACTION");
  });
});

test("A participant's taking is what the add said", () => {
  const scene = given({ ivy: imported("COMMENTER") });
  expect(scene.participant("ivy")).toMatchObject({ ...taking("COMMENTER"), imported: true, status: "ACTIVE" });
});
