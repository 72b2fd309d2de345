import { describe, expect, test } from "vitest";
import type { Command, Occasion } from "../../src/conversation/accept.ts";
import { fold } from "../../src/conversation/evolve.ts";
import { take, type Wish } from "../../src/conversation/take.ts";
import { given, home, messageBody, type Scene, signerOf } from "./given.ts";

const occasionOf = (scene: Scene): Occasion => ({ signer: signerOf(home), sentAt: scene.now, salt: scene.salt });
const taken = (scene: Scene, wish: Wish) => take(scene.state, scene.words, wish, scene.now, occasionOf(scene));
const says = (scene: Scene, command: Command, actor = "alice") => taken(scene, { command, actor: scene.id(actor) });
const verdictOf = (result: ReturnType<typeof take>) =>
  "rejection" in result ? result.rejection.code : result.entries.length;

describe("One append", () => {
  test("of a command is one event, or none where it is done already", () => {
    const scene = given({ bob: "WRITER" });
    expect(verdictOf(says(scene, { action: "add", model: "message", body: messageBody() }))).toBe(1);
    const same: Command = { action: "modify", model: "participant", item: scene.id("bob"), value: { role: "WRITER" } };
    expect(verdictOf(says(scene, same))).toBe(0);
    expect(scene.conversation.seq).toBe(3);
  });

  test.each(["a\0b", "\ud83d"])("of words without a canonical form (%j) is rejected, not a fault", (text) => {
    const scene = given();
    expect(verdictOf(says(scene, { action: "add", model: "message", body: messageBody(text) }))).toBe("INVALID_BODY");
    expect(scene.conversation.seq).toBe(1);
  });

  test("of many proposals is all of them, or none: then state and words are as before", () => {
    const scene = given();
    const propose = (name: string) =>
      scene.propose({ action: "add", model: "label", body: { name } }, scene.id("alice"), home);
    const before = structuredClone(scene.state);
    expect(verdictOf(taken(scene, { proposals: [propose("trip"), propose("rome"), propose("TRIP")] }))).toBe(
      "LABEL_EXISTS",
    );
    expect(scene.state).toEqual(before);
    expect(scene.words.labels.size).toBe(0);
    const result = taken(scene, { proposals: [propose("trip"), propose("rome")] });
    expect(verdictOf(result)).toBe(2);
    expect(verdictOf(taken(scene, { proposals: [propose("rome")] }))).toBe("LABEL_EXISTS");
    if ("rejection" in result) throw new Error("was rejected");
    expect(fold([...scene.log, ...result.entries])).toEqual(scene.state);
    expect(result.changes).toHaveLength(2);
  });
});
