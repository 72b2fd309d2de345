// Tries of section 7, and of the first part's M8 to M13 with it: events that a follower must not take, each with just one thing wrong.
import type { SignedEvent, SignedProposal } from "../../protocol/event.ts";
import { sha256 } from "../../protocol/hash.ts";
import { eventHash, type Signer } from "../../protocol/seal.ts";
import { newSeed, signingKey } from "../../protocol/signature.ts";
import { type PlayedLog, readerOf, saying, signProposal } from "../played-log.ts";
import type { Stage } from "../stage.ts";
import { type Try, tryOf } from "../try.ts";
import { smallOrderKey, smallOrderSignature } from "./requests.ts";

/** What a leader could send next. */
interface Next {
  readonly stage: Stage;
  readonly log: PlayedLog;
  readonly signer: Signer;
  /** Something said by the leader's own participant, which is all right. */
  readonly said: SignedProposal;
  /** And the event of it, which would be taken. */
  readonly honest: SignedEvent;
}

const nextOn = (stage: Stage, log: PlayedLog): Next => {
  const { signer } = stage;
  const said = log.proposal(signer, log.head.id, saying("Does this hold?"));
  return { stage, log, signer, said, honest: log.sequenced(signer, said) };
};

/** An event that does not hold, in the conversation that the tries share: it is as before. */
const lie = (sent: string, expected: string | readonly string[], make: (next: Next) => unknown): Try =>
  tryOf("M51", sent, expected, (stage) => stage.results({ event: make(nextOn(stage, stage.main())) }));

/** One against the rules, in a conversation of its own: who gets it may take nothing more there. */
const breach = (sent: string, expected: string, make: (next: Next) => unknown): Try =>
  tryOf("M51", sent, expected, async (stage) =>
    stage.results({ event: make(nextOn(stage, await stage.introduce(sent))) }),
  );

const later = (ms: number) => new Date(Date.now() + ms).toISOString();
const another = (): Signer["key"] => signingKey(newSeed());
const hourMs = 3_600_000;

export const eventTries: readonly Try[] = [
  lie("an event with a field too many", "rejected BAD_FORM", ({ honest }) => ({ ...honest, mood: "good" })),
  lie("an event without one of its fields", "rejected BAD_FORM", ({ honest: { event, ...rest } }) => {
    const { parent: _, ...others } = event;
    return { ...rest, event: others };
  }),
  lie("a time that does not exist", "rejected BAD_FORM", ({ log, signer, said }) =>
    log.sequenced(signer, said, { timestamp: "2026-02-30T09:00:00.000Z" }),
  ),
  lie("a signature in another text of the same bytes", "rejected BAD_FORM", ({ honest }) => ({
    ...honest,
    signatures: { ...honest.signatures, event: `${honest.signatures.event}==` },
  })),
  lie("another parent", "rejected BROKEN_CHAIN", ({ log, signer, said }) =>
    log.sequenced(signer, said, { parent: sha256("another") }),
  ),
  lie("an event that was changed after it was signed", "rejected BAD_SIGNATURE", ({ honest }) => ({
    ...honest,
    event: { ...honest.event, timestamp: later(1_000) },
  })),
  lie("a proposal's signature where the event's says both", "rejected BAD_SIGNATURE", ({ honest, said }) => ({
    ...honest,
    signatures: { ...honest.signatures, proposal: said.signature },
  })),
  lie("a proposal of another platform, unsigned", ["rejected BAD_SIGNATURE", "rejected BAD_FORM"], ({ log, stage }) => {
    const { signer, tested } = stage;
    const theirs = log.proposal(signer, log.participantVia(tested.name), saying("Not mine."), {
      platform: tested.name,
    });
    return log.sequenced(signer, { ...theirs, signature: null });
  }),
  lie(
    "a proposal in the name of the platform itself, under our key",
    ["rejected UNKNOWN_KEY", "later"],
    ({ log, stage }) => {
      const { signer, tested } = stage;
      const theirs = log.proposal(signer, log.participantVia(tested.name), saying("Not mine."), {
        platform: tested.name,
      });
      return log.sequenced(signer, theirs);
    },
  ),
  lie("words that are not those that were signed for", "rejected BAD_COMMITMENT", ({ honest }) => ({
    ...honest,
    body: { format: "PLAIN", text: "Other words.", mentions: [], mail: null },
  })),
  lie("words without a salt", "rejected BAD_COMMITMENT", ({ honest }) => ({ ...honest, salt: null })),
  lie(
    "an event that the platform itself is said to have sequenced",
    ["rejected WRONG_LEADER", "rejected UNKNOWN_KEY", "later"],
    ({ log, stage, said }) => log.sequenced({ ...stage.signer, platform: stage.tested.name }, said),
  ),
  lie("an event under a key that is not listed", ["rejected UNKNOWN_KEY", "later"], ({ log, stage }) => {
    const signer = { ...stage.signer, key: another() };
    return log.sequenced(signer, log.proposal(signer, log.head.id, saying("Whose key is this?")));
  }),
  lie(
    "an event under a key of small order",
    ["rejected BAD_SIGNATURE", "rejected UNKNOWN_KEY", "later"],
    ({ log, signer, said }) => {
      const event = log.sequenced(signer, said, { key: smallOrderKey });
      return { ...event, signatures: { ...event.signatures, event: smallOrderSignature } };
    },
  ),
  tryOf("M52", "an event of in ten minutes, and the head", "later, later", (stage) => {
    const { log, signer, said } = nextOn(stage, stage.main());
    const { id, seq, head } = log.head;
    return stage.results(
      { event: log.sequenced(signer, said, { timestamp: later(hourMs / 6) }) },
      { head: { conversation: id, seq, hash: head } },
    );
  }),
  tryOf("M49", "two events of in ten minutes, and a receipt", "later, later, accepted", (stage) => {
    const { log, signer, said } = nextOn(stage, stage.main());
    const { id, seq } = log.head;
    const timestamp = later(hourMs / 6);
    const first = log.sequenced(signer, said, { timestamp });
    const second = log.sequenced(signer, log.proposal(signer, id, saying("And this?")), {
      ...{ timestamp, seq: seq + 2, parent: eventHash(first.event) },
    });
    return stage.results({ event: first }, { event: second }, { receipt: { conversation: id, participant: id, seq } });
  }),
  tryOf("M52", "an event two places on", "gap, of the last that is had", async (stage) => {
    const { log, signer, said } = nextOn(stage, stage.main());
    const { seq } = log.head;
    const word = await stage.results({ event: log.sequenced(signer, said, { seq: seq + 2 }) });
    return word === `gap ${seq}` ? "gap, of the last that is had" : word;
  }),
  tryOf("M52", "a seq of 2^53 − 1", "gap, of the last that is had", async (stage) => {
    const { log, signer, said } = nextOn(stage, stage.main());
    const { seq } = log.head;
    const [last] = log.entries.slice(-1);
    const giant = log.sequenced(signer, said, { seq: Number.MAX_SAFE_INTEGER });
    const word = await stage.results({ event: last }, { event: giant });
    return word === `duplicate, gap ${seq}` ? "gap, of the last that is had" : word;
  }),
  breach("an event from before the last one", "rejected TIME_RUNS_BACKWARDS", ({ log, signer, said }) =>
    log.sequenced(signer, said, { timestamp: later(-hourMs) }),
  ),
  breach("something said by a READER", "rejected FORBIDDEN", ({ log, stage: { signer } }) =>
    log.sequenced(signer, log.proposal(signer, readerOf(log, signer), saying("I may only read."))),
  ),
  breach("something said for somebody of theirs", "rejected WRONG_PLATFORM", ({ log, stage: { signer, tested } }) =>
    log.sequenced(signer, log.proposal(signer, log.participantVia(tested.name), saying("Their words, not mine."))),
  ),
  breach("something said by nobody in it", "rejected NOT_PARTICIPANT", ({ log, signer }) =>
    log.sequenced(signer, log.proposal(signer, sha256("nobody"), saying("Who am I?"))),
  ),
  breach("an event of version 2", "rejected INVALID_ACTION", ({ log, signer }) =>
    log.sequenced(signer, log.proposal(signer, log.head.id, saying("Version 2."), { v: 2 })),
  ),
  breach("a proposal of eight days ago", "rejected INVALID_TIME", ({ log, signer }) =>
    log.sequenced(signer, log.proposal(signer, log.head.id, saying("Kept."), { sentAt: later(-8 * 24 * hourMs) })),
  ),
  breach("an edit that follows another event than the latest", "rejected CONFLICT", ({ log, signer }) => {
    const subject = { action: "modify", model: "subject", body: { subject: "Parley conformance" } } as const;
    return log.sequenced(signer, log.proposal(signer, log.head.id, { ...subject, follows: log.head.id }));
  }),
  breach("the same proposal a second time", "rejected DONE_ALREADY", ({ log, signer }) => {
    const [{ event, body, salt } = missing()] = log.entries.slice(-1);
    return log.sequenced(signer, signProposal(signer, { proposal: event.proposal, body, salt }));
  }),
  tryOf(
    "M42",
    "a batch with an event that is all right, twice, byte for byte",
    "accepted, then duplicate",
    async (stage) => {
      const log = stage.main();
      const event = log.does(stage.signer, log.head.id, saying("This one holds."));
      const words = await stage.twice({ event });
      const { events } = await stage.page(log.head.id, log.head.seq - 1);
      return events.length === 1 ? words.join(", then ") : `${events.length} events from there on`;
    },
  ),
  tryOf("M52", "an event whose words break a rule of words", "accepted, without the words", async (stage) => {
    const log = stage.main();
    const subject = { action: "modify", model: "subject", body: { subject: "Two\nlines" } } as const;
    const event = log.sequenced(stage.signer, log.proposal(stage.signer, log.head.id, subject));
    log.take(event);
    const word = await stage.results({ event });
    const { events } = await stage.page(log.head.id, log.head.seq - 1);
    return `${word}, ${events[0]?.body === null ? "without the words" : "with the words"}`;
  }),
];

function missing(): never {
  throw new Error("the conversation is not as it was begun");
}
