// Whether the tables are what the logs come to: folds every log anew, and compares. Reads only, a conversation at a time,
// each as of one moment, so that it works beside a running platform. Statements have names: of most conversations, which are
// short, planning them anew was two fifths of what the database did.
import type pg from "pg";
import { everything, horizonOf } from "../conversation/audience.ts";
import { evolve } from "../conversation/evolve.ts";
import { isActive } from "../conversation/roles.ts";
import { apply, emptyState, isRemoved, type State } from "../conversation/state.ts";
import type { Hash } from "../protocol/hash.ts";
import { proposalId } from "../protocol/seal.ts";
import type { AccountId } from "./conversation-store.ts";
import { examineSearchable } from "./examine-searchable.ts";
import { isErasedSql } from "./read/erased-sql.ts";
import {
  type AttachmentRow,
  attachmentOf,
  type ConversationRow,
  conversationOf,
  type EventRow,
  entryOf,
  type LabelRow,
  labelOf,
  type MessageRow,
  messageOf,
  type ParticipantRow,
  participantOf,
} from "./rows.ts";
import { readSnapshot } from "./snapshot.ts";

/** What is compared. In `event` only what is computed from it: its id and its parent. */
export const examinedTables = [
  ...(["event", "conversation", "participant", "message", "label", "attachment"] as const),
  ...(["participation", "outbox", "searchable", "unindexed"] as const),
] as const;
type Table = (typeof examinedTables)[number];

/** One row that is other than the log says. Ids only: nothing that anybody said. */
export interface Difference {
  readonly table: Table;
  readonly conversation: Hash;
  /** The row's, beside the conversation's: an item's id, an account's, a seq. */
  readonly id: string;
  /** `missing`, `surplus`, or what differs in it, with what it is and what it should be where only the log says that. */
  readonly what: string;
}

export interface Diagnosis {
  readonly conversations: number;
  readonly events: number;
  /** Rows that differ, by table. */
  readonly drift: Readonly<Record<Table, number>>;
  /** The first few of each table. */
  readonly differences: readonly Difference[];
  /** No drift, but work that a worker has to do: events to announce, texts to index, erased bodies to delete. */
  readonly waiting: { readonly unannounced: number; readonly unindexed: number; readonly erasedBodies: number };
}

const shownPerTable = 5;
const pageMax = 2_000;

class Findings {
  readonly drift: Record<Table, number>;
  readonly differences: Difference[] = [];
  conversations = 0;
  events = 0;
  readonly waiting = { unannounced: 0, unindexed: 0, erasedBodies: 0 };

  constructor() {
    const none = { event: 0, conversation: 0, participant: 0, message: 0, label: 0, attachment: 0 };
    this.drift = { ...none, participation: 0, outbox: 0, searchable: 0, unindexed: 0 };
  }

  note(table: Table, conversation: Hash, id: string, what: string): void {
    if (this.drift[table]++ < shownPerTable) this.differences.push({ table, conversation, id, what });
  }
}

/**
 * Examines every conversation. Costs the length of all logs, and the memory of the largest conversation without its words.
 * @param onConversation called after each
 */
export async function diagnose(pool: pg.Pool, onConversation?: (done: number) => void): Promise<Diagnosis> {
  const findings = new Findings();
  for (let after: Hash = ""; ; ) {
    const page = await conversationsAfter(pool, after);
    const last = page.at(-1);
    if (last === undefined) return findings;
    after = last;
    for (const conversation of page) {
      await readSnapshot(pool, (client) => examine(client, conversation, findings));
      findings.conversations++;
      onConversation?.(findings.conversations);
    }
  }
}

/** Examines one conversation. */
export async function examineConversation(pool: pg.Pool, conversation: Hash): Promise<readonly Difference[]> {
  const findings = new Findings();
  await readSnapshot(pool, (client) => examine(client, conversation, findings));
  return findings.differences;
}

/** Conversations that any table speaks of, by id. */
async function conversationsAfter(pool: pg.Pool, after: Hash): Promise<readonly Hash[]> {
  const limit = 200;
  const parts = examinedTables.map((table) => {
    const id = table === "conversation" ? "id" : "conversation_id";
    return `(SELECT DISTINCT ${id} AS id FROM ${table} WHERE ${id} > $1 ORDER BY 1 LIMIT ${limit})`;
  });
  const { rows } = await readSnapshot(pool, (client) =>
    client.query<{ id: Hash }>(`SELECT id FROM (${parts.join(" UNION ")}) AS c ORDER BY id LIMIT ${limit}`, [after]),
  );
  return rows.map(({ id }) => id);
}

/** Whose participation the log says it is: null where the words are not here. */
type Added = ReadonlyMap<Hash, { readonly address: string | null; readonly name: string | null }>;

async function examine(client: pg.ClientBase, conversation: Hash, findings: Findings): Promise<void> {
  const folded = await foldLog(client, conversation, findings);
  // What does not follow cannot be folded, so there is nothing to compare with.
  if (folded === null) return;
  const { state, added } = folded;
  const note: Note = (table, id, what) => {
    if (what !== null) findings.note(table, conversation, id, what);
  };

  const heads = await client.query<ConversationRow>({
    name: "doctor_conversation",
    text: "SELECT * FROM conversation WHERE id = $1",
    values: [conversation],
  });
  const [head] = heads.rows;
  // No event freezes a conversation.
  const expected = state.conversation && { ...state.conversation, isFrozen: head?.frozen_at != null };
  note("conversation", conversation, differenceOf(head && conversationOf(head), expected));

  const platforms = new Set([...state.participants.values()].map(({ via }) => via));
  const isByMail = [...state.participants.values()].some(({ mail }) => mail);
  if ((platforms.size > 1 || isByMail) && head?.is_shared === false) {
    const who = isByMail ? "people by mail" : `people of ${platforms.size} platforms`;
    note("conversation", conversation, `is_shared: false, and ${who} take or took part`);
  }

  const people = await examineParticipants(client, conversation, state, added, note);
  const items = [
    ["message", messageOf, state.messages],
    ["label", labelOf, state.labels],
    ["attachment", attachmentOf, state.attachments],
  ] as const;
  await examineItems<MessageRow>(client, conversation, ...items[0], note);
  await examineItems<LabelRow>(client, conversation, ...items[1], note);
  await examineItems<AttachmentRow>(client, conversation, ...items[2], note);
  const unannounced = await examineQueue(client, "outbox", conversation, state, findings);
  findings.waiting.unannounced += unannounced;
  findings.waiting.unindexed += await examineQueue(client, "unindexed", conversation, state, findings);
  await examineParticipations(client, conversation, state, people, unannounced > 0, note);
  const erased = await client.query<{ count: number }>({
    name: "doctor_erased",
    text: `SELECT count(*)::int AS count FROM event AS e WHERE conversation_id = $1 AND body IS NOT NULL AND ${isErasedSql("e")}`,
    values: [conversation],
  });
  findings.waiting.erasedBodies += erased.rows[0]?.count ?? 0;
  for (const [seq, what] of await examineSearchable(client, conversation, state)) note("searchable", String(seq), what);
}

type LogRow = EventRow & { readonly address: string | null; readonly name: string | null };

async function foldLog(
  client: pg.ClientBase,
  conversation: Hash,
  findings: Findings,
): Promise<{ readonly state: State; readonly added: Added } | null> {
  const state = emptyState();
  const added = new Map<Hash, { readonly address: string | null; readonly name: string | null }>();
  for (;;) {
    // Without what people said, but for who was added.
    const { rows } = await client.query<LogRow>({
      name: "doctor_log",
      text: `SELECT conversation_id, seq, id, parent, timestamp, leader, key, signature, platform, platform_key, platform_signature,
        actor, sent_at, action, model, item, value, follows, ref, NULL AS body, NULL AS salt,
        body->>'address' AS address, CASE WHEN model IN ('participant', 'conversation') THEN body->>'name' END AS name
      FROM event AS e WHERE conversation_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
      values: [conversation, state.conversation?.seq ?? 0, pageMax],
    });
    for (const row of rows) {
      const { conversation: before } = state;
      const entry = entryOf(row);
      findings.events++;
      const fault =
        row.seq !== (before?.seq ?? 0) + 1
          ? "seq"
          : entry.event.parent !== (before?.head ?? null)
            ? "parent"
            : proposalId(entry.event.proposal) !== row.id || (before === null && row.id !== conversation)
              ? "id"
              : moved(state, entry);
      if (fault !== null) {
        findings.note("event", conversation, String(row.seq), fault);
        return null;
      }
      if (state.participants.has(entry.id)) added.set(entry.id, { address: row.address, name: row.name });
    }
    if (rows.length < pageMax) return { state, added };
  }
}

function moved(state: State, entry: ReturnType<typeof entryOf>): string | null {
  try {
    apply(state, evolve(state, entry));
    return null;
  } catch {
    return "against the rules";
  }
}

/** Null: nothing differs. */
type Note = (table: Table, id: string, what: string | null) => void;

/** What is other than it should be: `missing`, `surplus`, or columns as the state calls them, with both values. */
function differenceOf(is: object | undefined, expected: object | null | undefined): string | null {
  if (!is || !expected) return is ? "surplus" : expected ? "missing" : null;
  const wanted = new Map<string, unknown>(Object.entries(expected));
  const others = Object.entries(is).flatMap(([name, value]) => {
    const want = wanted.get(name);
    return want === value ? [] : [`${name} ${JSON.stringify(value)} instead of ${JSON.stringify(want)}`];
  });
  return others.length > 0 ? others.join(", ") : null;
}

async function examineItems<Row extends pg.QueryResultRow & { readonly id: Hash }>(
  client: pg.ClientBase,
  conversation: Hash,
  table: "message" | "label" | "attachment",
  itemOf: (row: Row) => object,
  expected: ReadonlyMap<Hash, object>,
  note: Note,
): Promise<void> {
  const found = new Set<Hash>();
  for await (const row of rowsOf<Row>(client, table, `SELECT * FROM ${table} AS t`, conversation)) {
    found.add(row.id);
    note(table, row.id, differenceOf(itemOf(row), expected.get(row.id)));
  }
  noteMissing(table, expected, found, note);
}

async function* rowsOf<Row extends pg.QueryResultRow & { readonly id: Hash }>(
  client: pg.ClientBase,
  table: Table,
  select: string,
  conversation: Hash,
): AsyncGenerator<Row> {
  for (let after: Hash = ""; ; ) {
    const { rows } = await client.query<Row>({
      name: `doctor_${table}`,
      text: `${select} WHERE t.conversation_id = $1 AND t.id > $2 ORDER BY t.id LIMIT $3`,
      values: [conversation, after, pageMax],
    });
    yield* rows;
    const last = rows.at(-1);
    if (!last || rows.length < pageMax) return;
    after = last.id;
  }
}

function noteMissing(table: Table, expected: ReadonlyMap<Hash, unknown>, found: ReadonlySet<Hash>, note: Note): void {
  for (const id of expected.keys()) if (!found.has(id)) note(table, id, "missing");
}

type PersonRow = ParticipantRow & { readonly address: string | null; readonly account_recipient_id: string | null };

/** @returns the participations of each account here */
async function examineParticipants(
  client: pg.ClientBase,
  conversation: Hash,
  state: State,
  added: Added,
  note: Note,
): Promise<ReadonlyMap<AccountId, readonly ParticipantRow[]>> {
  const found = new Set<Hash>();
  const people = new Map<AccountId, ParticipantRow[]>();
  const select = `SELECT t.*, r.address, a.recipient_id AS account_recipient_id FROM participant AS t
    LEFT JOIN recipient AS r ON r.id = t.recipient_id LEFT JOIN account AS a ON a.id = t.account_id`;
  for await (const row of rowsOf<PersonRow>(client, "participant", select, conversation)) {
    found.add(row.id);
    const other = differenceOf(participantOf(row), state.participants.get(row.id));
    const faults = other === "surplus" ? [] : personFaults(row, added, state.conversation?.seq ?? 0);
    note("participant", row.id, [...(other === null ? [] : [other]), ...faults].join(", ") || null);
    if (row.account_id !== null) people.set(row.account_id, [...(people.get(row.account_id) ?? []), row]);
  }
  noteMissing("participant", state.participants, found, note);
  return people;
}

/** Whose it is, and how far they have read. */
function personFaults(row: PersonRow, added: Added, head: number): readonly string[] {
  const { address = null, name = null } = added.get(row.id) ?? {};
  const faults: string[] = [];
  if (row.is_erased) {
    if (row.recipient_id !== null) faults.push("recipient");
    if (row.name !== null) faults.push("name");
  } else if (address !== null) {
    if (row.address !== address) faults.push("recipient");
    if (row.name !== name) faults.push("name");
  }
  if (row.account_id !== null && row.recipient_id !== null && row.account_recipient_id !== row.recipient_id)
    faults.push("account");
  if (row.read_up_to < 0 || row.read_up_to > head) faults.push("readUpTo");
  return faults;
}

/** What waits to be announced or indexed is no drift; a place that is not in the log is. @returns how many wait */
async function examineQueue(
  client: pg.ClientBase,
  table: "outbox" | "unindexed",
  conversation: Hash,
  state: State,
  findings: Findings,
): Promise<number> {
  const head = state.conversation?.seq ?? 0;
  const { rows } = await client.query<{ seq: number }>({
    name: `doctor_${table}`,
    text: `SELECT seq FROM ${table} WHERE conversation_id = $1 ORDER BY seq`,
    values: [conversation],
  });
  const surplus = rows.filter(({ seq }) => seq < 1 || seq > head);
  for (const { seq } of surplus) findings.note(table, conversation, String(seq), "surplus");
  return rows.length - surplus.length;
}

interface ParticipationRow {
  readonly account_id: AccountId;
  readonly may_be_unread: boolean;
  readonly has_said: boolean;
}

/** A row for each account that ever took part; and what it says of words is so, once all are announced. */
async function examineParticipations(
  client: pg.ClientBase,
  conversation: Hash,
  state: State,
  people: ReadonlyMap<AccountId, readonly ParticipantRow[]>,
  isUnannounced: boolean,
  note: Note,
): Promise<void> {
  const { rows } = await client.query<ParticipationRow>({
    name: "doctor_participation",
    text: "SELECT account_id, may_be_unread, has_said FROM participation WHERE conversation_id = $1",
    values: [conversation],
  });
  const found = new Set(rows.map((row) => row.account_id));
  noteMissing("participation", people, found, note);
  const authors = new Set([...state.messages.values()].map(({ addedBy }) => addedBy));
  for (const row of rows) {
    const own = people.get(row.account_id);
    if (!own) note("participation", row.account_id, "surplus");
    // Of those who left, nothing is told any more.
    else if (!isUnannounced && horizonOf(own.map(participantOf)) === everything) {
      const faults: string[] = [];
      const said = own.filter((one) => isActive(participantOf(one)) && !one.imported && authors.has(one.id));
      if (!row.has_said && said.length > 0) faults.push("hasSaid");
      if (!row.may_be_unread && isUnread(state, own)) faults.push("mayBeUnread");
      note("participation", row.account_id, faults.join(", ") || null);
    }
  }
}

function isUnread(state: State, own: readonly ParticipantRow[]): boolean {
  const ids = new Set(own.map(({ id }) => id));
  const readUpTo = Math.max(...own.map((one) => one.read_up_to));
  return state.messages
    .values()
    .some((message) => message.seq > readUpTo && !ids.has(message.addedBy) && !isRemoved(state, message));
}
