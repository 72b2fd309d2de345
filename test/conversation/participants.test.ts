import { describe, expect, test } from "vitest";
import { type Role, roles } from "../../src/protocol/event.ts";
import { abroad, byMail, fromAbroad, given, home, imported, participantBody, Scene, taking } from "./given.ts";

describe("The first event", () => {
  test("makes the conversation and, under the same id, its creator as ADMIN", () => {
    const scene = given();
    expect(scene.participant("alice")).toMatchObject({
      id: scene.conversation.id,
      role: "ADMIN",
      status: "ACTIVE",
      via: home,
      seq: 1,
    });
    expect(scene.conversation).toMatchObject({
      seq: 1,
      participants: 1,
      admins: 1,
      leader: home,
      createdAt: scene.now,
    });
  });

  test.each<[string, Parameters<Scene["publish"]>[0]]>([
    ["is no ADMIN", { value: taking("WRITER") }],
    ["takes part by mail", { value: byMail("ADMIN") }],
    ["came with an archive", { value: imported("ADMIN") }],
    ["is spoken for by another platform", { value: fromAbroad("ADMIN") }],
  ])("is none where the creator %s", (_, but) => {
    new Scene().publish(but).rejected("INVALID_ACTION");
  });

  test("is sequenced by the platform that proposes it: platform, leader and via are one", () => {
    const scene = new Scene();
    const value = taking("ADMIN", { via: abroad });
    const signed = scene.propose(
      { action: "publish", model: "conversation", value, body: { ...participantBody("x"), slug: "", continues: null } },
      null,
      abroad,
    );
    scene.take(signed).rejected("WRONG_PLATFORM");
  });

  test("comes once", () => {
    given().publish({ conversation: null }).rejected("INVALID_ACTION");
  });
});

describe("A participant by mail is never ADMIN", () => {
  test("is not added as one", () => given().when("alice").adds("mia", byMail("ADMIN")).rejected("INVALID_ROLE"));
  test("is not made one", () =>
    given({ mia: byMail("WRITER") })
      .when("alice")
      .makes("mia", "ADMIN")
      .rejected("INVALID_ROLE"));
  test.each(roles.slice(0, 3))("but may be %s", (role) => void given({ mia: byMail(role) }));
});

describe("Who came with an archive is at most WRITER", () => {
  test("is not added as ADMIN", () => given().when("alice").adds("ivy", imported("ADMIN")).rejected("INVALID_ROLE"));
  test("is not made ADMIN", () =>
    given({ ivy: imported("WRITER") })
      .when("alice")
      .makes("ivy", "ADMIN")
      .rejected("INVALID_ROLE"));
  test.each(roles.slice(0, 3))("but may be %s", (role) => void given({ ivy: imported(role) }));
});

describe("A recipient takes part once", () => {
  test("who takes part already is not added again", () => {
    given({ bob: "WRITER" })
      .when("alice")
      .adds("bob again", "WRITER", participantBody("bob"))
      .rejected("ALREADY_PARTICIPANT");
  });

  test("nor is the creator", () => {
    given()
      .when("alice")
      .adds("alice again", "WRITER", { address: "alice@a.example", name: null })
      .rejected("ALREADY_PARTICIPANT");
  });

  test("removed, they may be added again, and are another participant", () => {
    const scene = given({ bob: "WRITER" });
    const former = scene.id("bob");
    scene.when("alice").throwsOut("bob").accepted();
    scene.when("alice").adds("bob", "READER").accepted();
    expect(scene.id("bob")).not.toBe(former);
    expect(scene.state.participants.get(former)?.status).toBe("REMOVED");
    expect(scene.conversation.participants).toBe(2);
  });

  test("who came with an archive does not count as taking part: adding that address anew makes another participant", () => {
    const scene = given({ ivy: imported("WRITER") });
    const former = scene.id("ivy");
    scene.when("alice").adds("ivy", "WRITER").accepted();
    expect(scene.id("ivy")).not.toBe(former);
    scene.when("alice").adds("ivy", "WRITER").rejected("ALREADY_PARTICIPANT");
  });
});

describe("Who does not take part", () => {
  test("was never added, and does nothing", () => {
    const scene = given();
    const stranger = { actor: scene.log[0]?.hash ?? "" };
    scene
      .when("alice")
      .does({ action: "modify", model: "subject", body: { subject: "Mine" } }, { but: stranger })
      .rejected("NOT_PARTICIPANT");
  });

  test.each<[string, "leaves" | "is removed"]>([
    ["left", "leaves"],
    ["was removed", "is removed"],
  ])("%s, and does nothing any more", (_, how) => {
    const scene = given({ bob: "ADMIN" });
    scene.when("bob").writes("his").accepted();
    if (how === "leaves") scene.when("bob").leaves().accepted();
    else scene.when("alice").throwsOut("bob").accepted();
    expect(scene.participant("bob").status).toBe(how === "leaves" ? "LEFT" : "REMOVED");
    scene.when("bob").writes("more").rejected("NOT_PARTICIPANT");
    scene.when("bob").modifies("his").rejected("NOT_PARTICIPANT");
    scene.when("bob").removes("his").rejected("NOT_PARTICIPANT");
    scene.when("bob").throwsOut("alice").rejected("NOT_PARTICIPANT");
    scene.when("bob").adds("bob again", "ADMIN").rejected("NOT_PARTICIPANT");
  });

  test("is given no role: added anew, they get one", () => {
    const scene = given({ bob: "WRITER" });
    scene.when("bob").leaves().accepted();
    for (const role of ["WRITER", "READER"] as const satisfies readonly Role[])
      scene.when("alice").makes("bob", role).rejected("REMOVED");
  });
});

describe("Done already is success without an event", () => {
  test("the same role", () => {
    const scene = given({ bob: "WRITER" });
    scene.when("alice").makes("bob", "WRITER").done();
    expect(scene.log).toHaveLength(2);
  });

  test("removing who was removed, or left", () => {
    const scene = given({ bob: "WRITER", carl: "WRITER" });
    scene.when("alice").throwsOut("bob").accepted();
    scene.when("alice").throwsOut("bob").done();
    scene.when("carl").leaves().accepted();
    scene.when("alice").throwsOut("carl").done();
  });

  test("leaving again", () => {
    const scene = given({ bob: "WRITER" });
    scene.when("bob").leaves().accepted();
    scene.when("bob").leaves().done();
  });
});

test("Who is not there is NOT_FOUND, whoever asks", () => {
  const scene = given({ bob: "WRITER" });
  scene.name("nobody", scene.log[1]?.hash ?? "");
  scene.when("alice").makes("nobody", "READER").rejected("NOT_FOUND");
  scene.when("alice").throwsOut("nobody").rejected("NOT_FOUND");
});
