import { describe, expect, test } from "vitest";
import { attachmentsOf, labelsOf } from "../../src/conversation/decide.ts";
import { isRemoved } from "../../src/conversation/state.ts";
import { given, type Scene } from "./given.ts";

/** Bob wrote, labelled, attached; Wes wrote, too, and each changed the other's words. */
function givenWords(): Scene {
  const scene = given({ bob: "WRITER", wes: "WRITER" });
  scene.when("bob").writes("bob's").accepted();
  scene.when("wes").writes("wes's").accepted();
  scene.when("wes").modifies("bob's").accepted();
  scene.when("bob").modifies("wes's").accepted();
  scene.when("bob").attaches("bob's file", "bob's").accepted();
  scene.when("bob").attaches("loose file").accepted();
  scene.when("bob").labels("bob's label").accepted();
  scene.when("bob").adds("zoe", "READER").accepted();
  return scene;
}

describe("Who may erase", () => {
  test("the actor is the item itself: nobody erases another, no ADMIN either", () => {
    givenWords().when("alice").erases("bob").rejected("FORBIDDEN");
  });

  test("active: it is leaving, too", () => {
    const scene = givenWords();
    scene.when("bob").erases().accepted();
    expect(scene.participant("bob")).toMatchObject({
      status: "LEFT",
      isErased: true,
      removedSeq: scene.conversation.seq,
    });
    expect(scene.conversation.participants).toBe(3);
    scene.when("bob").writes("more").rejected("NOT_PARTICIPANT");
  });

  test.each<[string, (scene: Scene) => void, string]>([
    ["left", (scene) => void scene.when("bob").leaves().accepted(), "LEFT"],
    ["was removed", (scene) => void scene.when("alice").throwsOut("bob").accepted(), "REMOVED"],
  ])("long gone: who %s, and stays so", (_, go, status) => {
    const scene = givenWords();
    go(scene);
    const { removedSeq } = scene.participant("bob");
    scene
      .later(365 * 24 * 3600 * 1000)
      .when("bob")
      .erases()
      .accepted();
    expect(scene.participant("bob")).toMatchObject({ status, isErased: true, removedSeq });
    expect(scene.conversation.participants).toBe(3);
  });

  test("not for somebody else's platform to say", () => {
    const scene = givenWords();
    const other = scene.when("bob");
    other.erases("bob", { but: { platform: "b.example" } }).rejected("WRONG_PLATFORM");
  });
});

describe("Erasing again", () => {
  test("is done already", () => {
    const scene = givenWords();
    scene.when("bob").erases().accepted();
    scene.when("bob").erases().done();
  });

  test("an ERASE not yet given is an event, though they left already; leaving after it is none", () => {
    const scene = givenWords();
    scene.when("bob").leaves().accepted();
    scene.when("bob").erases().accepted();
    scene.when("bob").leaves().done();
    scene.when("alice").throwsOut("bob").done();
  });
});

describe("What is erased", () => {
  const erased = () => {
    const scene = givenWords();
    scene.when("bob").erases().accepted();
    return scene;
  };

  test("the messages they added are removed at once, with everybody's edits", () => {
    const scene = erased();
    expect(isRemoved(scene.state, scene.message("bob's"))).toBe(true);
    scene.when("wes").modifies("bob's").rejected("REMOVED");
    scene.when("alice").removes("bob's").done();
    scene.when("wes").answers("bob's").accepted();
  });

  test("so are the labels and attachments they added, and they no longer count", () => {
    const scene = erased();
    expect(labelsOf(scene.state)).toEqual([]);
    expect(attachmentsOf(scene.state, null)).toEqual([]);
    expect(attachmentsOf(scene.state, scene.id("bob's"))).toEqual([]);
    scene.when("alice").unlabels("bob's label").done();
    scene.when("alice").detaches("loose file").done();
    scene.when("wes").labels("new label", "bob's label").accepted();
  });

  test("another's message stays; where the latest words are theirs, those are known to be erased", () => {
    const scene = erased();
    const message = scene.message("wes's");
    expect(isRemoved(scene.state, message)).toBe(false);
    expect(message.wordsBy).toBe(scene.id("bob"));
    expect(scene.participant("bob").isErased).toBe(true);
    scene.when("wes").modifies("wes's").accepted();
    expect(scene.message("wes's").wordsBy).toBe(scene.id("wes"));
  });

  test("those whom they added stay", () => {
    expect(erased().participant("zoe")).toMatchObject({ status: "ACTIVE", isErased: false });
  });

  test("an attachment of theirs to another's message goes, the message's own stay", () => {
    const scene = given({ anna: "ADMIN", wes: "WRITER" });
    scene.when("wes").writes("wes's").accepted();
    scene.when("wes").attaches("wes's file", "wes's").accepted();
    scene.when("anna").attaches("anna's file", "wes's").accepted();
    scene.when("anna").erases().accepted();
    expect(attachmentsOf(scene.state, scene.id("wes's")).map(({ id }) => id)).toEqual([scene.id("wes's file")]);
  });

  test("an erasure moves nothing: what it removes keeps its latest event", () => {
    const scene = givenWords();
    const { latest } = scene.message("bob's");
    scene.when("bob").erases().accepted();
    expect(scene.message("bob's").latest).toBe(latest);
  });

  test("the creator erases themselves like anybody; the conversation stays", () => {
    const scene = givenWords();
    scene.when("alice").writes("alice's").accepted();
    scene.when("alice").erases().accepted();
    expect(isRemoved(scene.state, scene.message("alice's"))).toBe(true);
    expect(scene.participant("bob").role).toBe("ADMIN");
    scene.when("bob").writes("on it goes").accepted();
  });
});
