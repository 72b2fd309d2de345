import { describe, expect, test } from "vitest";
import { decide, latestEvent } from "../../src/conversation/decide.ts";
import { follow } from "../../src/conversation/follow.ts";
import { sequence } from "../../src/protocol/seal.ts";
import { beginning, byMail, dayMs, given, home, minuteMs, type Scene, signerOf, timeAfter } from "./given.ts";

function givenPlan(): Scene {
  const scene = given({ bob: "WRITER", anna: "ADMIN", rita: "READER" });
  scene.when("bob").writes("plan").accepted();
  return scene;
}

describe("An item's latest event is the one that made it, or a later modify, remove, lock or release of it", () => {
  test("of a message", () => {
    const scene = givenPlan();
    const latest = () => scene.message("plan").latest;
    expect(latest()).toBe(scene.id("plan"));
    for (const act of ["locks", "releases", "locks", "modifies", "removes"] as const) {
      const { id } = scene.when("bob")[act]("plan").accepted();
      expect(latest(), act).toBe(id);
    }
  });

  test("of a participant", () => {
    const scene = givenPlan();
    const latest = () => scene.participant("rita").latest;
    expect(latest()).toBe(scene.id("rita"));
    expect(scene.when("alice").makes("rita", "WRITER").accepted().id).toBe(latest());
    expect(scene.when("rita").leaves().accepted().id).toBe(latest());
    expect(scene.when("rita").erases().accepted().id).toBe(latest());
  });

  test("of a label, an attachment", () => {
    const scene = givenPlan();
    const label = scene.when("bob").labels("trip").accepted();
    const file = scene.when("bob").attaches("file").accepted();
    expect(scene.state.labels.get(label.id)?.latest).toBe(label.id);
    expect(scene.when("bob").unlabels("trip").accepted().id).toBe(scene.state.labels.get(label.id)?.latest);
    expect(scene.when("bob").detaches("file").accepted().id).toBe(scene.state.attachments.get(file.id)?.latest);
  });

  test("of subject, expiry and leader: the conversation's id if none yet", () => {
    const scene = givenPlan();
    const latest = (model: "subject" | "expiry" | "leader") =>
      latestEvent(scene.state, { action: "modify", model, item: null });
    const id = scene.conversation.id;
    expect([latest("subject"), latest("expiry"), latest("leader")]).toEqual([id, id, id]);
    const subject = scene.when("bob").callsIt("Trip").accepted();
    const expiry = scene.when("anna").letsItExpireAt(timeAfter(scene.now, dayMs)).accepted();
    expect([latest("subject"), latest("expiry"), latest("leader")]).toEqual([subject.id, expiry.id, id]);
  });

  test("an add changes nothing but what it makes: an answer or an attachment does not move its message", () => {
    const scene = givenPlan();
    scene.when("bob").answers("plan").accepted();
    scene.when("bob").attaches("file", "plan").accepted();
    expect(scene.message("plan").latest).toBe(scene.id("plan"));
    scene.when("bob").detaches("file").accepted();
    expect(scene.message("plan").latest).toBe(scene.id("plan"));
  });

  test("a lock that ran out, a promotion and an erasure move nothing", () => {
    const scene = given({ bob: "WRITER", wes: "WRITER" });
    scene.when("wes").writes("plan").accepted();
    const lock = scene.when("bob").locks("plan").accepted();
    scene
      .later(16 * minuteMs)
      .when("alice")
      .leaves()
      .accepted();
    expect(scene.participant("bob")).toMatchObject({ role: "ADMIN", latest: scene.id("bob") });
    scene.when("wes").erases().accepted();
    expect(scene.message("plan").latest).toBe(lock.id);
  });
});

describe("CONFLICT: `follows` is not the item's latest event", () => {
  const stale = (scene: Scene, name = "plan") => ({ follows: scene.id(name) });

  test("the answer brings that event", () => {
    const scene = givenPlan();
    const { id } = scene.when("anna").modifies("plan").accepted();
    expect(scene.when("bob").modifies("plan", stale(scene)).rejected("CONFLICT").latest).toBe(id);
    scene.when("bob").modifies("plan", { follows: id }).accepted();
  });

  test("for every change of an item", () => {
    const scene = givenPlan();
    scene.when("anna").locks("plan").accepted();
    scene.when("anna").releases("plan").accepted();
    scene.when("bob").modifies("plan", stale(scene)).rejected("CONFLICT");
    scene.when("bob").locks("plan", stale(scene)).rejected("CONFLICT");
    scene.when("bob").removes("plan", stale(scene)).rejected("CONFLICT");
    scene.when("bob").locks("plan").accepted();
    scene.when("bob").releases("plan", stale(scene)).rejected("CONFLICT");
  });

  test("for roles, removals, subject, expiry, lead", () => {
    const scene = given({ bob: "WRITER", gus: { role: "ADMIN", via: "b.example", mail: false, imported: false } });
    scene.when("alice").makes("bob", "READER").accepted();
    scene.when("alice").makes("bob", "WRITER", stale(scene, "bob")).rejected("CONFLICT");
    scene.when("alice").throwsOut("bob", stale(scene, "bob")).rejected("CONFLICT");
    scene.when("bob").leaves(stale(scene, "bob")).rejected("CONFLICT");
    scene.when("alice").callsIt("Trip").accepted();
    scene.when("alice").callsIt("Journey", stale(scene, "alice")).rejected("CONFLICT");
    scene.when("alice").letsItExpireAt(timeAfter(scene.now, dayMs)).accepted();
    scene.when("alice").letsItExpireAt(null, stale(scene, "alice")).rejected("CONFLICT");
    scene.when("gus").asksForTheLead(undefined, stale(scene, "bob")).rejected("CONFLICT");
  });

  test("the event of another item is no better than an old one", () => {
    const scene = givenPlan();
    scene.when("bob").modifies("plan", stale(scene, "alice")).rejected("CONFLICT");
  });

  test("two who say the same at once: one is told of the other", () => {
    const scene = givenPlan();
    const seen = { follows: scene.conversation.id };
    scene.when("bob").callsIt("Trip", seen).accepted();
    scene.when("anna").callsIt("Trip", seen).rejected("CONFLICT");
  });
});

describe("The order of checks: form, right, done already, LOCKED, CONFLICT", () => {
  test("form before right: what is no proposal is that for everybody", () => {
    const scene = givenPlan();
    scene.when("rita").does({ action: "lock", model: "subject" }).rejected("INVALID_ACTION");
    scene.when("alice").throwsOut("rita").accepted();
    scene.when("rita").does({ action: "lock", model: "subject" }).rejected("INVALID_ACTION");
  });

  test("right before done already", () => {
    const scene = givenPlan();
    scene.when("bob").removes("plan").accepted();
    scene.when("rita").removes("plan").rejected("FORBIDDEN");
    scene.when("bob").makes("rita", "READER").rejected("FORBIDDEN");
    scene.when("bob").letsItExpireAt(null).rejected("FORBIDDEN");
    scene.when("rita").releases("plan").rejected("FORBIDDEN");
  });

  test("a role that cannot be had is no right, so it comes before done already and LAST_ADMIN before CONFLICT", () => {
    const scene = given({ mia: byMail("WRITER") });
    const stale = { follows: scene.conversation.head };
    scene.when("alice").makes("mia", "ADMIN", stale).rejected("INVALID_ROLE");
    scene.when("alice").makes("alice", "READER", stale).rejected("LAST_ADMIN");
  });

  test("done already, judged from item and value alone and whatever `follows` says", () => {
    const scene = givenPlan();
    scene.when("bob").labels("trip").accepted();
    const stale = { follows: scene.conversation.head };
    scene.when("anna").releases("plan", stale).done();
    scene.when("anna").makes("rita", "READER", stale).done();
    scene.when("anna").letsItExpireAt(null, stale).done();
    scene.when("bob").removes("plan").accepted();
    scene.when("bob").removes("plan", stale).done();
    scene.when("bob").unlabels("trip").accepted();
    scene.when("bob").unlabels("trip", stale).done();
    scene.when("rita").leaves().accepted();
    scene.when("rita").leaves(stale).done();
  });

  test("LOCKED before CONFLICT", () => {
    const scene = givenPlan();
    scene.when("anna").locks("plan").accepted();
    const stale = { follows: scene.id("plan") };
    scene.when("bob").modifies("plan", stale).rejected("LOCKED");
    scene.when("bob").locks("plan", stale).rejected("LOCKED");
    scene.when("bob").removes("plan", stale).rejected("LOCKED");
    scene.when("bob").releases("plan", stale).rejected("LOCKED");
    scene.when("alice").releases("plan", stale).rejected("CONFLICT");
  });

  test("done already is no event: one from a leader is against the rules", () => {
    const scene = givenPlan();
    const signed = scene.propose(
      { action: "modify", model: "participant", item: scene.id("rita"), value: { role: "READER" } },
      scene.id("anna"),
      home,
    );
    expect(decide(scene.state, signed.proposal, scene.now)).toBe("done");
    const { seq, head } = scene.conversation;
    const entry = sequence(
      signed,
      scene.id("plan"),
      { seq: seq + 1, parent: head, timestamp: beginning },
      signerOf(home),
    );
    expect(follow(scene.state, entry, beginning)).toBe("DONE_ALREADY");
  });
});
