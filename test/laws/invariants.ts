// What is true of every state, whatever was done: reckoned from the whole state and the log, without asking the rules.
import { heldLock } from "../../src/conversation/roles.ts";
import type { Message, Participant, State } from "../../src/conversation/state.ts";
import type { Timestamp } from "../../src/protocol/event.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import type { Entry } from "../../src/protocol/seal.ts";

/** What is broken in `state`, in words; empty where nothing is. */
export function brokenIn(state: State): readonly string[] {
  const { conversation } = state;
  if (!conversation) return ["there is no conversation"];
  const active = [...state.participants.values()].filter(({ status }) => status === "ACTIVE");
  const admins = active.filter(({ role }) => role === "ADMIN");
  const counting = { labels: 0, perMessage: new Map<Hash | null, number>() };
  const isErased = (id: Hash) => state.participants.get(id)?.isErased === true;
  const isGone = (item: { removedSeq: number | null; addedBy: Hash }) =>
    item.removedSeq !== null || isErased(item.addedBy);
  for (const label of state.labels.values()) if (!isGone(label)) counting.labels++;
  for (const { message, ...attachment } of state.attachments.values()) {
    const of = message === null ? undefined : state.messages.get(message);
    if (!isGone(attachment) && !(of && isGone(of)))
      counting.perMessage.set(message, (counting.perMessage.get(message) ?? 0) + 1);
  }
  const claims: readonly (readonly [string, boolean])[] = [
    [
      "an ADMIN remains while anyone active neither by mail nor imported does",
      admins.length > 0 || active.every(({ mail, imported }) => mail || imported),
    ],
    ["nobody by mail or imported is ADMIN", admins.every(({ mail, imported }) => !mail && !imported)],
    ["the count of participants is that of the active", conversation.participants === active.length],
    ["the count of ADMINs is that of the active ones", conversation.admins === admins.length],
    ["at most 1,000 take part", active.length <= 1_000],
    ["at most 50 labels", counting.labels <= 50],
    ["at most 100 attachments a message", [...counting.perMessage.values()].every((count) => count <= 100)],
    [
      "who is removed knows where, and nobody else",
      [...state.participants.values()].every(
        ({ status, removedSeq }) => (status === "ACTIVE") === (removedSeq === null),
      ),
    ],
    ["who is erased takes no part", active.every((one) => !one.isErased)],
    [
      "everything that is made has a place in the log",
      [...state.messages.values(), ...state.labels.values(), ...state.attachments.values()].every(
        (item) => item.seq <= conversation.seq && (item.removedSeq ?? item.seq) >= item.seq,
      ),
    ],
  ];
  return claims.filter(([, holds]) => !holds).map(([claim]) => claim);
}

const rank = { READER: 0, COMMENTER: 1, WRITER: 2, ADMIN: 3 } as const;

/** Watches a log go by: seq and parents, who acts when, and the locks, kept in a book of its own. */
export class Watcher {
  #last: Entry | null = null;
  readonly #ids = new Set<Hash>();
  readonly #locks = new Map<Hash, { readonly holder: Hash; readonly until: number }>();

  /** What `entry` breaks, given the state that it was decided on. */
  brokenBy(entry: Entry, before: State): readonly string[] {
    const { event } = entry;
    const { action, model, item, actor } = event.proposal;
    const broken: string[] = [];
    const claim = (what: string, holds: boolean) => void (holds || broken.push(`seq ${event.seq}: ${what}`));

    claim("seq has no hole", event.seq === (this.#last?.event.seq ?? 0) + 1);
    claim("the parent is the event before", event.parent === (this.#last?.hash ?? null));
    claim("time does not run backwards", event.timestamp >= (this.#last?.event.timestamp ?? ""));
    claim("an id is of one event", !this.#ids.has(entry.id));
    const who = actor === null ? undefined : before.participants.get(actor);
    const isOwnRemoval = model === "participant" && action === "remove" && item === actor;
    claim("who acts takes part", action === "publish" || who?.status === "ACTIVE" || isOwnRemoval);
    claim("their own platform speaks for them", action === "publish" || who?.via === event.proposal.platform);
    claim("the leader is the one before", event.leader === (before.conversation?.leader ?? event.proposal.platform));

    const message = model === "message" && item !== null ? before.messages.get(item) : undefined;
    if (message && who && action !== "add") {
      const at = Date.parse(event.timestamp);
      const lock = this.#locks.get(message.id);
      const isOthers =
        lock !== undefined &&
        lock.until > at &&
        lock.holder !== who.id &&
        mayModify(before.participants.get(lock.holder), message);
      const isAdminsRight = who.role === "ADMIN" && (action === "release" || action === "remove");
      claim(
        "a lock has one holder, who alone touches the message, but for an ADMIN who releases or removes",
        !isOthers || isAdminsRight,
      );
      claim(
        "a release releases a lock that holds",
        action !== "release" ||
          (lock !== undefined && lock.until > at && mayModify(before.participants.get(lock.holder), message)),
      );
      if (action === "lock") this.#locks.set(message.id, { holder: who.id, until: at + 15 * 60_000 });
      else this.#locks.delete(message.id);
    }
    this.#ids.add(entry.id);
    this.#last = entry;
    return broken;
  }

  /** What is broken in the locks of `state` at `at`: they are as the book says, and held by who may. */
  brokenLocks(state: State, at: Timestamp): readonly string[] {
    return [...state.messages.values()].flatMap((message) => {
      const lock = heldLock(state, message, at);
      const booked = this.#locks.get(message.id);
      const holder = booked && booked.until > Date.parse(at) ? state.participants.get(booked.holder) : undefined;
      const expected = mayModify(holder, message) ? holder?.id : undefined;
      return lock?.holder.id === expected
        ? []
        : [`the lock on ${message.id} is held by ${lock?.holder.id}, not ${expected}`];
    });
  }
}

function mayModify(who: Participant | undefined, message: Message): boolean {
  return (
    who !== undefined &&
    who.status === "ACTIVE" &&
    rank[who.role] >= (message.addedBy === who.id ? rank.COMMENTER : rank.WRITER)
  );
}
