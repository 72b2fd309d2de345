// People: each has an account on one platform, does one thing after the other, and remembers what they were told.
import type { Command } from "../../src/conversation/accept.ts";
import { type Address, domainOf } from "../../src/conversation/address.ts";
import { emptyDraft, publishDraft } from "../../src/conversation/draft.ts";
import { isActive } from "../../src/conversation/roles.ts";
import type { Item, Participant } from "../../src/conversation/state.ts";
import { roles } from "../../src/protocol/event.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import { proposalId } from "../../src/protocol/seal.ts";
import type { AppendRequest } from "../../src/store/conversation-store.ts";
import { attachmentBody, messageBody, minuteMs } from "../conversation/given.ts";
import type { Kept } from "../support/memory-store.ts";
import type { Random } from "./random.ts";
import type { SimulatedPlatform } from "./simulated-platform.ts";
import type { World } from "./world.ts";

/** Something that somebody asked for, and what they were told. */
export interface Said {
  readonly by: Person;
  /** When: more than once where there was no answer. */
  readonly at: number[];
  readonly conversation: Hash;
  /** What was said, if words were: no two say the same. */
  readonly text: string | null;
  /** `nothing`: there was no answer, or only that it could not be done now. */
  told: "done" | "appended" | "waits" | "rejected" | "nothing";
  /** The event's or the waiting proposal's. */
  id: Hash | null;
  readonly request: AppendRequest;
}

/** How often each is done, of everything. */
const acts = {
  ...{ "add message": 24, "answer message": 10, "modify message": 10, "lock message": 8, "release message": 4 },
  ...{ "remove message": 4, "attach file": 3, "remove attachment": 1, "add label": 4, "remove label": 2 },
  ...{ "modify subject": 4, "modify expiry": 3, "add participant": 8, "modify participant": 4 },
  ...{ "remove participant": 2, leave: 1, erase: 1, "modify leader": 3, read: 16 },
} as const;
type Act = keyof typeof acts;
const allActs = (Object.keys(acts) as Act[]).flatMap((act) => Array.from({ length: acts[act] }, () => act));

/** Who hears nothing for so long has heard nothing. */
const patienceMs = 40_000;

export class Person {
  readonly address: Address;
  readonly platform: SimulatedPlatform;
  readonly said: Said[] = [];
  isBusy = false;
  readonly #world: World;
  readonly #random: Random;
  #count = 0;

  constructor(world: World, platform: SimulatedPlatform, name: string) {
    this.address = `${name}@${platform.name}`;
    this.platform = platform;
    this.#world = world;
    this.#random = world.random.fork(this.address);
    world.addresses.add(this.address);
  }

  /** Does something, if their platform is there and they have nothing else to do. */
  act(conversationsMax: number): void {
    if (this.isBusy || !this.platform.running) return;
    const unanswered = this.said.at(-1);
    // What was not answered, or is said to wait, is asked again under its name.
    const isOpen = unanswered?.told === "nothing" || unanswered?.told === "waits";
    if (isOpen && unanswered.request.client && this.#random.chance(0.5)) {
      this.#ask(unanswered);
      return;
    }
    const { logs } = this.platform.disk.logs;
    const mine = [...logs].filter(([, { accounts }]) => [...accounts.values()].includes(this.address));
    const chosen = this.#random.pick(mine);
    const act = this.#random.pick(allActs) ?? "read";
    // What is frozen is over: they begin anew.
    const going = [...logs.values()].filter(({ state }) => state.conversation?.isFrozen !== true).length;
    if (!chosen || (going < conversationsMax && this.#random.chance(0.02))) this.#publish();
    else if (act === "read") this.read(chosen[0], chosen[1].state.conversation?.seq ?? 0);
    else this.#say(chosen[0], this.#command(act, chosen[1]));
  }

  /** Reads all that there is. */
  readAll(): void {
    for (const [conversation, { state }] of this.platform.disk.logs.logs)
      this.read(conversation, state.conversation?.seq ?? 0);
  }

  read(conversation: Hash, seq: number): void {
    const { running } = this.platform;
    if (!running) return;
    const reading = async () => {
      const move = await running.store.moveReceipt(conversation, this.address, seq);
      if (move) await running.federation.receiptMoved(move);
    };
    this.#world.watch(reading());
  }

  #publish(): void {
    const { signer } = this.platform;
    const address = this.#someone();
    const reach = (of: Address) => ({ via: domainOf(of), mail: false, imported: false });
    const text = this.#words();
    const draft = {
      ...emptyDraft,
      subject: `about ${text}`,
      messages: [{ id: "message", parent: null, body: messageBody(text) }],
      participants: address === this.address ? [] : [{ id: "somebody", role: "ADMIN" as const, address, name: null }],
    };
    const occasion = { signer, sentAt: this.platform.now(), salt: this.#world.salt };
    const proposals = publishDraft(draft, { address: this.address, name: null }, reach, occasion);
    const [first] = "code" in proposals ? [] : proposals;
    if (!first || "code" in proposals) throw new Error("a draft was not published");
    const people = this.#world.peopleAt(this.platform.name, [this.address, address]);
    const conversation = proposalId(first.proposal);
    this.#ask(this.#noted(conversation, text, { conversation: null, proposals, people, client: this.#client() }));
  }

  #say(conversation: Hash, command: Command | null): void {
    if (!command) return;
    const { body = null } = command;
    const text = body !== null && "text" in body ? body.text : null;
    const address = body !== null && "address" in body ? [body.address] : [];
    const people = this.#world.peopleAt(this.platform.name, address);
    const request = { conversation, accountId: this.address, command, people, client: this.#client() };
    this.#ask(this.#noted(conversation, text, request));
  }

  #noted(conversation: Hash, text: string | null, request: AppendRequest): Said {
    const said: Said = {
      ...{ by: this, at: [], conversation, text, told: "nothing", id: null, request },
    };
    this.said.push(said);
    return said;
  }

  #ask(said: Said): void {
    const { running } = this.platform;
    if (!running) return;
    this.isBusy = true;
    said.at.push(this.#world.timeline.now);
    let isWaiting = true;
    const over = () => {
      if (isWaiting) this.isBusy = false;
      isWaiting = false;
    };
    const asking = async () => {
      const answer = await running.federation.append(said.request);
      if (!isWaiting) return;
      if ("rejection" in answer) {
        said.told = answer.rejection.code === "LEADER_UNREACHABLE" ? "nothing" : "rejected";
      } else if ("pending" in answer) {
        said.told = "waits";
        said.id = proposalId(answer.pending.proposal);
      } else if ("repeatOf" in answer) {
        said.told = answer.repeatOf === 0 ? "done" : "appended";
        const [entry] = await running.store.entriesAfter(said.conversation, answer.repeatOf - 1, 1);
        said.id = entry?.id ?? null;
      } else {
        said.told = answer.entries.length === 0 ? "done" : "appended";
        said.id = answer.entries.at(-1)?.id ?? null;
      }
      over();
    };
    this.#world.watch(asking());
    this.#world.timeline.after(patienceMs, over);
  }

  #command(act: Act, { state, accounts }: Kept): Command | null {
    const random = this.#random;
    const participants = [...state.participants.values()];
    const me = participants.findLast(({ id }) => accounts.get(id) === this.address);
    const someone = random.pick(participants.filter((one) => isActive(one) || random.chance(0.2)));
    const recent = <T extends Item>(items: ReadonlyMap<Hash, T>) => random.pick([...items.keys()].slice(-6));
    const message = recent(state.messages);
    const on = (
      action: Command["action"],
      model: Command["model"],
      item: Hash | undefined,
      more: Partial<Command> = {},
    ) => (item === undefined ? null : { action, model, item, ...more });
    // Now and then of what they saw a while ago.
    const seen = random.chance(0.15) && message ? { follows: message } : {};
    switch (act) {
      case "add message":
        return { action: "add", model: "message", body: messageBody(this.#words()) };
      case "answer message":
        return on("add", "message", message, { body: messageBody(this.#words()) });
      case "modify message":
        return on("modify", "message", message, { body: messageBody(this.#words()), ...seen });
      case "lock message":
        return on("lock", "message", message, seen);
      case "release message":
        return on("release", "message", message);
      case "remove message":
        return on("remove", "message", message);
      case "attach file": {
        const item = random.chance(0.8) && message ? message : null;
        return { action: "add", model: "attachment", item, body: attachmentBody(this.#words()) };
      }
      case "remove attachment":
        return on("remove", "attachment", recent(state.attachments));
      case "add label":
        return { action: "add", model: "label", body: { name: `label ${random.below(8)}` } };
      case "remove label":
        return on("remove", "label", recent(state.labels));
      case "modify subject":
        return { action: "modify", model: "subject", body: { subject: `about ${this.#words()}` } };
      case "modify expiry": {
        // A simulation is about a quarter of an hour.
        const expiresAt = new Date(this.#world.timeline.now + random.below(5) * minuteMs).toISOString();
        return { action: "modify", model: "expiry", value: random.chance(0.5) ? null : { expiresAt } };
      }
      case "add participant": {
        const address = this.#someone();
        const role = random.chance(0.5) ? "ADMIN" : (random.pick(roles) ?? "WRITER");
        const value = { role, via: domainOf(address), mail: false, imported: false };
        return { action: "add", model: "participant", value, body: { address, name: null } };
      }
      case "modify participant":
        return on("modify", "participant", someone?.id, { value: { role: random.pick(roles) ?? "WRITER" } });
      case "remove participant":
        return isCrowded(participants) ? on("remove", "participant", someone?.id) : null;
      case "leave":
        return isCrowded(participants) ? on("remove", "participant", me?.id) : null;
      case "erase":
        return on("remove", "participant", me?.id, { value: "ERASE" });
      case "modify leader":
        return { action: "modify", model: "leader", value: { leader: this.platform.name } };
      case "read":
        return null;
    }
  }

  #someone(): Address {
    return this.#random.pick([...this.#world.addresses]) ?? this.address;
  }

  #words(): string {
    return `${this.address.replaceAll(/\W/g, " ")} ${++this.#count}`;
  }

  #client(): { accountId: string; clientId: string } {
    return { accountId: this.address, clientId: `${this.#count} ${this.said.length}` };
  }
}

const isCrowded = (participants: readonly Participant[]) => participants.filter(isActive).length > 2;
