import { describe, expect, test } from "vitest";
import { isRemoved } from "../../src/conversation/state.ts";
import { given, type Scene } from "./given.ts";

function givenRemoved(): Scene {
  const scene = given({ bob: "WRITER", clara: "COMMENTER" });
  scene.when("bob").writes("plan").accepted();
  scene.when("bob").attaches("file", "plan").accepted();
  scene.when("clara").answers("plan", "answer").accepted();
  scene.when("bob").removes("plan").accepted();
  return scene;
}

const attachment = (scene: Scene, name: string) => {
  const found = scene.state.attachments.get(scene.id(name));
  if (!found) throw new Error(`there is no attachment ${name}`);
  return found;
};

describe("A removed message may be answered, nothing else", () => {
  test("may be answered", () => void givenRemoved().when("clara").answers("plan").accepted());
  test("is not modified", () => void givenRemoved().when("bob").modifies("plan").rejected("REMOVED"));
  test("is not locked", () => void givenRemoved().when("bob").locks("plan").rejected("REMOVED"));
  test("is not attached to, not by an ADMIN either", () => {
    givenRemoved().when("bob").attaches("late file", "plan").rejected("REMOVED");
    givenRemoved().when("alice").attaches("late file", "plan").rejected("REMOVED");
  });
  test("has no lock to release: done already", () => void givenRemoved().when("bob").releases("plan").done());
  test("is removed already, whoever may do it", () => {
    givenRemoved().when("bob").removes("plan").done();
    givenRemoved().when("alice").removes("plan").done();
  });
});

describe("Removing", () => {
  test("a message removes its attachments: they are removed already", () => {
    const scene = givenRemoved();
    expect(isRemoved(scene.state, attachment(scene, "file"))).toBe(true);
    scene.when("bob").detaches("file").done();
  });

  test("a message leaves its answers, and what is attached to those", () => {
    const scene = given({ bob: "WRITER" });
    scene.when("bob").writes("plan").accepted();
    scene.when("bob").answers("plan", "answer").accepted();
    scene.when("bob").attaches("file", "answer").accepted();
    scene.when("bob").removes("plan").accepted();
    expect(isRemoved(scene.state, scene.message("answer"))).toBe(false);
    expect(isRemoved(scene.state, attachment(scene, "file"))).toBe(false);
    scene.when("bob").modifies("answer").accepted();
  });

  test("an attachment leaves its message, and the other attachments", () => {
    const scene = given({ bob: "WRITER" });
    scene.when("bob").writes("plan").accepted();
    scene.when("bob").attaches("file", "plan").accepted();
    scene.when("bob").attaches("other file", "plan").accepted();
    scene.when("bob").detaches("file").accepted();
    expect(isRemoved(scene.state, attachment(scene, "file"))).toBe(true);
    expect(isRemoved(scene.state, attachment(scene, "other file"))).toBe(false);
    scene.when("bob").modifies("plan").accepted();
    scene.when("bob").detaches("file").done();
  });

  test("a label makes room for its name", () => {
    const scene = given();
    scene.when("alice").labels("trip").accepted();
    scene.when("alice").labels("trip again", "trip").rejected("LABEL_EXISTS");
    scene.when("alice").unlabels("trip").accepted();
    scene.when("alice").unlabels("trip").done();
    scene.when("alice").labels("trip again", "trip").accepted();
  });

  test("a participant leaves what they wrote", () => {
    const scene = given({ bob: "WRITER" });
    scene.when("bob").writes("plan").accepted();
    scene.when("alice").throwsOut("bob").accepted();
    expect(isRemoved(scene.state, scene.message("plan"))).toBe(false);
    scene.when("alice").modifies("plan").accepted();
  });
});

describe("What is not there is NOT_FOUND", () => {
  const scene = given();
  scene.name("nothing", scene.log[0]?.hash ?? "");
  test("a message", () => {
    scene.when("alice").modifies("nothing").rejected("NOT_FOUND");
    scene.when("alice").answers("nothing").rejected("NOT_FOUND");
    scene.when("alice").attaches("file", "nothing").rejected("NOT_FOUND");
  });
  test("an attachment, a label", () => {
    scene.when("alice").detaches("nothing").rejected("NOT_FOUND");
    scene.when("alice").unlabels("nothing").rejected("NOT_FOUND");
  });
  test("a participant's id is no message's, though the creator's is the conversation's", () => {
    scene.when("alice").removes("alice").rejected("NOT_FOUND");
  });
  test("another conversation", () => {
    const elsewhere = { conversation: scene.log[0]?.hash ?? "" };
    scene.when("alice").writes("lost", undefined, { but: elsewhere }).rejected("NOT_FOUND");
  });
});
