// What a log proves: every entry checked from the first on, by form, chain, signature, commitment, rules and key lists.
// PURE: the clock is handed in, and nothing is asked of anybody.
import { bodyFault } from "../conversation/body.ts";
import { isErased, type Said } from "../conversation/erased.ts";
import { type FollowFault, follow } from "../conversation/follow.ts";
import { type RejectionCode, reject } from "../conversation/rejection.ts";
import { emptyState, type State } from "../conversation/state.ts";
import type { PlatformName, SignedEvent, Timestamp } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import { isInWindow, type KeyList, keyListFault, type ListedKey } from "../protocol/key-list.ts";
import { proposalId } from "../protocol/seal.ts";
import { type PublicKey, verifySignature } from "../protocol/signature.ts";
import { signedEventSchema } from "../protocol/wire.ts";
import {
  type ExportMember,
  type ExportStatement,
  exportFormat,
  exportMembers,
  statementHash,
  statementSchema,
} from "./export-form.ts";

/** What can be wrong beside what a rule says: why, for people. */
const faultMessages = {
  BAD_EXPORT: "This is not an export as its exporter made it.",
  BAD_FORM: "The entry does not have the form of the protocol.",
  BROKEN_CHAIN: "The event does not join on to the one before it.",
  BAD_SIGNATURE: "A signature does not fit: something was changed after signing.",
  BAD_COMMITMENT: "The words are not those that were signed for.",
  WRONG_LEADER: "The event was signed by a platform that did not lead then.",
  TIME_RUNS_BACKWARDS: "The event's time is before that of the one before it.",
  FROM_THE_FUTURE: "The event's time has not come yet. Check this machine's clock.",
  DONE_ALREADY: "The event does what was done already, which makes no event.",
  BAD_BODY: "The words are not of a form, or beyond a limit, that a leader may accept.",
  BAD_KEY_LIST: "A platform's list of keys does not hold.",
  KEY_UNLISTED: "The key that signed is not in its platform's list.",
  KEY_OUT_OF_WINDOW: "The key that signed was not valid at that time.",
} as const;

type FaultCode = keyof typeof faultMessages | RejectionCode;
export const faultCodes = Object.keys(faultMessages);

/** The first thing that is wrong. */
export interface ProofFault {
  /** Of the entry; null where the export as a whole is at fault. */
  readonly seq: number | null;
  readonly code: FaultCode;
  /** For people. */
  readonly message: string;
}

/** A key that signed what holds. */
export interface KeyUse {
  readonly platform: PlatformName;
  readonly key: PublicKey;
  readonly events: number;
  readonly proposals: number;
  /** Whether the platform's key list, as the source of the log has it, names this key. */
  readonly isVouchedFor: boolean;
}

export interface Report {
  readonly fault: ProofFault | null;
  readonly conversation: Hash | null;
  /** How many events hold, from the first on. */
  readonly events: number;
  readonly head: Hash | null;
  readonly from: Timestamp | null;
  readonly to: Timestamp | null;
  readonly exported: Pick<ExportStatement, "exporter" | "key" | "exportedAt" | "seq"> | null;
  readonly keys: readonly KeyUse[];
  /** Of the events that have words. `missing`: neither there nor erased by what the log says. */
  readonly bodies: { readonly present: number; readonly erased: number; readonly missing: number };
  /** For people: sentences. */
  readonly proved: readonly string[];
  readonly notProved: readonly string[];
}

/** Takes a log entry by entry. */
export interface Verification {
  /** A member of the export before its events. False: at fault, and the rest need not be read. */
  member(name: string, value: unknown): boolean;
  /** The next entry, as it was read. False as above. */
  entry(value: unknown): boolean;
  /** Says that the source itself is at fault: it cannot be read on. */
  unreadable(message: string): void;
  /** Call it once, after the last. */
  report(): Report;
}

/**
 * @param source `export`: its members come first; else a log that is vouched for by whoever keeps it, with the key lists
 *   that they have
 * @param now our clock, only for how far ahead an event may be
 */
export function openVerification(source: "export" | readonly KeyList[], now: Timestamp): Verification {
  return new LogVerification(source, now);
}

class LogVerification implements Verification {
  readonly #isExport: boolean;
  readonly #now: Timestamp;
  readonly #state: State = emptyState();
  /** As of the last entry that holds. */
  #held: State["conversation"] = null;
  readonly #members = new Map<ExportMember, unknown>();
  #statement: ExportStatement | null = null;
  #lists = new Map<PlatformName, ReadonlyMap<PublicKey, ListedKey>>();
  readonly #uses = new Map<string, { platform: PlatformName; key: PublicKey; events: number; proposals: number }>();
  #fault: ProofFault | null = null;
  #present = 0;
  /** Entries that have words, and not here: erased or missing, as the end of the log will say. */
  readonly #wordless: Said[] = [];

  constructor(source: "export" | readonly KeyList[], now: Timestamp) {
    this.#isExport = source === "export";
    this.#now = now;
    if (source !== "export") this.#takeLists(source);
  }

  member(name: string, value: unknown): boolean {
    if (this.#fault !== null) return false;
    const member = exportMembers.find((one) => one === name);
    if (!member) return this.#fails(null, "BAD_EXPORT", `An export has no "${name}".`);
    this.#members.set(member, value);
    return this.#members.size < exportMembers.length || this.#takeStatement();
  }

  entry(value: unknown): boolean {
    if (this.#fault !== null) return false;
    const seq = this.#seq + 1;
    if (this.#isExport && this.#statement === null)
      return this.#fails(null, "BAD_EXPORT", `Before the events come ${exportMembers.join(", ")}.`);
    if (this.#statement && seq > this.#statement.seq)
      return this.#fails(seq, "BAD_EXPORT", `The exporter states that there are ${this.#statement.seq} events.`);
    const parsed = signedEventSchema.safeParse(value);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return this.#fails(
        seq,
        "BAD_FORM",
        `At ${issue?.path.join(".") || "the top"}: ${issue?.message ?? "unreadable"}.`,
      );
    }
    const signed = parsed.data;
    const fault = follow(this.#state, signed, this.#now);
    if (fault !== null) return this.#failsToFollow(seq, fault);
    const { proposal } = signed.event;
    if (this.#statement && seq === 1 && this.#state.conversation?.id !== this.#statement.conversation)
      return this.#fails(null, "BAD_EXPORT", "The exporter's statement is about another conversation.");
    const badBody = bodyFault(proposal.model, signed.body);
    if (badBody) return this.#fails(seq, "BAD_BODY", badBody.message);
    if (!this.#takeKeys(signed)) return false;
    this.#takeBody(signed);
    this.#held = this.#state.conversation;
    return true;
  }

  unreadable(message: string): void {
    if (this.#fault === null) this.#fails(null, "BAD_EXPORT", message);
  }

  report(): Report {
    const held = this.#held;
    const statement = this.#statement;
    if (this.#fault === null) this.#checkEnd();
    const erased = this.#wordless.filter((said) => isErased(this.#state, said)).length;
    const facts = {
      fault: this.#fault,
      conversation: held?.id ?? null,
      events: this.#seq,
      head: held?.head ?? null,
      from: held?.createdAt ?? null,
      to: held?.timestamp ?? null,
      exported: statement && {
        exporter: statement.exporter,
        key: statement.key,
        exportedAt: statement.exportedAt,
        seq: statement.seq,
      },
      keys: [...this.#uses.values()].map((use) => ({ ...use, isVouchedFor: this.#lists.has(use.platform) })),
      bodies: { present: this.#present, erased, missing: this.#wordless.length - erased },
    };
    return { ...facts, proved: provedBy(facts), notProved: notProvedBy(facts) };
  }

  get #seq(): number {
    return this.#held?.seq ?? 0;
  }

  #takeStatement(): boolean {
    if (this.#members.get("format") !== exportFormat)
      return this.#fails(null, "BAD_EXPORT", `The format is not "${exportFormat}".`);
    const parsed = statementSchema.safeParse(this.#members.get("statement"));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return this.#fails(null, "BAD_EXPORT", `The statement, at ${issue?.path.join(".")}: ${issue?.message}.`);
    }
    const statement = parsed.data;
    if (!this.#takeLists(statement.platforms)) return false;
    const { exporter, key, exportedAt } = statement;
    const listed = this.#lists.get(exporter)?.get(key);
    if (!listed) return this.#fails(null, "KEY_UNLISTED", "The export's key is not in the exporter's own list.");
    if (!isInWindow(listed, exportedAt))
      return this.#fails(null, "KEY_OUT_OF_WINDOW", "The export's key was not valid when it was made.");
    const signature = this.#members.get("signature");
    if (typeof signature !== "string" || !verifySignature(key, "export", statementHash(statement), signature))
      return this.#fails(null, "BAD_SIGNATURE", "The exporter's signature does not fit its statement.");
    this.#statement = statement;
    return true;
  }

  #takeLists(lists: readonly KeyList[]): boolean {
    for (const list of lists) {
      const fault = this.#lists.has(list.platform) ? `${list.platform} has two lists` : keyListFault(list);
      if (fault) return this.#fails(null, "BAD_KEY_LIST", `A list of keys does not hold: ${fault}.`);
      this.#lists.set(list.platform, new Map(list.keys.map((listed) => [listed.key, listed])));
    }
    return true;
  }

  #takeKeys({ event }: SignedEvent): boolean {
    const { proposal } = event;
    return (
      this.#takeKey(event.seq, event.leader, event.key, event.timestamp, "events") &&
      this.#takeKey(event.seq, proposal.platform, proposal.key, proposal.sentAt, "proposals")
    );
  }

  #takeKey(seq: number, platform: PlatformName, key: PublicKey, at: Timestamp, what: "events" | "proposals"): boolean {
    const list = this.#lists.get(platform);
    const listed = list?.get(key);
    if (list && !listed) return this.#fails(seq, "KEY_UNLISTED", `The key ${key} is not in the list of ${platform}.`);
    if (listed && !isInWindow(listed, at))
      return this.#fails(seq, "KEY_OUT_OF_WINDOW", `The key ${key} of ${platform} was not valid at ${at}.`);
    const name = `${platform} ${key}`;
    const use = this.#uses.get(name) ?? { platform, key, events: 0, proposals: 0 };
    use[what]++;
    this.#uses.set(name, use);
    return true;
  }

  #takeBody({ event, body }: SignedEvent): void {
    const { proposal } = event;
    if (body !== null) this.#present++;
    else if (proposal.ref !== null) this.#wordless.push({ id: proposalId(proposal), event: { proposal } });
  }

  #checkEnd(): void {
    if (this.#isExport && this.#statement === null) {
      this.#fails(null, "BAD_EXPORT", `It lacks ${exportMembers.filter((one) => !this.#members.has(one)).join(", ")}.`);
    } else if (this.#seq === 0) {
      this.#fails(null, "BAD_EXPORT", "It has no events.");
    } else if (this.#statement && this.#seq < this.#statement.seq) {
      this.#fails(
        null,
        "BAD_EXPORT",
        `Events are left out: the exporter states that there are ${this.#statement.seq}.`,
      );
    } else if (this.#statement && this.#held?.head !== this.#statement.head) {
      this.#fails(null, "BAD_EXPORT", "The last event is not the one that the exporter states.");
    }
  }

  #failsToFollow(seq: number, fault: FollowFault): false {
    if (typeof fault === "string") return this.#fails(seq, fault);
    const { code, message } = reject(fault.againstTheRules);
    return this.#fails(seq, code, `Against the rules: ${message}`);
  }

  #fails(seq: number | null, code: FaultCode, message?: string): false {
    this.#fault = { seq, code, message: message ?? messageOf(code) };
    return false;
  }
}

function messageOf(code: FaultCode): string {
  const messages: Readonly<Record<string, string>> = faultMessages;
  return messages[code] ?? code;
}

type Facts = Omit<Report, "proved" | "notProved">;

const counted = (count: number, one: string, many = `${one}s`) =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

function provedBy({ events, conversation, head, keys, bodies, exported, fault }: Facts): readonly string[] {
  if (events === 0) return [];
  const signers = keys.map(({ platform, key }) => `${platform} ${key}`).join(", ");
  const sentences = [
    `${counted(events, "event")} of conversation ${conversation}, in this order, none left out between the first and the last (${head}): ` +
      "each hash is of what stands there, and each event names the one before it.",
    `Each is signed by these keys: ${signers}.`,
    "Each keeps to the rules: who acted took part then, and might do what they did.",
    `${counted(bodies.present, "text")} ${bodies.present === 1 ? "is" : "are"} word for word what was signed for.`,
  ];
  if (bodies.erased > 0)
    sentences.push(
      `${counted(bodies.erased, "text")} ${bodies.erased === 1 ? "was" : "were"} erased, as the log itself says; the events that had them still prove.`,
    );
  if (exported && fault === null)
    sentences.push(
      `${exported.exporter} made this export at ${exported.exportedAt}, under the key ${exported.key}, and ${bodies.missing > 0 ? "but for missing texts " : ""}nothing in it was changed since.`,
    );
  return sentences;
}

function notProvedBy({ events, keys, bodies, exported, fault }: Facts): readonly string[] {
  if (fault !== null) return [events === 0 ? "Anything." : `Anything after event ${events}.`];
  const strangers = [...new Set(keys.filter(({ isVouchedFor }) => !isVouchedFor).map(({ platform }) => platform))];
  const voucher = exported ? `${exported.exporter}, which exported it,` : "this platform's own database";
  const sentences = [`Whose keys they are: ${voucher} alone vouches for that. Ask those platforms.`];
  if (strangers.length > 0)
    sentences.push(`Whose keys signed for ${strangers.join(", ")}: nobody vouches for those here.`);
  sentences.push(
    "That a person said it: each platform signs for the people whom it speaks for.",
    "That the times are true: they are what the leading platform's clock said.",
    `What came after event ${events}, if anything.`,
  );
  if (bodies.missing > 0)
    sentences.push(
      `What ${counted(bodies.missing, "missing text")} said: not here, and not erased by what this log says (perhaps later).`,
    );
  if (bodies.erased > 0) sentences.push("What the erased texts said.");
  return sentences;
}
