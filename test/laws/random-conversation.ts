// Random people who do random things, rightly and wrongly: what the laws are tried on.
import fc from "fast-check";
import { type Accepted, accept, type Command, proposeOn } from "../../src/conversation/accept.ts";
import { noWords } from "../../src/conversation/body.ts";
import type { Rejection } from "../../src/conversation/rejection.ts";
import { isActive, isAdmin } from "../../src/conversation/roles.ts";
import { emptyState, type State } from "../../src/conversation/state.ts";
import {
  type ParticipantValue,
  type Proposal,
  roles,
  type SignedProposal,
  type Timestamp,
} from "../../src/protocol/event.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import { type Entry, proposalId } from "../../src/protocol/seal.ts";
import {
  abroad,
  attachmentBody,
  beginning,
  dayMs,
  home,
  messageBody,
  minuteMs,
  salts,
  signerOf,
  someHash,
  taking,
  timeAfter,
} from "../conversation/given.ts";

/** What somebody will try. Numbers choose from whatever is there when it comes to it. */
export interface Intent {
  readonly what: Act;
  readonly who: number;
  /** Sometimes somebody who may not take part any more. */
  readonly isAnybody: boolean;
  readonly target: number;
  readonly role: number;
  readonly kind: Kind;
  readonly passesMs: number;
  readonly fault: Fault;
}

const kinds = ["local", "local", "local", "abroad", "abroad", "mail", "imported"] as const;
type Kind = (typeof kinds)[number];

const faults = ["stale", "lost", "late", "early", "platform", "form", "nowhere", "words"] as const;
/** How a proposal is other than an honest platform would make it. */
type Fault = (typeof faults)[number] | null;

/** How often each is tried, of everything. */
const acts = {
  "add message": 16,
  "answer message": 12,
  "modify message": 12,
  "lock message": 12,
  "release message": 6,
  "remove message": 3,
  "add attachment": 8,
  "attach to message": 8,
  "remove attachment": 3,
  "add label": 5,
  "remove label": 3,
  "modify subject": 4,
  "modify expiry": 2,
  "add participant": 10,
  "modify participant": 10,
  "remove participant": 3,
  leave: 2,
  "erase participant": 1,
  "modify leader": 3,
  "publish conversation": 1,
} as const satisfies Record<string, number>;
type Act = keyof typeof acts;

const waits = [
  { weight: 20, arbitrary: fc.integer({ min: 0, max: minuteMs }) },
  { weight: 4, arbitrary: fc.integer({ min: minuteMs, max: 20 * minuteMs }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 * dayMs }) },
  // Clocks are set back, too.
  { weight: 1, arbitrary: fc.integer({ min: -10 * minuteMs, max: 0 }) },
];

export const intent: fc.Arbitrary<Intent> = fc.record({
  what: fc.oneof(
    ...Object.entries(acts).map(([act, weight]) => ({ weight, arbitrary: fc.constant(isAct(act) ? act : "leave") })),
  ),
  who: fc.nat(9_999),
  isAnybody: fc.nat(9).map((one) => one === 9),
  target: fc.nat(9_999),
  // Often one who may do something: rights refused are the least of the rules.
  role: fc.constantFrom(0, 1, 2, 2, 2, 3, 3),
  kind: fc.constantFrom(...kinds),
  passesMs: fc.oneof(...waits),
  fault: fc.oneof({ weight: 12, arbitrary: fc.constant(null) }, { weight: 2, arbitrary: fc.constantFrom(...faults) }),
});

function isAct(text: string): text is Act {
  return text in acts;
}

/** Intents, few enough to be shrunk. */
export const intents = fc.array(intent, { minLength: 1, maxLength: 60, size: "max" });

/** One try, and what came of it. */
export interface Try {
  readonly signed: SignedProposal;
  readonly id: Hash;
  /** The timestamp that the event has, or would have had. */
  readonly at: Timestamp;
  readonly result: Accepted | "done" | Rejection;
}

interface Circumstances {
  /** What the n-th words are; other words, other hashes, and no rule may see a difference. */
  readonly said?: (count: number) => string;
  /** As long as no more than these take part, nobody goes; somebody is added instead. Default 0: it may die out. */
  readonly stay?: number;
}

export class RandomConversation {
  readonly state: State = emptyState();
  readonly words = noWords();
  readonly log: Entry[] = [];
  now: Timestamp = beginning;
  readonly #salt = salts();
  readonly #said: (count: number) => string;
  readonly #stay: number;
  #count = 0;

  constructor({ said = (count) => `words ${count}`, stay = 0 }: Circumstances = {}) {
    this.#said = said;
    this.#stay = stay;
    const body = { address: "alice@a.example", name: null, slug: "", continues: null };
    const first = this.propose({ action: "publish", model: "conversation", value: taking("ADMIN"), body }, null, home);
    const { result } = this.take(first);
    if (result === "done" || !("entry" in result)) throw new Error("the conversation was not published");
    // Enough of all kinds that it does not die young.
    for (const kind of kinds)
      this.try({
        what: "add participant",
        who: 0,
        isAnybody: false,
        target: 0,
        role: 2,
        kind,
        passesMs: 0,
        fault: null,
      });
  }

  /** Makes the proposal of an intent, and has the leader take it. `before` sees the state that it is decided on. */
  try(intent: Intent, before?: (signed: SignedProposal, at: Timestamp) => void): Try {
    this.now = timeAfter(this.now, intent.passesMs);
    const signed = this.#proposalOf(intent);
    before?.(signed, this.#timestamp());
    return this.take(signed);
  }

  take(signed: SignedProposal): Try {
    const at = this.#timestamp();
    const leader = signerOf(this.state.conversation?.leader ?? home);
    const result = accept(this.state, this.words, signed, this.now, leader);
    if (result !== "done" && "entry" in result) this.log.push(result.entry);
    return { signed, id: proposalId(signed.proposal), at, result };
  }

  propose(command: Command, actor: Hash | null, platform: string, but: Partial<Proposal> = {}): SignedProposal {
    const signer = signerOf(platform);
    const made = proposeOn(this.state, command, actor, { signer, sentAt: this.now, salt: this.#salt });
    const proposal = { ...made.proposal, ...but };
    const isLeaders = platform === (this.state.conversation?.leader ?? home);
    return { ...made, proposal, signature: isLeaders ? null : signer.key.sign("proposal", proposalId(proposal)) };
  }

  #timestamp(): Timestamp {
    const parent = this.state.conversation?.timestamp;
    return parent !== undefined && parent > this.now ? parent : this.now;
  }

  #proposalOf(intent: Intent): SignedProposal {
    const participants = [...this.state.participants.values()];
    const active = participants.filter(isActive);
    // Every third time an ADMIN, lest most of what is tried be FORBIDDEN.
    const able = intent.who % 3 === 0 ? active.filter(isAdmin) : active;
    const actor = chosen(intent.isAnybody || able.length === 0 ? participants : able, intent.who);
    if (!actor) throw new Error("a conversation has a creator");
    const command = this.#commandOf(intent, actor.id, actor.via);
    return this.propose(command, actor.id, actor.via, this.#but(intent, command, actor.via));
  }

  #commandOf({ what: wanted, target, role, kind, who }: Intent, actor: Hash, via: string): Command {
    const isGoing = wanted === "leave" || wanted === "remove participant" || wanted === "erase participant";
    const what = isGoing && (this.state.conversation?.participants ?? 0) <= this.#stay ? "add participant" : wanted;
    const said = this.#said(++this.#count);
    const one = (items: ReadonlyMap<Hash, unknown>) => chosen([...items.keys()], target) ?? someHash("nothing");
    // The latest are talked about most: there are the locks and the conflicts.
    const message = () => chosen([...this.state.messages.keys()].slice(-6), target) ?? someHash("nothing");
    const { participants, labels, attachments } = this.state;
    switch (what) {
      case "add message":
        return { action: "add", model: "message", body: messageBody(said) };
      case "answer message":
        return { action: "add", model: "message", item: message(), body: messageBody(said) };
      case "modify message":
        return { action: "modify", model: "message", item: message(), body: messageBody(said) };
      case "lock message":
        return { action: "lock", model: "message", item: message() };
      case "release message":
        return { action: "release", model: "message", item: message() };
      case "remove message":
        return { action: "remove", model: "message", item: message() };
      case "add attachment":
        return { action: "add", model: "attachment", body: attachmentBody(said) };
      case "attach to message":
        return { action: "add", model: "attachment", item: message(), body: attachmentBody(said) };
      case "remove attachment":
        return { action: "remove", model: "attachment", item: one(attachments) };
      case "add label":
        return { action: "add", model: "label", body: { name: said.slice(0, 60) } };
      case "remove label":
        return { action: "remove", model: "label", item: one(labels) };
      case "modify subject":
        return { action: "modify", model: "subject", body: { subject: said } };
      case "modify expiry":
        return {
          action: "modify",
          model: "expiry",
          value: role < 3 ? null : { expiresAt: timeAfter(this.now, (who - 500) * minuteMs) },
        };
      case "add participant": {
        const body = { address: `p${said.replaceAll(/\W/g, "")}@somewhere.example`, name: null };
        return { action: "add", model: "participant", value: takingOf(kind, role, via), body };
      }
      case "modify participant":
        return { action: "modify", model: "participant", item: one(participants), value: { role: roleAt(role) } };
      case "remove participant":
        return { action: "remove", model: "participant", item: one(participants) };
      case "leave":
        return { action: "remove", model: "participant", item: actor };
      case "erase participant":
        return { action: "remove", model: "participant", item: role === 0 ? one(participants) : actor, value: "ERASE" };
      case "modify leader":
        return { action: "modify", model: "leader", value: { leader: role === 0 ? abroad : via } };
      case "publish conversation":
        return {
          action: "publish",
          model: "conversation",
          value: taking("ADMIN", { via }),
          body: { address: "alice@a.example", name: null, slug: "", continues: null },
        };
    }
  }

  #but({ fault, target, who }: Intent, { action }: Command, via: string): Partial<Proposal> {
    const isChange = action !== "add" && action !== "publish";
    switch (fault) {
      case "stale":
        return isChange ? { follows: chosen(this.log.slice(-8), target)?.id ?? null } : {};
      case "lost":
        return { follows: isChange ? null : someHash("nothing") };
      case "late":
        return { sentAt: timeAfter(this.now, -7 * dayMs - who) };
      case "early":
        return { sentAt: timeAfter(this.now, 5 * minuteMs + 1 + who) };
      case "platform":
        return { platform: via === home ? abroad : home };
      case "form":
        return {
          model:
            chosen(["label", "subject", "leader", "conversation", "attachment", "expiry"] as const, target) ?? "label",
        };
      case "nowhere":
        return { conversation: someHash("another conversation") };
      case "words":
        return { ref: someHash("other words") };
      default:
        return {};
    }
  }
}

function chosen<T>(list: readonly T[], number: number): T | undefined {
  return list.length === 0 ? undefined : list[number % list.length];
}

function roleAt(number: number) {
  return roles[number % roles.length] ?? "READER";
}

function takingOf(kind: Kind, role: number, via: string): ParticipantValue {
  const isOurs = kind === "mail" || kind === "imported";
  return {
    role: roleAt(role),
    via: isOurs ? via : kind === "abroad" ? abroad : home,
    mail: kind === "mail",
    imported: kind === "imported",
  };
}

/** A conversation in which all of this was tried. */
export function conversationOf(tried: readonly Intent[], circumstances?: Circumstances): RandomConversation {
  const conversation = new RandomConversation(circumstances);
  for (const intent of tried) conversation.try(intent);
  return conversation;
}

export function verdictOf({ result }: Try): string {
  if (result === "done") return result;
  return "entry" in result ? "accepted" : result.code;
}
