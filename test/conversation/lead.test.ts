import { describe, expect, test } from "vitest";
import { abroad, fromAbroad, given, home, signerOf } from "./given.ts";

describe("The lead moves by `modify leader`", () => {
  const scene = () => given({ gus: fromAbroad("ADMIN"), greta: fromAbroad("WRITER"), anna: "ADMIN" });

  test("proposed by an ADMIN on the platform that takes it, sequenced by the one that gives it: so both have signed", () => {
    const here = scene();
    const { event, signatures } = here.when("gus").asksForTheLead().accepted();
    expect([event.proposal.platform, event.leader]).toEqual([abroad, home]);
    expect(signatures.proposal).not.toBeNull();
    expect(here.conversation.leader).toBe(abroad);
  });

  test("the next event is sequenced by the new leader, and by no other", () => {
    const here = scene();
    here.when("gus").asksForTheLead().accepted();
    const signed = here.propose({ action: "add", model: "label", body: { name: "trip" } }, here.id("anna"), home);
    here.take(signed, {}, signerOf(home)).rejected("WRONG_PLATFORM");
    expect(here.take(signed).accepted().event.leader).toBe(abroad);
  });

  test("nobody asks for another platform: `value.leader` is the proposal's platform", () => {
    scene().when("gus").asksForTheLead(home).rejected("WRONG_PLATFORM");
    scene().when("anna").asksForTheLead(abroad).rejected("WRONG_PLATFORM");
  });

  test("only an ADMIN asks", () => void scene().when("greta").asksForTheLead().rejected("FORBIDDEN"));

  test("who leads already is asked for nothing", () => {
    const here = scene();
    here.when("anna").asksForTheLead().done();
    here.when("gus").asksForTheLead().accepted();
    here.when("gus").asksForTheLead().done();
  });

  test("and back again", () => {
    const here = scene();
    here.when("gus").asksForTheLead().accepted();
    here.when("anna").asksForTheLead().accepted();
    expect(here.conversation.leader).toBe(home);
  });
});

describe("A frozen conversation", () => {
  test("takes nothing, from nobody: not even leaving", () => {
    const here = given({ bob: "WRITER" });
    here.state.conversation = { ...here.conversation, isFrozen: true };
    here.when("alice").writes("words").rejected("FROZEN");
    here.when("bob").leaves().rejected("FROZEN");
  });

  test("is told of to those in it alone", () => {
    const here = given({ bob: "WRITER" });
    here.state.conversation = { ...here.conversation, isFrozen: true };
    here
      .when("bob")
      .writes("words", undefined, { but: { actor: here.conversation.head } })
      .rejected("NOT_PARTICIPANT");
  });
});
