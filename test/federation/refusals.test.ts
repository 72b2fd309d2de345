// What must not be taken from another platform, by every way in: pushed, in a page of a log, and as the answer to a proposal.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createParley, type Parley } from "../../sdk/src/index.ts";
import { smallOrderKey, smallOrderSignature } from "../../src/conformance/checks/requests.ts";
import { pageOf } from "../../src/conformance/inbound.ts";
import { adding, begun, type PlayedLog, readerOf, saying, signProposal } from "../../src/conformance/played-log.ts";
import type { Answered } from "../../src/conformance/played-platform.ts";
import { batchSchema, readEntry, signedEventOf } from "../../src/federation/batch.ts";
import type { Event, SignedEvent, SignedProposal } from "../../src/protocol/event.ts";
import { type Hash, sha256 } from "../../src/protocol/hash.ts";
import { eventHash, proposalId } from "../../src/protocol/seal.ts";
import { newSeed, signingKey } from "../../src/protocol/signature.ts";
import { done } from "../graphql/given.ts";
import { type BarePlatform, startBarePlatform } from "../support/bare-platform.ts";
import { type Person, startPlatform, type TestPlatform } from "../support/platform.ts";

const opened = new AsyncDisposableStack();
/** Begins conversations with bob, leads them, and lies. */
let liar: BarePlatform;
let home: TestPlatform;
let bob: Person & { readonly parley: Parley };
let log: PlayedLog;

beforeAll(async () => {
  liar = opened.use(await startBarePlatform("liar.localhost"));
  // Jobs are done where a test does them.
  const options = { name: "home.localhost", peers: { "liar.localhost": liar.url }, worker: false };
  home = opened.use(await startPlatform(options));
  const person = await home.person("bob");
  bob = { ...person, parley: createParley({ url: `${home.url}/graphql`, token: person.token }) };
  opened.use(bob.parley);
});
afterAll(() => opened.disposeAsync());

/** A conversation of the liar's that bob is in, and somebody of the liar's who may only read. */
beforeEach(async () => {
  const { signer } = liar;
  log = begun(signer, "mallory@liar.localhost", "Trust me");
  const { id } = log.head;
  log.does(signer, id, adding("reader@liar.localhost", { role: "READER", via: "liar.localhost" }));
  log.does(signer, id, adding(bob.address, { role: "WRITER", via: "home.localhost" }));
  liar.answers(() => null);
  liar.shows(liar.keys);
  const results = await liar.hands(home, ...log.entries.map((event) => ({ event })));
  expect(results.map(({ result }) => result)).toEqual(["accepted", "accepted", "accepted", "accepted"]);
});

interface Lie {
  /** Where it is pushed. */
  readonly code: string;
  /** Instead of the event of `said`. */
  tell(said: SignedProposal): unknown;
  /** Whether it proves that the leader lied. */
  readonly isProof?: true;
  /** Whether it is no event of `said`. */
  readonly isOther?: true;
}

const later = (ms: number) => new Date(Date.now() + ms).toISOString();
const own = (text: string) => log.proposal(liar.signer, log.head.id, saying(text));

const lies: Readonly<Record<string, Lie>> = {
  "with a field too many": {
    code: "BAD_FORM",
    tell: (said) => ({ ...log.sequenced(liar.signer, said), mood: "good" }),
  },
  "without a field": {
    code: "BAD_FORM",
    tell: (said) => {
      const { event, ...rest } = log.sequenced(liar.signer, said);
      const { parent: _, ...others } = event;
      return { ...rest, event: others };
    },
  },
  "without a signature": {
    code: "BAD_FORM",
    tell: (said) => {
      const { signatures, ...rest } = log.sequenced(liar.signer, said);
      return { ...rest, signatures: { proposal: signatures.proposal } };
    },
  },
  "with another parent": {
    code: "BROKEN_CHAIN",
    tell: (said) => log.sequenced(liar.signer, said, { parent: sha256("another") }),
  },
  "with a leader's signature that does not fit": {
    code: "BAD_SIGNATURE",
    tell: (said) => {
      const { event, ...rest } = log.sequenced(liar.signer, said);
      return { ...rest, event: { ...event, timestamp: later(1_000) } };
    },
  },
  "with a proposal's signature that does not fit": {
    code: "BAD_SIGNATURE",
    tell: (said) => {
      const { signatures, ...rest } = log.sequenced(liar.signer, said);
      const proposal = liar.signer.key.sign("proposal", sha256("another"));
      return { ...rest, signatures: { ...signatures, proposal } };
    },
  },
  "with words other than those that were signed for": {
    code: "BAD_COMMITMENT",
    tell: (said) => ({
      ...log.sequenced(liar.signer, said),
      body: { format: "PLAIN", text: "Other words.", mentions: [], mail: null },
    }),
  },
  "without a salt": { code: "BAD_COMMITMENT", tell: (said) => ({ ...log.sequenced(liar.signer, said), salt: null }) },
  "under a key that is not listed": {
    code: "UNKNOWN_KEY or later",
    tell: (said) => log.sequenced({ ...liar.signer, key: signingKey(newSeed()) }, said),
  },
  "under a key that no earlier one vouches for": {
    code: "UNKNOWN_KEY or later",
    tell: (said) => {
      const key = signingKey(newSeed());
      const [first] = liar.keys.keys;
      if (!first) throw new Error("the list is empty");
      // Signed by the one before it, it says; but what that signed is something else.
      liar.shows({ ...liar.keys, keys: [first, { ...first, key: key.key, by: first.key }] });
      return log.sequenced({ ...liar.signer, key }, said);
    },
  },
  "under a key of small order": {
    code: "BAD_SIGNATURE",
    tell: (said) => {
      const { signatures, ...rest } = log.sequenced(liar.signer, said, { key: smallOrderKey });
      return { ...rest, signatures: { ...signatures, event: smallOrderSignature } };
    },
  },
  "by a leader who does not lead": {
    code: "WRONG_LEADER",
    // Its own key, of its own platform: but bob's platform has not taken the lead.
    tell: () => log.sequenced(home.core.signer, own("I lead.")),
  },
  "from before the last one": {
    code: "TIME_RUNS_BACKWARDS",
    tell: (said) => log.sequenced(liar.signer, said, { timestamp: later(-3_600_000) }),
    isProof: true,
  },
  "from the future": {
    code: "later",
    tell: (said) => log.sequenced(liar.signer, said, { timestamp: later(600_000) }),
  },
  "of another version": {
    code: "INVALID_ACTION",
    tell: () => log.sequenced(liar.signer, log.proposal(liar.signer, log.head.id, saying("Version 2."), { v: 2 })),
    isProof: true,
    isOther: true,
  },
  "of a proposal that was kept too long": {
    code: "INVALID_TIME",
    tell: () =>
      log.sequenced(
        liar.signer,
        log.proposal(liar.signer, log.head.id, saying("Old."), { sentAt: later(-8 * 24 * 3_600_000) }),
      ),
    isProof: true,
    isOther: true,
  },
  "that a role does not allow": {
    code: "FORBIDDEN",
    tell: () =>
      log.sequenced(liar.signer, log.proposal(liar.signer, readerOf(log, liar.signer), saying("I may only read."))),
    isProof: true,
    isOther: true,
  },
  "said for somebody of another platform": {
    code: "WRONG_PLATFORM",
    tell: () =>
      log.sequenced(
        liar.signer,
        log.proposal(liar.signer, log.participantVia("home.localhost"), saying("Bob never said so.")),
      ),
    isProof: true,
    isOther: true,
  },
  "that the other platform is said to have proposed": {
    code: "UNKNOWN_KEY",
    tell: () => {
      const but = { platform: "home.localhost" };
      const said = log.proposal(liar.signer, log.participantVia("home.localhost"), saying("Bob never said so."), but);
      return log.sequenced(liar.signer, said);
    },
  },
  "that is in the log already": {
    code: "DONE_ALREADY",
    tell: () => {
      const [last] = log.entries.slice(-1);
      if (!last) throw new Error("the log is empty");
      const { event, body, salt } = last;
      return log.sequenced(liar.signer, signProposal(liar.signer, { proposal: event.proposal, body, salt }));
    },
    isProof: true,
    isOther: true,
  },
  "of a place that has another": {
    code: "FORKED",
    tell: (said) => {
      const { seq } = log.head;
      const before = log.entries.at(-1)?.event.parent ?? null;
      return log.sequenced(liar.signer, said, { seq, parent: before });
    },
    isProof: true,
  },
};

const told = Object.entries(lies);

/** Of what is no lie that could be proved. */
const honest: Lie = { code: "", tell: () => null };

/** Bob's platform has the log as it was, frozen or not. */
async function expectUnchanged({ isProof }: Lie): Promise<void> {
  const conversation = await bob.parley.conversation({ hash: log.head.id });
  expect(conversation?.lastEvent).toMatchObject({ seq: log.head.seq });
  expect(conversation?.status).toBe(isProof ? "FROZEN" : "OPEN");
}

/** And it takes the truth where it has no proof of a lie. */
async function expectOpen({ isProof }: Lie): Promise<void> {
  const event = log.does(liar.signer, log.head.id, saying("The truth."));
  const [result] = await liar.hands(home, { event });
  expect(result).toMatchObject(isProof ? { result: "rejected", code: "FROZEN" } : { result: "accepted" });
}

describe("An event is refused where it is pushed", () => {
  test.each(told)("%s", async (_, lie) => {
    const [result] = await liar.hands(home, { event: lie.tell(own("Is this taken?")) });
    const word = result?.result === "rejected" ? result.code : result?.result;
    expect(lie.code.split(" or ")).toContain(word);
    await expectUnchanged(lie);
    await expectOpen(lie);
  });

  test("of a place that has another, signed by who does not lead, behind the one that is had: it proves nothing", async () => {
    const last = log.entries.at(-1);
    if (!last) throw new Error("the log is empty");
    const { event, signatures, body, salt } = last;
    const other = { ...event, leader: "home.localhost", key: home.core.signer.key.key };
    const signed = home.core.signer.key.sign("event", eventHash(other));
    const proposed = signatures.proposal ?? liar.signer.key.sign("proposal", proposalId(event.proposal));
    const forged = { event: other, signatures: { event: signed, proposal: proposed }, body, salt };
    const results = await liar.hands(home, { event: signedEventOf(last) }, { event: forged });
    expect(results.at(-1)).toMatchObject({ result: "rejected", code: "FORKED" });
    await expectUnchanged(honest);
    await expectOpen(honest);
  });

  test("two places on: what is missing is asked for", async () => {
    const [result] = await liar.hands(home, {
      event: log.sequenced(liar.signer, own("Later."), { seq: log.head.seq + 2 }),
    });
    expect(result).toEqual({ result: "gap", seq: log.head.seq });
    await expectOpen(honest);
  });
});

const page = (events: readonly unknown[]): Answered => ({
  status: 200,
  json: { head: { ...pageOf(log, 0).head, seq: log.head.seq + 1 }, events },
});

/** What the liar is asked meanwhile, and the jobs that are planned. */
async function whatCatchingUpDoes() {
  const { jobs, federation } = home.core;
  const { addJob } = jobs;
  const planned: string[] = [];
  const before = liar.heard.length;
  const noting: typeof addJob = (task, payload, spec) => {
    // Who answers is asked for other things too.
    if (task === "catch-up") planned.push(spec?.jobKey ?? task);
    return addJob(task, payload, spec);
  };
  Object.assign(jobs, { addJob: noting });
  try {
    await federation.catchUp(log.head.id, "liar.localhost");
  } finally {
    Object.assign(jobs, { addJob });
  }
  return { heard: liar.heard.slice(before), planned };
}

const emptyPage = { head: { seq: 1, hash: sha256("none") }, events: [] };
/** Bytes of an answer. */
const tooMany = 8 * 1024 * 1024 + 1;

describe("An event is refused in a page", () => {
  test("two places on", async () => {
    const event = log.sequenced(liar.signer, own("Later."), { seq: log.head.seq + 2 });
    liar.answers(({ method }) => (method === "GET" ? page([event]) : null));
    await home.core.federation.catchUp(log.head.id, "liar.localhost");
    await expectUnchanged(honest);
    await expectOpen(honest);
  });

  test.each(told)("%s", async (_, lie) => {
    const event = lie.tell(own("Is this taken?"));
    liar.answers(({ method }) => (method === "GET" ? page([event]) : null));
    const { heard, planned } = await whatCatchingUpDoes();
    // A log that is another than ours is held against ours from its beginning.
    const from = lie.code === "BROKEN_CHAIN" ? [log.head.seq, 0] : [log.head.seq];
    expect(heard).toEqual(from.map((after) => `GET /f/${log.head.id}/events/?after=${after}`));
    // What is refused is not asked for again. What cannot be read, or not be judged yet, is; a key may be judged or not.
    const again = [`catch-up:${log.head.id}:liar.localhost`];
    const isAgain = { BAD_FORM: [again], later: [again], "UNKNOWN_KEY or later": [again, []] }[lie.code] ?? [[]];
    expect(isAgain).toContainEqual(planned);
    await expectUnchanged(lie);
    await expectOpen(lie);
  });

  test("what comes before it is taken", async () => {
    const first = log.does(liar.signer, log.head.id, saying("This holds."));
    const bad = log.sequenced(liar.signer, own("This does not."), { parent: sha256("another") });
    liar.answers(() => page([first, bad]));
    await home.core.federation.catchUp(log.head.id, "liar.localhost");
    await expectUnchanged(honest);
  });

  test.each([
    ["no page", { status: 200, json: { events: [] } }],
    ["no JSON", { status: 200 }],
    ["a refusal", { status: 503, json: { code: "BUSY" } }],
    ["a redirect", { status: 302, headers: { location: "/f/elsewhere/" } }],
    ["more than a page may be", { status: 200, json: { ...emptyPage, more: "x".repeat(tooMany) } }],
  ] satisfies [string, Answered][])("%s instead: nothing is taken", async (_, answered) => {
    liar.answers(({ method }) => (method === "GET" ? answered : null));
    await home.core.federation.catchUp(log.head.id, "liar.localhost");
    await expectUnchanged(honest);
  });
});

/** Answers the next proposal with what `make` makes of it; whoever looks into the log finds it as it is. */
function answersWith(make: (said: SignedProposal) => unknown): void {
  liar.answers(({ method, body }) => {
    if (method === "GET") return { status: 200, json: pageOf(log, log.head.seq) };
    const entry = readEntry(batchSchema.parse(JSON.parse(body.toString())).entries[0]);
    if (!entry || !("proposal" in entry)) return null;
    return { status: 200, json: { results: [make(entry.proposal)] } };
  });
}

describe("An event is refused as the answer to a proposal, which goes on waiting", () => {
  const says = (conversation: Hash, body: string) => done(bob.parley.messageAdd({ conversation, body }));

  test.each(told)("%s", async (_, lie) => {
    answersWith((said) => ({ result: "accepted", event: lie.tell(said) }));
    expect(await says(log.head.id, "Do you hear me?")).toMatchObject({ event: null, pending: true });
    // What is no answer is not looked at any further.
    const looked = lie.isOther ? honest : lie;
    await expectUnchanged(looked);
    await expectOpen(looked);
  });

  test.each([
    ["no event", () => ({ result: "accepted" })],
    [
      "an event two places on",
      (said) => ({ result: "accepted", event: log.sequenced(liar.signer, said, { seq: log.head.seq + 2 }) }),
    ],
    ["more than an answer may be", () => ({ result: "accepted", more: "x".repeat(tooMany) })],
    ["the event of another proposal", () => ({ result: "accepted", event: log.entries.at(-1) })],
    ["that there was nothing left to do", () => ({ result: "done" })],
    ["later", () => ({ result: "later" })],
    ["gap", () => ({ result: "gap", seq: 0 })],
    ["a result of no kind", () => ({ result: "perhaps" })],
  ] satisfies [string, (said: SignedProposal) => unknown][])("%s", async (_, make) => {
    answersWith(make);
    expect(await says(log.head.id, "Do you hear me?")).toMatchObject({ event: null, pending: true });
    await expectUnchanged(honest);
  });

  test("nothing, for as long as somebody waits", async () => {
    const { promise, resolve } = Promise.withResolvers<Answered>();
    liar.answers(({ method }) => (method === "POST" ? promise : null));
    expect(await says(log.head.id, "Do you hear me?")).toMatchObject({ event: null, pending: true });
    resolve({ status: 500 });
    await expectUnchanged(honest);
  });

  test("asked again, the leader's event is taken, and it waits no more", async () => {
    const sent: SignedProposal[] = [];
    answersWith((said) => {
      sent.push(said);
      return { result: "later" };
    });
    await says(log.head.id, "Do you hear me?");
    answersWith((said) => {
      sent.push(said);
      const event = log.sequenced(liar.signer, said);
      expect(log.take(event)).toBeNull();
      return { result: "accepted", event };
    });
    await home.core.federation.askAgain(log.head.id);
    expect(sent[1]).toEqual(sent[0]);
    await expectUnchanged(honest);
  });
});

describe("A conversation is not begun, and nothing of it kept,", () => {
  const adds = (to: PlayedLog) =>
    to.does(liar.signer, to.head.id, adding(bob.address, { role: "WRITER", via: "home.localhost" }));
  const unsigned = (signed: SignedEvent): SignedEvent => ({
    ...signed,
    signatures: { ...signed.signatures, event: liar.signer.key.sign("event", sha256("another")) },
  });
  /** An event further on, as whoever made it up has it. */
  const further = (other: PlayedLog, signed: SignedEvent, but: Partial<Event> = {}): SignedEvent =>
    unsigned({ ...signed, event: { ...signed.event, seq: other.head.seq + 9, parent: sha256("some"), ...but } });

  test.each<[string, string, (other: PlayedLog) => readonly SignedEvent[]]>([
    [
      "for an event that is said to be ours",
      "RECIPIENT_UNKNOWN",
      (other) => {
        const said = other.proposal(liar.signer, other.head.id, saying("Yours."));
        const { key } = home.core.signer.key;
        return [further(other, other.sequenced(liar.signer, said, { leader: "home.localhost", key }))];
      },
    ],
    [
      "for an event that adds somebody here, and is not signed",
      "RECIPIENT_UNKNOWN",
      (other) => {
        const to = adding(bob.address, { role: "WRITER", via: "home.localhost" });
        return [further(other, other.sequenced(liar.signer, other.proposal(liar.signer, other.head.id, to)))];
      },
    ],
    [
      "for an event that adds somebody here, under a key of nobody's",
      "UNKNOWN_KEY",
      (other) => {
        const to = adding(bob.address, { role: "WRITER", via: "home.localhost" });
        const somebody = { ...liar.signer, key: signingKey(newSeed()) };
        const said = other.proposal(liar.signer, other.head.id, to);
        return [other.sequenced(somebody, said, { seq: other.head.seq + 9 })];
      },
    ],
    [
      "where what comes before who is added does not hold",
      "BAD_SIGNATURE",
      (other) => {
        other.entries.push(unsigned(other.entries.pop() ?? expect.fail("there is no event")));
        adds(other);
        return [];
      },
    ],
    [
      "where what comes before who is added is under a key of nobody's",
      "UNKNOWN_KEY",
      (other) => {
        const somebody = { ...liar.signer, key: signingKey(newSeed()) };
        const said = other.proposal(liar.signer, other.head.id, saying("Mine."));
        expect(other.take(other.sequenced(somebody, said))).toBeNull();
        adds(other);
        return [];
      },
    ],
  ])("%s", async (_, code, more) => {
    const other = begun(liar.signer, "mallory@liar.localhost", "Never heard of");
    const { id } = other.head;
    const run = [...more(other)];
    const results = await liar.hands(home, ...[...other.entries, ...run].map((event) => ({ event })));
    // A key is looked for once in ten seconds.
    const expected = code === "UNKNOWN_KEY" ? [code, undefined] : [code];
    for (const result of results) expect(expected).toContain("code" in result ? result.code : undefined);
    const [head] = await liar.hands(home, { head: { conversation: id, seq: 1, hash: sha256("none") } });
    expect(head).toMatchObject({ code: "NOT_FOUND" });
    const { rowCount } = await home.core.database.pool.query("SELECT FROM conversation WHERE id = $1", [id]);
    expect(rowCount).toBe(0);
  });
});
