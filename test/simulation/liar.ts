// A platform that lies: what it sends is other than what its code made of it. It has its own keys, and nobody else's. Some
// lies come and go; what it withholds from somebody, and a second history, go on for ever.
import type { Entry, LogPage, Result } from "../../src/federation/batch.ts";
import type { Event, PlatformName, SignedEvent, SignedProposal } from "../../src/protocol/event.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import { eventHash, proposalId, type Signer } from "../../src/protocol/seal.ts";
import { leaderOf } from "../../src/protocol/value.ts";
import { messageBody, minuteMs, signerOf, someHash, timeAfter } from "../conversation/given.ts";
import type { Answer, Request } from "./message.ts";
import type { Random } from "./random.ts";

/** What it does to what it hands over: of any platform's, as a follower may; and of what it sequenced itself. */
export const allLies = [
  ...["words", "no words", "forged", "stolen name", "usurped", "replay", "order", "receipt", "head", "actor"],
  ...["other history", "withheld", "follows", "again", "backwards", "their mouth", "their name", "twice", "skip"],
  ...["begun again", "strange key"],
] as const;
export type Lie = (typeof allLies)[number];

const keptMax = 40;

/** A request as it is told, null where nothing is left to tell; and what its own code is told of the answer. */
export interface Told {
  readonly request: Request | null;
  mend(answer: Answer): Answer;
}

export class Liar {
  readonly #signer: Signer;
  readonly #random: Random;
  /** To whom it tells another history, by conversation; and how the hashes of that one are. */
  readonly #deceived = new Map<string, Map<Hash, Hash>>();
  /** What comes from this one on is withheld; by who does not hear of it, and conversation. */
  readonly #withheld = new Map<string, Event>();
  readonly #said: Entry[] = [];
  /** Which lies it tells, and how often: not all of them, for some give it away at once. */
  readonly #lies: readonly Lie[];
  readonly #often: number;
  /** Of each conversation something that it said once. */
  readonly #added = new Map<Hash, SignedEvent>();
  /** Of each conversation the last event that it knows of, and what it asked to have said: what a usurper goes on with. */
  readonly #last = new Map<Hash, Event>();
  readonly #asked = new Map<Hash, SignedProposal>();
  /** Whether it tells lies that come and go, and begins others. */
  isRestless = true;

  /** @param lies that it tells. @default some, and how often as well */
  constructor(signer: Signer, random: Random, lies?: readonly Lie[]) {
    this.#signer = signer;
    this.#random = random;
    this.#lies = lies ?? allLies.filter(() => random.chance(0.2));
    this.#often = lies ? 0.3 : (random.pick([0.02, 0.1, 0.3]) ?? 0);
  }

  ask(to: PlatformName, request: Request): Told {
    if (request.kind !== "post") return { request, mend: (answer) => answer };
    this.#note(request.entries);
    const lie = this.#lie();
    const isTold = request.entries.map((entry) => !this.#isWithheld(to, entry, lie));
    const told = request.entries.filter((_, index) => isTold[index]).map((entry) => this.#entry(to, entry, lie));
    const entries = this.#shuffled(told, lie);
    this.#said.push(...request.entries);
    this.#said.splice(0, this.#said.length - keptMax);
    return {
      request: entries.length > 0 ? { kind: "post", entries } : null,
      mend: (answer) => {
        if (answer !== null && !Array.isArray(answer)) return answer;
        const results = [...((answer ?? []) as readonly Result[])];
        this.#note(
          results.flatMap((result): readonly Entry[] =>
            "event" in result && result.event ? [{ event: result.event }] : [],
          ),
        );
        return isTold.map((was): Result => (was ? (results.shift() ?? { result: "later" }) : { result: "accepted" }));
      },
    };
  }

  answer(to: PlatformName, request: Request, answer: Answer): Answer {
    if (request.kind === "post") {
      this.#note(request.entries);
      // Whoever speaks up is told again.
      for (const entry of request.entries)
        if ("proposal" in entry) this.#withheld.delete(`${to} ${entry.proposal.proposal.conversation}`);
      return ((answer ?? []) as readonly Result[]).map((result) => this.#result(to, result));
    }
    if (request.kind !== "events" || answer === null || !("events" in answer)) return answer;
    return this.#page(to, request.conversation, answer);
  }

  #lie(): Lie | undefined {
    return this.isRestless && this.#random.chance(this.#often) ? this.#random.pick(this.#lies) : undefined;
  }

  /** Its own part in a conversation: only there it may tell two histories, or withhold what others cannot tell. */
  #isOwn({ leader, proposal }: Event): boolean {
    return leader === this.#signer.platform && proposal.conversation !== null;
  }

  #isWithheld(to: PlatformName, entry: Entry, lie: Lie | undefined): boolean {
    if ("head" in entry) {
      const { conversation, seq } = entry.head;
      return seq >= (this.#withheld.get(`${to} ${conversation}`)?.seq ?? Number.POSITIVE_INFINITY);
    }
    if (!("event" in entry)) return false;
    const { event } = entry.event;
    const name = `${to} ${event.proposal.conversation}`;
    if (lie === "withheld" && this.#isOwn(event) && !this.#withheld.has(name)) this.#withheld.set(name, event);
    return event.seq >= (this.#withheld.get(name)?.seq ?? Number.POSITIVE_INFINITY);
  }

  #shuffled(told: readonly Entry[], lie: Lie | undefined): readonly Entry[] {
    if (lie === "order") return told.toReversed();
    const again = this.#random.pick(this.#said);
    // A result is expected for each: one is said in the place of another.
    return lie === "replay" && again && told.length > 0 ? told.with(this.#random.below(told.length), again) : told;
  }

  #entry(to: PlatformName, entry: Entry, lie: Lie | undefined): Entry {
    if ("event" in entry) return { event: this.#event(to, entry.event, lie) };
    if ("head" in entry) {
      const { conversation, seq, hash } = entry.head;
      const usurped = lie === "usurped" ? this.#usurped(conversation) : null;
      if (usurped) return { event: usurped };
      const ahead = lie === "head" ? this.#random.below(20) : 0;
      return {
        head: {
          conversation,
          seq: seq + ahead,
          hash: ahead > 0 ? someHash("nothing") : this.#hash(to, conversation, hash),
        },
      };
    }
    if ("receipt" in entry && lie === "receipt") {
      const { receipt } = entry;
      // Whoever began it has read all; or is said to have.
      const participant = this.#random.chance(0.5) ? receipt.conversation : receipt.participant;
      return { receipt: { ...receipt, participant, seq: 1_000_000 } };
    }
    return "proposal" in entry ? { proposal: this.#proposal(entry.proposal, lie) } : entry;
  }

  #note(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if ("event" in entry) {
        const { event } = entry.event;
        const conversation = event.proposal.conversation ?? proposalId(event.proposal);
        if (event.seq > (this.#last.get(conversation)?.seq ?? 0)) this.#last.set(conversation, event);
      } else if ("proposal" in entry) {
        const { conversation, action, model } = entry.proposal.proposal;
        if (conversation !== null && action === "add" && model === "message")
          this.#asked.set(conversation, entry.proposal);
      }
    }
  }

  /** What its own people say, sequenced by itself where another leads; null where it leads, or nothing was said. */
  #usurped(conversation: Hash): SignedEvent | null {
    const [last, asked] = [this.#last.get(conversation), this.#asked.get(conversation)];
    const { platform, key } = this.#signer;
    if (!last || !asked || [last.leader, leaderOf(last.proposal.value)].includes(platform)) return null;
    const timestamp = timeAfter(last.timestamp, 1);
    const place = { seq: last.seq + 1, parent: eventHash(last), timestamp, leader: platform, key: key.key };
    const event: Event = { proposal: { ...asked.proposal, sentAt: timestamp }, ...place };
    const { body, salt } = asked;
    return this.#signed({ event, body, salt, signatures: { event: "", proposal: null } }, event);
  }

  #proposal(signed: SignedProposal, lie: Lie | undefined): SignedProposal {
    const { proposal, body } = signed;
    if (lie === "words" && body) return { ...signed, body: messageBody("a lie") };
    if (lie === "forged") return { ...signed, proposal: { ...proposal, sentAt: timeAfter(proposal.sentAt, 1) } };
    if (lie === "strange key") {
      const { key } = signerOf("nowhere.example");
      const other = { ...proposal, key: key.key };
      return { ...signed, proposal: other, signature: key.sign("proposal", proposalId(other)) };
    }
    if (lie !== "actor" || proposal.conversation === null) return signed;
    // Whoever began it is hardly one of its own.
    const other = { ...proposal, actor: proposal.conversation };
    return { ...signed, proposal: other, signature: this.#signer.key.sign("proposal", proposalId(other)) };
  }

  #event(to: PlatformName, signed: SignedEvent, lie: Lie | undefined): SignedEvent {
    const told = this.#history(to, signed, lie);
    const { event } = told;
    const { platform, key } = this.#signer;
    switch (lie) {
      case "words":
        return told.body ? { ...told, body: messageBody("a lie") } : told;
      case "no words":
        return { ...told, body: null, salt: null };
      case "forged":
        return { ...told, event: { ...event, timestamp: timeAfter(event.timestamp, 1) } };
      case "stolen name":
        return this.#signed(told, { ...event, timestamp: timeAfter(event.timestamp, 1), key: key.key });
      case "usurped":
        return this.#signed(told, { ...event, leader: platform, key: key.key });
      default:
        return this.#isOwn(event) ? this.#broken(told, lie) : told;
    }
  }

  /** Of what it sequenced: as no rule allows. */
  #broken(told: SignedEvent, lie: Lie | undefined): SignedEvent {
    const { event, signatures } = told;
    const { proposal } = event;
    const conversation = proposal.conversation ?? "";
    const isByItself = signatures.proposal === null;
    if (isByItself && proposal.action === "add" && proposal.model === "message" && !this.#added.has(conversation))
      this.#added.set(conversation, told);
    const again = this.#added.get(conversation);
    switch (lie) {
      case "follows": {
        if (!isByItself || proposal.follows === null) return told;
        return this.#signed(told, { ...event, proposal: { ...proposal, follows: someHash("what nobody did") } });
      }
      case "again":
        if (!again || again.event.seq === event.seq) return told;
        return this.#signed(again, { ...event, proposal: again.event.proposal });
      case "backwards":
        return this.#signed(told, { ...event, timestamp: timeAfter(event.timestamp, -4 * minuteMs) });
      case "their mouth":
        if (isByItself) return told;
        return this.#signed(told, { ...event, proposal: { ...proposal, sentAt: timeAfter(proposal.sentAt, 1) } });
      case "their name": {
        if (isByItself) return told;
        const { key } = this.#signer;
        const theirs = { ...proposal, key: key.key };
        const signature = key.sign("proposal", proposalId(theirs));
        const signed = { ...told, signatures: { ...signatures, proposal: signature } };
        return this.#signed(signed, { ...event, proposal: theirs });
      }
      case "twice":
        if (!isByItself) return told;
        return {
          ...told,
          signatures: { ...signatures, proposal: this.#signer.key.sign("proposal", proposalId(proposal)) },
        };
      case "skip":
        return this.#signed(told, { ...event, seq: event.seq + 1 });
      case "begun again": {
        if (!isByItself) return told;
        const value = { role: "ADMIN" as const, via: proposal.platform, mail: false, imported: false };
        const first = {
          action: "publish",
          model: "conversation",
          conversation: null,
          actor: null,
          item: null,
        } as const;
        const begun = { ...proposal, ...first, value, follows: null, ref: someHash("words") };
        return this.#signed({ ...told, body: null, salt: null }, { ...event, proposal: begun });
      }
      default:
        return told;
    }
  }

  /** The event as it stands in the history that `to` is told, which goes on as it began. */
  #history(to: PlatformName, signed: SignedEvent, lie: Lie | undefined): SignedEvent {
    const { event } = signed;
    if (!this.#isOwn(event)) return signed;
    const name = `${to} ${event.proposal.conversation}`;
    const begins = lie === "other history" && !this.#deceived.has(name);
    const hashes = this.#deceived.get(name) ?? (begins ? new Map<Hash, Hash>() : null);
    if (!hashes) return signed;
    this.#deceived.set(name, hashes);
    const parent = hashes.get(event.parent ?? "");
    if (parent === undefined && !begins && !hashes.has(eventHash(event))) return signed;
    // As the first of them, which nothing else makes another.
    const timestamp = parent === undefined ? timeAfter(event.timestamp, 1) : event.timestamp;
    const told = this.#signed(signed, { ...event, parent: parent ?? event.parent, timestamp });
    hashes.set(eventHash(event), eventHash(told.event));
    return told;
  }

  #hash(to: PlatformName, conversation: Hash, hash: Hash): Hash {
    return this.#deceived.get(`${to} ${conversation}`)?.get(hash) ?? hash;
  }

  #signed(signed: SignedEvent, event: Event): SignedEvent {
    return {
      ...signed,
      event,
      signatures: { ...signed.signatures, event: this.#signer.key.sign("event", eventHash(event)) },
    };
  }

  #page(to: PlatformName, conversation: Hash, { head, events }: LogPage): LogPage {
    const lie = this.#lie();
    const from = this.#withheld.get(`${to} ${conversation}`);
    const shown = from === undefined ? events : events.filter(({ event }) => event.seq < from.seq);
    const told = shown.map((signed) => this.#event(to, signed, lie));
    if (lie === "head")
      return { head: { seq: head.seq + this.#random.below(20), hash: someHash("nothing") }, events: told };
    const isCut = from !== undefined && head.seq >= from.seq;
    const end = isCut ? { seq: from.seq - 1, hash: from.parent ?? "" } : head;
    return { head: { seq: end.seq, hash: this.#hash(to, conversation, end.hash) }, events: told };
  }

  #result(to: PlatformName, result: Result): Result {
    if ("event" in result && result.event) return { ...result, event: this.#event(to, result.event, undefined) };
    if (!this.isRestless || !this.#random.chance(0.1)) return result;
    return (
      this.#random.pick<Result>([
        { result: "accepted" },
        { result: "later" },
        { result: "gap", seq: this.#random.below(60) },
        { result: "rejected", code: "FORBIDDEN", message: "a lie" },
      ]) ?? result
    );
  }
}
