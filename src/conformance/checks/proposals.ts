// Tries of section 9, and of what a leader sends (6, 7, 12): in a conversation that somebody there begins with an address here.
import type { Command } from "../../conversation/accept.ts";
import { batchSchema, type Result } from "../../federation/batch.ts";
import type { Proposal, SignedProposal } from "../../protocol/event.ts";
import { type Hash, sha256 } from "../../protocol/hash.ts";
import { proposalId } from "../../protocol/seal.ts";
import { newSeed, signingKey } from "../../protocol/signature.ts";
import { LeftOut } from "../left-out.ts";
import { adding, type PlayedLog, saying } from "../played-log.ts";
import type { Answered } from "../played-platform.ts";
import { resultWord, type Stage } from "../stage.ts";
import { type Try, tryOf } from "../try.ts";
import { smallOrderKey, smallOrderSignature } from "./requests.ts";

const hourMs = 3_600_000;
const later = (ms: number) => new Date(Date.now() + ms).toISOString();
const twoLines: Command = { action: "modify", model: "subject", body: { subject: "Two\nlines" } };

/** The conversation that they lead, and who we are in it. */
function theirs(stage: Stage): { readonly log: PlayedLog; readonly own: Hash } {
  const log = [...stage.inbound.logs.values()].find(({ head }) => head.leader === stage.tested.name);
  if (log === undefined) throw new LeftOut("nobody there began a conversation with us: --wait SECONDS");
  const participants = [...log.state.participants.values()];
  const own = participants.find(({ via }) => via === stage.signer.platform)?.id;
  if (own === undefined) throw new Error("we are not in the conversation that was sent to us");
  return { log, own };
}

/** What they answer to a proposal. What they make of it is taken to the log here, as far as it holds. */
async function proposed(stage: Stage, signed: SignedProposal): Promise<string> {
  const [result] = await stage.hand({ proposal: signed });
  return result ? wordOfAnswer(stage, signed, result) : "no result";
}

function wordOfAnswer(stage: Stage, { proposal }: SignedProposal, result: Result): string {
  if (!("event" in result) || !result.event) return resultWord(result);
  const { log } = theirs(stage);
  const { event } = result.event;
  if (proposalId(event.proposal) !== proposalId(proposal)) return `${result.result}, with another event`;
  if (event.seq <= log.head.seq) return `${result.result}, with the event`;
  const fault = log.take(result.event);
  if (fault === null) return `${result.result}, with the event`;
  return `${result.result}, with an event that does not hold: ${JSON.stringify(fault)}`;
}

const proposes = (
  must: Try["must"],
  sent: string,
  expected: string | readonly string[],
  make: (stage: Stage, log: PlayedLog, own: Hash) => SignedProposal | Record<string, unknown>,
): Try =>
  tryOf(must, sent, expected, async (stage) => {
    const { log, own } = theirs(stage);
    return stage.results({ proposal: make(stage, log, own) });
  });

const wrongPlatformOrTwice = ["rejected WRONG_PLATFORM", "rejected ALREADY_PARTICIPANT"];

/** Said by us, but otherwise than that. */
const saidBut =
  (but: Partial<Proposal>) =>
  ({ signer }: Stage, log: PlayedLog, own: Hash) =>
    log.proposal(signer, own, saying("Is this taken?"), but);

const does =
  (command: (log: PlayedLog) => Command) =>
  ({ signer }: Stage, log: PlayedLog, own: Hash) =>
    log.proposal(signer, own, command(log));

/** The same for each entry of a batch, which has been read before. */
const resultsOf = (body: Buffer, result: Result): Answered => {
  const { entries } = batchSchema.parse(JSON.parse(body.toString()));
  return { status: 200, json: { results: entries.map(() => result) } };
};

const seqsOf = (push: readonly number[] | undefined) => push?.join(" ") ?? "nothing";

/** Their first pushes to us, which are answered as it is said in `stagedPushes`. */
async function push(stage: Stage, index: number): Promise<string> {
  const find = () => [...stage.inbound.pushes.values()].find((pushes) => pushes.length > index)?.[index];
  await stage.until(() => find() !== undefined);
  return seqsOf(find());
}

export const leadTries: readonly Try[] = [
  tryOf("M53", "nothing: somebody there begins a conversation with us", "events from 1 on, in order", async (stage) => {
    if (stage.leadWithinMs === 0)
      throw new LeftOut("needs somebody there to begin a conversation with us: --wait SECONDS");
    const { POST } = stage.inbound.instead;
    POST.push(
      () => ({ status: 503, json: { code: "BUSY", title: "BUSY", status: 503, detail: "Not now." } }),
      ({ body }) => resultsOf(body, { result: "later" }),
      ({ body }) => resultsOf(body, { result: "gap", seq: 0 }),
    );
    stage.onLeadWanted(stage.own);
    await stage.until(() => stage.inbound.pushes.size > 0, stage.leadWithinMs);
    const [first] = [...stage.inbound.pushes.values()].at(0) ?? [];
    if (first === undefined) {
      POST.length = 0;
      throw new LeftOut("nobody there began a conversation with us in that time");
    }
    return first.every((seq, index) => seq === index + 1) ? "events from 1 on, in order" : seqsOf(first);
  }),
  tryOf("M65", "503 to that", "the same again", async (stage) => {
    needsPush(stage);
    return (await push(stage, 1)) === (await push(stage, 0)) ? "the same again" : push(stage, 1);
  }),
  tryOf("M50", "`later` to each of them", "the same again", async (stage) => {
    needsPush(stage);
    return (await push(stage, 2)) === (await push(stage, 0)) ? "the same again" : push(stage, 2);
  }),
  tryOf("M67", "`gap` with 0 to each of them", "events from 1 on again", async (stage) => {
    needsPush(stage);
    const again = await push(stage, 3);
    return again.startsWith("1") ? "events from 1 on again" : again;
  }),
  tryOf("M53", "`accepted` to each that holds", "a log that holds, with us in it", async (stage) => {
    needsPush(stage);
    await stage.until(() => [...stage.inbound.logs.values()].some(({ head }) => head.leader === stage.tested.name));
    const { log } = theirs(stage);
    const page = await stage.page(log.head.id, 0);
    return page.head.hash === log.head.head ? "a log that holds, with us in it" : `another head than they serve`;
  }),
  proposes(
    "M56",
    "a proposal without a signature",
    ["rejected BAD_SIGNATURE", "rejected BAD_FORM"],
    (stage, log, own) => ({
      ...saidBut({})(stage, log, own),
      signature: null,
    }),
  ),
  proposes("M56", "a proposal that was changed after it was signed", "rejected BAD_SIGNATURE", (stage, log, own) => {
    const signed = saidBut({})(stage, log, own);
    return { ...signed, proposal: { ...signed.proposal, sentAt: later(1_000) } };
  }),
  proposes(
    "M56",
    "a proposal in the name of another platform",
    "rejected WRONG_PLATFORM",
    saidBut({ platform: "elsewhere.example" }),
  ),
  proposes("M56", "a proposal in the name of the platform itself", "rejected WRONG_PLATFORM", (stage, log) =>
    log.proposal(stage.signer, log.participantVia(stage.tested.name), saying("Not mine."), {
      platform: stage.tested.name,
    }),
  ),
  proposes(
    "M56",
    "a proposal under a key that is not listed",
    ["rejected UNKNOWN_KEY", "later"],
    ({ signer }, log, own) =>
      log.proposal({ ...signer, key: signingKey(newSeed()) }, own, saying("Whose key is this?")),
  ),
  proposes(
    "M56",
    "a proposal under a key of small order",
    ["rejected BAD_SIGNATURE", "rejected UNKNOWN_KEY", "later"],
    (stage, log, own) => ({
      ...saidBut({ key: smallOrderKey })(stage, log, own),
      signature: smallOrderSignature,
    }),
  ),
  proposes("M48", "a proposal with a field too many", "rejected BAD_FORM", (stage, log, own) => ({
    ...saidBut({})(stage, log, own),
    mood: "good",
  })),
  proposes("M57", "something said for somebody of theirs", "rejected WRONG_PLATFORM", ({ signer, tested }, log) =>
    log.proposal(signer, log.participantVia(tested.name), saying("Their words, not mine.")),
  ),
  proposes("M57", "something said by nobody in it", "rejected NOT_PARTICIPANT", ({ signer }, log) =>
    log.proposal(signer, sha256("nobody"), saying("Who am I?")),
  ),
  proposes("M57", "a proposal of version 2", "rejected INVALID_ACTION", saidBut({ v: 2 })),
  proposes(
    "M57",
    "a proposal of eight days ago",
    "rejected INVALID_TIME",
    saidBut({ sentAt: "2020-01-08T00:00:00.000Z" }),
  ),
  proposes("M57", "a proposal of in ten minutes", "rejected INVALID_TIME", (...at) =>
    saidBut({ sentAt: later(hourMs / 6) })(...at),
  ),
  proposes("M57", "other words than those that were signed for", "rejected INVALID_BODY", (...at) => ({
    ...saidBut({})(...at),
    body: { format: "PLAIN", text: "Other words.", mentions: [], mail: null },
  })),
  proposes("M57", "no words where there have to be some", "rejected INVALID_BODY", (...at) => ({
    ...saidBut({})(...at),
    ...{ body: null, salt: null },
  })),
  proposes(
    "M57",
    "words that break a rule of words",
    "rejected INVALID_BODY",
    does(() => twoLines),
  ),
  proposes(
    "M57",
    "an expiry, which only an ADMIN may set",
    "rejected FORBIDDEN",
    does(() => ({ action: "modify", model: "expiry", value: { expiresAt: later(hourMs) } })),
  ),
  proposes("M57", "somebody whom nobody knows", "rejected RECIPIENT_UNKNOWN", (stage, log, own) =>
    log.proposal(stage.signer, own, adding(stage.nobody(), { role: "READER", via: stage.tested.name })),
  ),
  // Who takes part already may be refused for that before they are looked up.
  proposes("M57", "somebody of theirs, said to be of ours", wrongPlatformOrTwice, (stage, log, own) => {
    const value = { role: "READER", via: stage.signer.platform } as const;
    return log.proposal(stage.signer, own, adding(stage.address ?? stage.nobody(), value));
  }),
  tryOf(
    "M58",
    "something said that is all right, twice, byte for byte",
    "accepted, then duplicate, with the event",
    async (stage) => {
      const { log, own } = theirs(stage);
      const signed = saidBut({})(stage, log, own);
      const first = await proposed(stage, signed);
      const second = await proposed(stage, signed);
      if (first === "accepted, with the event" && second === "duplicate, with the event")
        return "accepted, then duplicate, with the event";
      return `${first}, then ${second}`;
    },
  ),
  tryOf(
    "M57",
    "an edit that follows another event than the latest",
    "rejected CONFLICT, and which is the latest",
    async (stage) => {
      const { log, own } = theirs(stage);
      const message = ownMessage(log, own);
      const edit = (text: string): Command => ({ ...saying(text), action: "modify", item: message });
      const edited = await proposed(stage, log.proposal(stage.signer, own, edit("Better words.")));
      if (!edited.startsWith("accepted")) return edited;
      const stale = { ...edit("Late words."), follows: message };
      const [result] = await stage.hand({ proposal: log.proposal(stage.signer, own, stale) });
      if (result?.result !== "rejected" || result.latest !== log.state.messages.get(message)?.latest)
        return result ? resultWord(result) : "no result";
      return `${resultWord(result)}, and which is the latest`;
    },
  ),
  proposes("M58", "the release of a lock that nobody holds", "done", ({ signer }, log, own) =>
    log.proposal(signer, own, { action: "release", model: "message", item: ownMessage(log, own) }),
  ),
  tryOf("M51", "an event that we say they sequenced", "rejected BAD_SIGNATURE", async (stage) => {
    const { log, own } = theirs(stage);
    const key = log.entries.at(-1)?.event.key;
    const event = log.sequenced(stage.signer, saidBut({})(stage, log, own), {
      leader: stage.tested.name,
      ...(key && { key }),
    });
    return stage.results({ event });
  }),
  tryOf("M51", "an event that we sequenced, who do not lead", "rejected WRONG_LEADER", async (stage) => {
    const { log, own } = theirs(stage);
    return stage.results({ event: log.sequenced(stage.signer, saidBut({})(stage, log, own)) });
  }),
  tryOf(
    "M60",
    "that we leave; then GET of the log, and something said",
    "up to where we left, then rejected NOT_PARTICIPANT",
    async (stage) => {
      const { log, own } = theirs(stage);
      const leave: Command = { action: "remove", model: "participant", item: own };
      const left = await proposed(stage, log.proposal(stage.signer, own, leave));
      if (!left.startsWith("accepted")) return left;
      const { head } = await stage.page(log.head.id, 0);
      const word = await stage.results({ proposal: saidBut({})(stage, log, own) });
      return head.seq === log.head.seq ? `up to where we left, then ${word}` : `up to ${head.seq}, then ${word}`;
    },
  ),
];

function needsPush({ inbound }: Stage): void {
  if (inbound.pushes.size === 0) throw new LeftOut("nobody there began a conversation with us: --wait SECONDS");
}

function ownMessage(log: PlayedLog, own: Hash): Hash {
  const message = [...log.state.messages.values()].find(({ addedBy }) => addedBy === own);
  if (!message) throw new LeftOut("nothing of ours was taken");
  return message.id;
}
