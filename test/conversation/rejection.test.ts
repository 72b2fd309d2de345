import { describe, expect, test } from "vitest";
import { editDraft, emptyDraft, publishDraft } from "../../src/conversation/draft.ts";
import { type RejectionCode, reject, rejectionCodes } from "../../src/conversation/rejection.ts";
import {
  abroad,
  beginning,
  byMail,
  dayMs,
  given,
  home,
  participantBody,
  salts,
  signerOf,
  someHash,
  timeAfter,
} from "./given.ts";

/** What no rule says, but whoever asks another platform. */
type Elsewhere = "LEADER_UNREACHABLE" | "RECIPIENT_UNREACHABLE";

// A new code has no scenario, and this does not compile: every code that there is, is returned.
const scenarios: Readonly<Record<Exclude<RejectionCode, Elsewhere>, () => string>> = {
  INVALID_ACTION: () => given().when("alice").does({ action: "lock", model: "subject" }).verdict,
  INVALID_TIME: () =>
    given()
      .when("alice")
      .writes("x", "x", { but: { sentAt: timeAfter(beginning, -8 * dayMs) } }).verdict,
  INVALID_BODY: () => given().when("alice").writes("x", " ").verdict,
  INVALID_ADDRESS: () => given().when("alice").adds("x", "READER", { address: "x", name: null }).verdict,
  INVALID_ROLE: () => given().when("alice").adds("mia", byMail("ADMIN")).verdict,
  NOT_PARTICIPANT: () => {
    const scene = given({ bob: "WRITER" });
    scene.when("bob").leaves().accepted();
    return scene.when("bob").writes("x").verdict;
  },
  NOT_FOUND: () => {
    const scene = given();
    scene.name("nothing", someHash("nothing"));
    return scene.when("alice").removes("nothing").verdict;
  },
  WRONG_PLATFORM: () =>
    given({ bob: "WRITER" })
      .when("bob")
      .writes("x", "x", { but: { platform: abroad } }).verdict,
  FORBIDDEN: () => given({ rita: "READER" }).when("rita").writes("x").verdict,
  EXPIRED: () => {
    const scene = given();
    scene.when("alice").letsItExpireAt(beginning).accepted();
    return scene.when("alice").writes("x").verdict;
  },
  FROZEN: () => {
    const scene = given();
    scene.state.conversation = { ...scene.conversation, isFrozen: true };
    return scene.when("alice").writes("x").verdict;
  },
  REMOVED: () => {
    const scene = given();
    scene.when("alice").writes("x").accepted();
    scene.when("alice").removes("x").accepted();
    return scene.when("alice").modifies("x").verdict;
  },
  LAST_ADMIN: () => given().when("alice").makes("alice", "READER").verdict,
  LIMIT_EXCEEDED: () => {
    const scene = given();
    for (let index = 0; index < 50; index++) scene.when("alice").labels(`l${index}`).accepted();
    return scene.when("alice").labels("one more").verdict;
  },
  LOCKED: () => {
    const scene = given({ bob: "WRITER" });
    scene.when("alice").writes("x").accepted();
    scene.when("alice").locks("x").accepted();
    return scene.when("bob").modifies("x").verdict;
  },
  CONFLICT: () => {
    const scene = given();
    scene.when("alice").callsIt("one").accepted();
    return scene.when("alice").callsIt("two", { follows: scene.conversation.id }).verdict;
  },
  ALREADY_PARTICIPANT: () =>
    given({ bob: "WRITER" }).when("alice").adds("again", "READER", participantBody("bob")).verdict,
  LABEL_EXISTS: () => {
    const scene = given();
    scene.when("alice").labels("trip").accepted();
    return scene.when("alice").labels("again", "Trip").verdict;
  },
  RECIPIENT_UNKNOWN: () => {
    const command = { action: "add", model: "participant", body: participantBody("nobody") } as const;
    const draft = editDraft(emptyDraft, command, someHash("nobody"));
    if ("code" in draft) return draft.code;
    const alice = { address: "alice@a.example", name: null };
    const result = publishDraft(draft, alice, () => null, { signer: signerOf(home), sentAt: beginning, salt: salts() });
    return "code" in result ? result.code : "published";
  },
};

describe("Every code of the core is returned", () => {
  test.each(Object.entries(scenarios))("%s", (code, scenario) => expect(scenario()).toBe(code));

  test("and no code is left out but the two that only another platform's silence gives", () => {
    const elsewhere = rejectionCodes.filter((code) => !(code in scenarios));
    expect(elsewhere).toEqual(["RECIPIENT_UNREACHABLE", "LEADER_UNREACHABLE"]);
  });
});

test("A rejection says to people what is wrong and what to do; more exactly where that is known", () => {
  for (const code of rejectionCodes)
    expect(reject(code)).toEqual({ code, message: expect.stringMatching(/^[A-Z].*\.$/) });
  expect(reject("FORBIDDEN", "Not you.").message).toBe("Not you.");
});
