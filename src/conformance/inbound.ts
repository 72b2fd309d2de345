// What the platform that is tried asks of the one that is played: answered as a well-behaved platform does, unless a try
// has something else in store. What is wrong with it is noted.
import { STATUS_CODES } from "node:http";
import { batchSchema, type Entry, type Result, readEntry } from "../federation/batch.ts";
import type { PlatformName, SignedEvent } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import { sha256 } from "../protocol/hash.ts";
import type { Signer } from "../protocol/seal.ts";
import { proposalId } from "../protocol/seal.ts";
import type { PublicKey } from "../protocol/signature.ts";
import { PlayedLog } from "./played-log.ts";
import type { Answered, Asked } from "./played-platform.ts";

export interface InboundOptions {
  /** Whose proposals are sequenced here. */
  readonly signer: Signer;
  readonly tested: PlatformName;
  /** Whether the platform that is tried lists the key. */
  isTheirs(key: PublicKey): boolean;
}

/** An answer that is given once, instead of the right one. Null: the right one after all. */
export type Instead = (asked: Asked) => Answered | null;

export class Inbound {
  readonly #options: InboundOptions;
  /** What was wrong with requests, in words. */
  readonly faults: string[] = [];
  /** All requests, in order: `GET /f/auth/`. */
  readonly asked: string[] = [];
  /** Logs that this platform leads, or follows. */
  readonly logs = new Map<Hash, PlayedLog>();
  /** The seqs of each push that came, in order, by conversation. */
  readonly pushes = new Map<Hash, number[][]>();
  /** For the next requests of that method, one each. */
  readonly instead: { readonly GET: Instead[]; readonly POST: Instead[] } = { GET: [], POST: [] };

  constructor(options: InboundOptions) {
    this.#options = options;
  }

  answer(asked: Asked): Answered {
    const { method, target, signed } = asked;
    const what = `${method} ${target}`;
    this.asked.push(what);
    const fault = this.#fault(asked);
    if (fault !== null) {
      this.faults.push(`${what}: ${fault}`);
      return refusal(401, typeof signed === "string" ? signed : "UNKNOWN_KEY");
    }
    const entries = method === "POST" ? entriesOf(asked) : [];
    if (entries === null) {
      this.faults.push(`${what}: its body is not the batch that the path names`);
      return refusal(422, "MALFORMED");
    }
    for (const [conversation, run] of Map.groupBy(eventsOf(entries), conversationOf)) {
      const pushes = this.pushes.get(conversation) ?? [];
      this.pushes.set(conversation, [...pushes, run.map(({ event }) => event.seq)]);
    }
    const instead = this.instead[method === "POST" ? "POST" : "GET"].shift()?.(asked);
    if (instead) return instead;
    if (method === "POST") return { status: 200, json: { results: entries.map((entry) => this.#resultOf(entry)) } };
    if (target === "/f/auth/") return { status: 204 };
    const [, conversation = "", after = "0"] = /^\/f\/([\w-]{43})\/(?:events\/(?:\?after=(\d+))?)?$/.exec(target) ?? [];
    const log = this.logs.get(conversation);
    return log ? { status: 200, json: pageOf(log, Number(after)) } : refusal(404, "NOT_FOUND");
  }

  #fault({ signed }: Asked): string | null {
    if (typeof signed === "string") return signed;
    if (signed.platform !== this.#options.tested) return `signed by ${signed.platform}`;
    return this.#options.isTheirs(signed.key) ? null : "signed under a key that is not in their list";
  }

  #resultOf(entry: Entry): Result {
    if ("receipt" in entry || "lost" in entry || "recipient" in entry) return { result: "accepted" };
    if ("head" in entry) return { result: "duplicate" };
    if ("event" in entry) return this.#take(entry.event);
    const { signer } = this.#options;
    const log = this.logs.get(entry.proposal.proposal.conversation ?? "");
    if (!log) return { result: "rejected", code: "NOT_FOUND", message: "Not here." };
    const { leader } = log.head;
    if (leader !== signer.platform) return { result: "rejected", code: "WRONG_LEADER", message: "Not here.", leader };
    const id = proposalId(entry.proposal.proposal);
    const before = log.entries.find(({ event }) => proposalId(event.proposal) === id);
    if (before) return { result: "duplicate", event: before };
    const event = log.sequenced(signer, entry.proposal);
    const fault = log.take(event);
    if (fault === null) return { result: "accepted", event };
    return { result: "rejected", code: codeOf(fault), message: "The rules forbid it." };
  }

  #take(event: SignedEvent): Result {
    const conversation = conversationOf(event);
    const log = this.logs.get(conversation) ?? new PlayedLog();
    const head = log.state.conversation;
    const { seq } = event.event;
    if (seq <= (head?.seq ?? 0)) return { result: "duplicate" };
    if (seq > (head?.seq ?? 0) + 1) return { result: "gap", seq: head?.seq ?? 0 };
    const fault = log.take(event);
    if (fault === null) {
      this.logs.set(conversation, log);
      return { result: "accepted" };
    }
    this.faults.push(`event ${seq} of ${conversation}: ${codeOf(fault)}`);
    return { result: "rejected", code: codeOf(fault), message: "It does not hold." };
  }
}

export function pageOf({ head, entries }: PlayedLog, after: number) {
  return { head: { seq: head.seq, hash: head.head }, events: entries.slice(after, after + 500) };
}

const codeOf = (fault: string | { readonly againstTheRules: string }): string =>
  typeof fault === "string" ? fault : fault.againstTheRules;

const conversationOf = ({ event }: SignedEvent): Hash => event.proposal.conversation ?? proposalId(event.proposal);

const eventsOf = (entries: readonly Entry[]): readonly SignedEvent[] =>
  entries.flatMap((entry) => ("event" in entry ? [entry.event] : []));

/** Null where it is no batch, or another than the path says. */
function entriesOf({ target, body }: Asked): readonly Entry[] | null {
  if (target !== `/f/evt/${sha256(body)}/`) return null;
  try {
    const { entries } = batchSchema.parse(JSON.parse(body.toString()));
    const read = entries.map(readEntry);
    return read.every((entry) => entry !== null) ? read : null;
  } catch {
    return null;
  }
}

const refusal = (status: number, code: string): Answered => ({
  status,
  json: { type: "about:blank", title: STATUS_CODES[status], status, detail: "See docs/federation.md.", code },
});
