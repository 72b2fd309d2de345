// Given, when, then: a conversation with people in it, and what comes of what they do. Real keys, hashes and signatures;
// everything that a test does not name is arbitrary but always the same.
import { expect } from "vitest";
import { type Accepted, accept, type Command, proposeOn } from "../../src/conversation/accept.ts";
import { noWords } from "../../src/conversation/body.ts";
import { decide } from "../../src/conversation/decide.ts";
import { evolve } from "../../src/conversation/evolve.ts";
import { sliceOf } from "../../src/conversation/needs.ts";
import type { Rejection, RejectionCode } from "../../src/conversation/rejection.ts";
import { emptyState } from "../../src/conversation/state.ts";
import type {
  AttachmentBody,
  MessageBody,
  ParticipantBody,
  ParticipantValue,
  Proposal,
  Role,
  SignedProposal,
  Timestamp,
} from "../../src/protocol/event.ts";
import { type Hash, sha256 } from "../../src/protocol/hash.ts";
import { type Entry, proposalId, type Signer } from "../../src/protocol/seal.ts";
import { signingKey } from "../../src/protocol/signature.ts";

export const minuteMs = 60_000;
export const dayMs = 24 * 60 * minuteMs;

/** When everything begins, unless a test says otherwise. */
export const beginning: Timestamp = "2026-11-21T09:00:00.000Z";

/** `ms` after (or before) `time`. */
export function timeAfter(time: Timestamp, ms: number): Timestamp {
  return new Date(Date.parse(time) + ms).toISOString();
}

/** Some hash, key or salt: the same for the same text. */
export function someHash(text: string): Hash {
  return sha256(text);
}

/** The platform of alice, and of everybody without another. */
export const home = "a.example";
/** Another platform. */
export const abroad = "b.example";

const signers = new Map<string, Signer>();

/** The signer of a platform: the same key for the same name. */
export function signerOf(platform: string): Signer {
  const known = signers.get(platform);
  if (known) return known;
  const signer = { platform, key: signingKey(Buffer.from(sha256(`key of ${platform}`), "base64url")) };
  signers.set(platform, signer);
  return signer;
}

/** Salts that differ, in the same order in every run. */
export function salts(): () => Hash {
  let count = 0;
  return () => someHash(`salt ${++count}`);
}

export function taking(role: Role, other: Partial<ParticipantValue> = {}): ParticipantValue {
  return { role, via: home, mail: false, imported: false, ...other };
}

/** Takes part by mail: `home` speaks for them. */
export function byMail(role: Role): ParticipantValue {
  return taking(role, { mail: true });
}

/** Came with an archive that `home` took in. */
export function imported(role: Role): ParticipantValue {
  return taking(role, { imported: true });
}

export function messageBody(text = "Shall we meet?"): MessageBody {
  return { format: "MARKDOWN", text, mentions: [], mail: null };
}

export function attachmentBody(title = "plan.pdf"): AttachmentBody {
  return { title, type: "application/pdf", size: 12, sha256: someHash(title), key: "AAAAAAAAAAAAAAAAAAAAAA" };
}

export function participantBody(name: string): ParticipantBody {
  return { address: `${name.replaceAll(" ", ".")}@somewhere.example`, name: null };
}

/** What came of it. A test says one of the three; the others fail it. */
export class Outcome {
  readonly result: Accepted | "done" | Rejection;

  constructor(result: Accepted | "done" | Rejection) {
    this.result = result;
  }

  /** `accepted`, `done`, or the rejection's code. */
  get verdict(): "accepted" | "done" | RejectionCode {
    if (this.result === "done") return "done";
    return "entry" in this.result ? "accepted" : this.result.code;
  }

  accepted(): Entry {
    expect(this.verdict).toBe("accepted");
    if (this.result === "done" || !("entry" in this.result)) throw new Error("was not accepted");
    return this.result.entry;
  }

  done(): void {
    expect(this.verdict).toBe("done");
  }

  rejected(code: RejectionCode): Rejection {
    expect(this.verdict).toBe(code);
    if (this.result === "done" || "entry" in this.result) throw new Error("was not rejected");
    return this.result;
  }
}

/** What a test says of a proposal beside the command. */
export interface Manner {
  /** The name under which the test speaks of what is made. */
  readonly as?: string;
  /** Fields that are other than an honest platform would say. */
  readonly but?: Partial<Proposal>;
  readonly follows?: Hash;
}

/** People and their roles, beside alice, who began the conversation and is an ADMIN. */
export type Cast = Readonly<Record<string, Role | ParticipantValue>>;

/** A conversation that alice published and to which she added the cast, in this order. */
export function given(cast: Cast = {}): Scene {
  const scene = new Scene();
  scene.publish();
  for (const [name, how] of Object.entries(cast)) {
    scene
      .when("alice")
      .adds(name, typeof how === "string" ? taking(how) : how)
      .accepted();
  }
  return scene;
}

export class Scene {
  readonly state = emptyState();
  readonly words = noWords();
  readonly log: Entry[] = [];
  readonly salt = salts();
  now: Timestamp = beginning;
  readonly #ids = new Map<string, Hash>();

  /** The id of what the test gave this name to. */
  id(name: string): Hash {
    const id = this.#ids.get(name);
    if (id === undefined) throw new Error(`nobody and nothing is called ${name}`);
    return id;
  }

  name(name: string, id: Hash): void {
    this.#ids.set(name, id);
  }

  get conversation() {
    const { conversation } = this.state;
    if (!conversation) throw new Error("the conversation is not published");
    return conversation;
  }

  participant(name: string) {
    const participant = this.state.participants.get(this.id(name));
    if (!participant) throw new Error(`${name} was never added`);
    return participant;
  }

  message(name: string) {
    const message = this.state.messages.get(this.id(name));
    if (!message) throw new Error(`there is no message ${name}`);
    return message;
  }

  /** Time passes. */
  later(ms: number): this {
    this.now = timeAfter(this.now, ms);
    return this;
  }

  publish(but: Partial<Proposal> = {}, leader: Signer = signerOf(home)): Outcome {
    const body = { address: "alice@a.example", name: "Alice", slug: "", continues: null };
    const command: Command = { action: "publish", model: "conversation", value: taking("ADMIN"), body };
    return this.take(this.propose(command, null, home, { as: "alice", but }), { as: "alice" }, leader);
  }

  /** The signed proposal of a command, as the platform of the actor makes it. */
  propose(command: Command, actor: Hash | null, platform: string, { but = {}, follows }: Manner = {}): SignedProposal {
    const signer = signerOf(platform);
    const occasion = { signer, sentAt: this.now, salt: this.salt };
    const told = follows === undefined ? command : { ...command, follows };
    const signed = proposeOn(this.state, told, actor, occasion);
    const proposal = { ...signed.proposal, ...but };
    const isLeaders = signer.platform === (this.state.conversation?.leader ?? platform);
    return { ...signed, proposal, signature: isLeaders ? null : signer.key.sign("proposal", proposalId(proposal)) };
  }

  /** The leader takes a proposal, now. */
  take(
    signed: SignedProposal,
    { as }: Manner = {},
    leader = signerOf(this.state.conversation?.leader ?? home),
  ): Outcome {
    const { proposal } = signed;
    const parent = this.state.conversation?.timestamp;
    const at = parent !== undefined && parent > this.now ? parent : this.now;
    // Whatever a test is about: the rules read no more than a store would load.
    const slice = sliceOf(this.state, proposal);
    expect(decide(slice, proposal, at)).toEqual(decide(this.state, proposal, at));
    const result = accept(this.state, this.words, signed, this.now, leader);
    if (result !== "done" && "entry" in result) {
      expect(evolve(slice, result.entry)).toEqual(result.changes);
      this.log.push(result.entry);
      if (as !== undefined) this.name(as, result.entry.id);
    }
    return new Outcome(result);
  }

  when(name: string): Actor {
    return new Actor(this, name);
  }
}

/** Somebody who does something. Each verb is one proposal, taken by the leader at once. */
export class Actor {
  readonly #scene: Scene;
  readonly #name: string;

  constructor(scene: Scene, name: string) {
    this.#scene = scene;
    this.#name = name;
  }

  does(command: Command, manner: Manner = {}): Outcome {
    const { id, via } = this.#scene.participant(this.#name);
    return this.#scene.take(this.#scene.propose(command, id, via, manner), manner);
  }

  writes(as: string, text?: string, manner: Manner = {}): Outcome {
    return this.does({ action: "add", model: "message", body: messageBody(text) }, { as, ...manner });
  }

  answers(message: string, as = `answer to ${message}`): Outcome {
    return this.does({ action: "add", model: "message", item: this.#id(message), body: messageBody() }, { as });
  }

  modifies(message: string, manner: Manner = {}): Outcome {
    return this.#on("modify", "message", message, manner, { body: messageBody("Shall we meet at noon?") });
  }

  locks(message: string, manner: Manner = {}): Outcome {
    return this.#on("lock", "message", message, manner);
  }

  releases(message: string, manner: Manner = {}): Outcome {
    return this.#on("release", "message", message, manner);
  }

  removes(message: string, manner: Manner = {}): Outcome {
    return this.#on("remove", "message", message, manner);
  }

  /** `message` null: to the conversation. */
  attaches(as: string, message: string | null = null): Outcome {
    const item = message === null ? null : this.#id(message);
    return this.does({ action: "add", model: "attachment", item, body: attachmentBody() }, { as });
  }

  detaches(attachment: string, manner: Manner = {}): Outcome {
    return this.#on("remove", "attachment", attachment, manner);
  }

  labels(as: string, name = as): Outcome {
    return this.does({ action: "add", model: "label", body: { name } }, { as });
  }

  unlabels(label: string, manner: Manner = {}): Outcome {
    return this.#on("remove", "label", label, manner);
  }

  adds(name: string, how: Role | ParticipantValue, body: ParticipantBody = participantBody(name)): Outcome {
    const value = typeof how === "string" ? taking(how) : how;
    return this.does({ action: "add", model: "participant", value, body }, { as: name });
  }

  makes(name: string, role: Role, manner: Manner = {}): Outcome {
    return this.#on("modify", "participant", name, manner, { value: { role } });
  }

  throwsOut(name: string, manner: Manner = {}): Outcome {
    return this.#on("remove", "participant", name, manner);
  }

  leaves(manner: Manner = {}): Outcome {
    return this.throwsOut(this.#name, manner);
  }

  erases(name = this.#name, manner: Manner = {}): Outcome {
    return this.#on("remove", "participant", name, manner, { value: "ERASE" });
  }

  callsIt(subject: string, manner: Manner = {}): Outcome {
    return this.does({ action: "modify", model: "subject", body: { subject } }, manner);
  }

  /** null: never. */
  letsItExpireAt(expiresAt: Timestamp | null, manner: Manner = {}): Outcome {
    return this.does({ action: "modify", model: "expiry", value: expiresAt === null ? null : { expiresAt } }, manner);
  }

  /** Asks that `platform`, by default their own, lead from now on. */
  asksForTheLead(platform?: string, manner: Manner = {}): Outcome {
    const leader = platform ?? this.#scene.participant(this.#name).via;
    return this.does({ action: "modify", model: "leader", value: { leader } }, manner);
  }

  #id(name: string): Hash {
    return this.#scene.id(name);
  }

  #on(
    action: Command["action"],
    model: Command["model"],
    item: string,
    manner: Manner,
    more: Pick<Command, "value" | "body"> = {},
  ): Outcome {
    return this.does({ action, model, item: this.#id(item), ...more }, manner);
  }
}

/** Somebody of a platform that is not the leader's. */
export function fromAbroad(role: Role): ParticipantValue {
  return taking(role, { via: abroad });
}
