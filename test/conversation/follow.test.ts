import { describe, expect, test } from "vitest";
import { evolve, fold } from "../../src/conversation/evolve.ts";
import { follow, followAll } from "../../src/conversation/follow.ts";
import { emptyState } from "../../src/conversation/state.ts";
import type { Proposal } from "../../src/protocol/event.ts";
import { type Entry, proposalId, sequence } from "../../src/protocol/seal.ts";
import {
  abroad,
  byMail,
  fromAbroad,
  given,
  home,
  messageBody,
  minuteMs,
  type Scene,
  signerOf,
  timeAfter,
} from "./given.ts";

function givenLog(): Scene {
  const scene = given({ bob: "WRITER", gus: fromAbroad("ADMIN"), mia: byMail("WRITER"), rita: "READER" });
  scene.when("bob").writes("plan").accepted();
  scene.when("gus").modifies("plan").accepted();
  scene.when("alice").throwsOut("bob").accepted();
  return scene;
}

/** What a leader signs who does not keep to the rules: the command of `name`, at the head of the log. */
function forged(scene: Scene, name: string, but: Partial<Proposal>, at = scene.now): Entry {
  const { id, via } = scene.participant(name);
  const signed = scene.propose({ action: "add", model: "message", body: messageBody() }, id, via, { but });
  const { seq, head, leader } = scene.conversation;
  return sequence(signed, proposalId(signed.proposal), { seq: seq + 1, parent: head, timestamp: at }, signerOf(leader));
}

describe("A log that another platform made", () => {
  test("comes to the state that its leader has", () => {
    const scene = givenLog();
    expect(followAll(scene.log, scene.now)).toEqual({ state: scene.state });
    expect(fold(scene.log)).toEqual(scene.state);
  });

  test("comes to the same state without the bodies", () => {
    const scene = givenLog();
    const bare = scene.log.map((entry) => ({ ...entry, body: null, salt: null }));
    expect(followAll(bare, scene.now)).toEqual({ state: scene.state });
  });

  test("goes on under a new leader", () => {
    const scene = givenLog();
    scene.when("gus").asksForTheLead().accepted();
    scene.when("alice").writes("under the new one").accepted();
    expect(scene.log.at(-1)?.event.leader).toBe(abroad);
    expect(followAll(scene.log, scene.now)).toEqual({ state: scene.state });
  });

  test("names the first entry that does not hold", () => {
    const scene = givenLog();
    const broken = scene.log.map((entry, index) =>
      index === 3 ? { ...entry, body: messageBody("Other words") } : entry,
    );
    expect(followAll(broken, scene.now)).toEqual({ seq: 4, fault: "BAD_COMMITMENT" });
  });

  test("is empty before its first entry", () => expect(followAll([], given().now)).toEqual({ state: emptyState() }));
});

describe("An entry is not taken", () => {
  const faultOf = (scene: Scene, entry: Entry, now = scene.now) => {
    const before = structuredClone(scene.state);
    const fault = follow(scene.state, entry, now);
    expect(scene.state).toEqual(before);
    return fault;
  };

  test("from whom the log does not name as leader, though chained and signed: WRONG_LEADER", () => {
    const scene = givenLog();
    const { event } = forged(scene, "gus", {});
    const { seq, parent, timestamp, proposal } = event;
    const signed = { proposal, signature: null, body: null, salt: null };
    const usurped = sequence(signed, proposalId(proposal), { seq, parent, timestamp }, signerOf(abroad));
    expect(faultOf(scene, usurped)).toBe("WRONG_LEADER");
  });

  test("as a first event that another platform than its own sequenced: WRONG_LEADER", () => {
    const first = givenLog().log[0];
    if (!first) throw new Error("no log");
    const { proposal, timestamp } = first.event;
    const signed = { proposal, signature: signerOf(home).key.sign("proposal", first.id), body: null, salt: null };
    const usurped = sequence(signed, first.id, { seq: 1, parent: null, timestamp }, signerOf(abroad));
    expect(follow(emptyState(), usurped, timestamp)).toBe("WRONG_LEADER");
  });

  test("with a timestamp before its parent's: TIME_RUNS_BACKWARDS", () => {
    const scene = givenLog();
    expect(faultOf(scene, forged(scene, "alice", {}, timeAfter(scene.now, -1)))).toBe("TIME_RUNS_BACKWARDS");
  });

  test("over 5 minutes ahead of our clock: FROM_THE_FUTURE, and later it is", () => {
    const scene = givenLog();
    const entry = forged(scene, "alice", {}, timeAfter(scene.now, 5 * minuteMs + 1));
    expect(faultOf(scene, entry)).toBe("FROM_THE_FUTURE");
    expect(follow(scene.state, entry, timeAfter(scene.now, 1))).toBeNull();
  });

  test("when it belongs elsewhere: BROKEN_CHAIN", () => {
    const scene = givenLog();
    const last = scene.log.at(-1);
    if (!last) throw new Error("no log");
    expect(faultOf(scene, last)).toBe("BROKEN_CHAIN");
    expect(follow(emptyState(), last, scene.now)).toBe("BROKEN_CHAIN");
  });

  test.each<[string, string, Partial<Proposal>, string]>([
    ["a READER's message", "rita", {}, "FORBIDDEN"],
    ["a removed participant's", "bob", {}, "NOT_PARTICIPANT"],
    ["a proposal kept for later", "alice", { sentAt: "2026-11-01T00:00:00.000Z" }, "INVALID_TIME"],
    ["a pair that is not in the table", "alice", { action: "publish" }, "INVALID_ACTION"],
    ["another conversation's", "alice", { conversation: signerOf(home).key.key }, "NOT_FOUND"],
    ["an unknown version's", "alice", { v: 2 }, "INVALID_ACTION"],
  ])("against the rules: %s", (_, name, but, code) => {
    const scene = givenLog();
    expect(faultOf(scene, forged(scene, name, but))).toEqual({ againstTheRules: code });
  });

  test("a second time: who and what was removed is not brought back by its own add", () => {
    const scene = givenLog();
    for (const act of ["writes", "labels", "attaches"] as const) scene.when("alice")[act](act).accepted();
    scene.when("alice").removes("writes").accepted();
    scene.when("alice").unlabels("labels").accepted();
    scene.when("alice").detaches("attaches").accepted();
    const adds = scene.log.filter(
      ({ event: { proposal } }) => proposal.action === "add" && proposal.actor === scene.id("alice"),
    );
    expect(adds).toHaveLength(7);
    for (const again of adds) {
      const { seq, head } = scene.conversation;
      const { proposal } = again.event;
      const signed = { ...again, proposal, signature: again.signatures.proposal };
      const entry = sequence(signed, again.id, { seq: seq + 1, parent: head, timestamp: scene.now }, signerOf(home));
      expect(faultOf(scene, entry)).toBe("DONE_ALREADY");
    }
  });
});

describe("An event that was not decided on a state", () => {
  const scene = givenLog();
  const [first] = scene.log;

  test.each(scene.log.slice(1).map((entry) => [entry.event.seq, entry] as const))(
    "does not evolve it: seq %i on nothing",
    (_, entry) => {
      expect(() => evolve(emptyState(), entry)).toThrow(/not in the state/);
    },
  );

  test("makes nothing of a participant who is none, or of a second conversation", () => {
    if (!first) throw new Error("no log");
    const proposal = {
      ...first.event.proposal,
      action: "add" as const,
      model: "participant" as const,
      actor: first.id,
      value: null,
    };
    expect(() => evolve(scene.state, { ...first, event: { ...first.event, proposal } })).toThrow(/adds nobody/);
    const other = { ...first.event.proposal, action: "modify" as const, actor: first.id };
    expect(() => evolve(scene.state, { ...first, event: { ...first.event, proposal: other } })).toThrow(/is no event/);
  });
});
