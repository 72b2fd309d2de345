// Loads what decisions need: for each conversation of a batch the part of its state that its requests touch.
//
// The heads are read first, with who acts. Whatever is read after them is as new or newer, and if anything of it is newer, the head has
// moved on: then the write finds another seq than expected, and all is loaded and decided again. So the reads need no
// transaction.
import type pg from "pg";
import { noWords, type Words } from "../conversation/body.ts";
import { type Needs, needs } from "../conversation/needs.ts";
import { emptyState, type State } from "../conversation/state.ts";
import type { Hash } from "../protocol/hash.ts";
import { proposalId } from "../protocol/seal.ts";
import type { AccountId, WriteRequest } from "./conversation-store.ts";
import {
  type AttachmentRow,
  attachmentOf,
  type ConversationRow,
  conversationOf,
  type LabelRow,
  labelOf,
  type MessageRow,
  messageOf,
  type ParticipantRow,
  participantOf,
} from "./rows.ts";

/** The part of one conversation that a batch touches. `state.conversation` is null where there is none. */
export interface Slice {
  readonly state: State;
  readonly words: Words;
  /** As whom an account acts, by `actorKey`. */
  readonly actors: Map<string, Hash>;
  /** Whether the log may go on beyond our copy: then nothing is sequenced. */
  isInDoubt: boolean;
}

/** @param actor the participation that a request names; null: the account's active one, else its last */
export function actorKey(accountId: AccountId, actor: Hash | null): string {
  return `${accountId} ${actor ?? ""}`;
}

/** Which conversation a request is about; for one that is yet to be published, the id that it will get. */
export function conversationOfRequest(request: WriteRequest): Hash {
  if (request.conversation !== null) return request.conversation;
  const first = "proposals" in request ? request.proposals[0] : undefined;
  if (!first) throw new Error("a request without a conversation has to bring the proposals that publish one");
  return proposalId(first.proposal);
}

/** One slice per conversation that `requests` name. */
export async function loadSlices(client: pg.ClientBase, requests: readonly WriteRequest[]): Promise<Map<Hash, Slice>> {
  const slices = new Map<Hash, Slice>();
  for (const request of requests) {
    slices.set(conversationOfRequest(request), {
      state: emptyState(),
      words: noWords(),
      actors: new Map(),
      isInDoubt: false,
    });
  }
  if (requests.length === 0) return slices;
  await loadHeads(client, requests, slices);
  const wanted = requests.flatMap(wantedBy);
  if (wanted.length > 0) await loadWanted(client, wanted, slices);
  return slices;
}

/** The hash of the last event of each of these, of those that there are. */
export async function loadHeadHashes(
  client: pg.ClientBase,
  conversations: readonly Hash[],
): Promise<ReadonlyMap<Hash, Hash>> {
  if (conversations.length === 0) return new Map();
  const { rows } = await client.query<{ id: Hash; head: Hash }>({
    name: "load_head_hashes",
    // OFFSET keeps the planner from reading all of the table.
    text: `SELECT c.id, c.head FROM unnest($1::text[]) AS k(id)
      CROSS JOIN LATERAL (SELECT id, head FROM conversation WHERE id = k.id OFFSET 0) AS c`,
    values: [conversations],
  });
  return new Map(rows.map(({ id, head }) => [id, head]));
}

/** Hashes of the events that followed runs may repeat, by conversation and seq. */
export async function loadHad(
  client: pg.ClientBase,
  waiting: readonly { readonly request: WriteRequest }[],
  slices: ReadonlyMap<Hash, Slice>,
): Promise<ReadonlyMap<Hash, ReadonlyMap<number, Hash>>> {
  const had = new Map<Hash, Map<number, Hash>>();
  const runs = waiting.flatMap(({ request }) => {
    if (!("run" in request)) return [];
    const head = slices.get(request.conversation)?.state.conversation;
    const seqs = request.run.map(({ event }) => event.seq);
    if (!head || Math.min(...seqs) > head.seq) return [];
    had.set(request.conversation, new Map([[head.seq, head.head]]));
    // Whoever sends a run may say any number in it.
    const last = Math.min(Math.max(...seqs), head.seq);
    return [{ conversation: request.conversation, first: Math.min(...seqs), last }];
  });
  if (runs.length === 0) return had;
  const { rows } = await client.query<{ conversation_id: Hash; seq: number; parent: Hash }>({
    name: "load_had",
    // An event's hash stands in the one after it.
    text: `SELECT e.conversation_id, e.seq - 1 AS seq, e.parent
      FROM unnest($1::text[], $2::int[], $3::int[]) AS k(conversation_id, first, last)
      CROSS JOIN LATERAL (
        SELECT conversation_id, seq, parent FROM event
        WHERE conversation_id = k.conversation_id AND seq BETWEEN k.first + 1 AND k.last + 1 OFFSET 0) AS e`,
    values: [runs.map((run) => run.conversation), runs.map(({ first }) => first), runs.map(({ last }) => last)],
  });
  for (const { conversation_id, seq, parent } of rows) had.get(conversation_id)?.set(seq, parent);
  return had;
}

type HeadRow = ConversationRow & { readonly asked_actor: Hash | null } & {
  [Name in keyof ActorRow as `by_${Name}`]: ActorRow[Name] | null;
};
type ActorRow = Omit<ParticipantRow, "conversation_id" | "recipient_id" | "name" | "read_up_to">;

const actorColumns = [
  ...["id", "seq", "account_id", "role", "status", "via", "mail", "imported", "latest", "removed_seq", "is_erased"],
];

/** Head and actor of each request in one statement, and so of one moment: all that saying something needs. */
async function loadHeads(
  client: pg.ClientBase,
  requests: readonly WriteRequest[],
  slices: Map<Hash, Slice>,
): Promise<void> {
  const keys = requests.map((request) => ({
    conversation: conversationOfRequest(request),
    account: "command" in request ? request.accountId : null,
    actor: "command" in request ? (request.actor ?? null) : null,
  }));
  const { rows } = await client.query<HeadRow>({
    name: "load_heads",
    // JSON, of which the planner expects a hundred rows whatever there are: with an array it finds, each time, that a plan
    // for the rows at hand would be cheaper, and planning took as long as reading. LIMIT keeps it from one scan of the
    // whole table.
    text: `SELECT c.*, k.actor AS asked_actor, ${actorColumns.map((name) => `p.${name} AS by_${name}`).join(", ")}
      FROM json_to_recordset($1::json) AS k(conversation text, account uuid, actor text)
      CROSS JOIN LATERAL (SELECT * FROM conversation WHERE id = k.conversation LIMIT 1) AS c
      LEFT JOIN LATERAL (
        SELECT * FROM participant
        WHERE conversation_id = k.conversation AND account_id = k.account AND (k.actor IS NULL OR id = k.actor)
        ORDER BY status = 'ACTIVE' DESC, imported, seq DESC LIMIT 1
      ) AS p ON true`,
    values: [JSON.stringify(keys)],
  });
  for (const row of rows) {
    const slice = slices.get(row.id);
    if (!slice) continue;
    slice.state.conversation ??= conversationOf(row);
    slice.isInDoubt = row.in_doubt;
    const actor = actorOf(row);
    if (actor === null) continue;
    if (actor.account_id !== null) slice.actors.set(actorKey(actor.account_id, row.asked_actor), actor.id);
    slice.state.participants.set(actor.id, participantOf(actor));
  }
}

function actorOf(row: HeadRow): ActorRow | null {
  const { by_id: id, by_seq: seq, by_role: role, by_status: status, by_via: via, by_latest: latest } = row;
  if (id === null || seq === null || role === null || status === null || via === null || latest === null) return null;
  const flags = {
    mail: row.by_mail === true,
    imported: row.by_imported === true,
    is_erased: row.by_is_erased === true,
  };
  return {
    id,
    seq,
    account_id: row.by_account_id,
    role,
    status,
    via,
    latest,
    removed_seq: row.by_removed_seq,
    ...flags,
  };
}

interface Wanted extends Needs {
  readonly conversation: Hash;
  readonly actor: Hash | null;
  /** Whom the request adds: whether they take part already has to be known. */
  readonly address: string | null;
}

/** What a request needs beside the head and the account's own participation; nothing in the commonest case. */
export function wantedBy(request: WriteRequest): readonly Wanted[] {
  // What publishes has no state to load.
  if (request.conversation === null) return [];
  const { conversation } = request;
  const touched =
    "command" in request
      ? [{ ...request.command, item: request.command.item ?? null, body: request.command.body ?? null, actor: null }]
      : "run" in request
        ? // What a leader accepted is not held against words.
          request.run.map(({ event }) => ({ ...event.proposal, body: null }))
        : request.proposals.map(({ proposal, body }) => ({ ...proposal, body }));
  return touched
    .map(({ action, model, item, body, actor }) => ({
      ...needs({ action, model, item }),
      conversation,
      actor,
      address: model === "participant" && body !== null && "address" in body ? body.address : null,
    }))
    .filter((one) => needsMoreThan(one, ["conversation"]));
}

/** Whether something is needed that is not among these. */
export function needsMoreThan(wanted: Wanted, had: readonly (keyof Wanted)[]): boolean {
  const names: readonly string[] = had;
  return Object.entries(wanted).some(([name, need]) => !names.includes(name) && need !== null && need !== false);
}

async function loadWanted(client: pg.ClientBase, wanted: readonly Wanted[], slices: Map<Hash, Slice>): Promise<void> {
  const people: Key[] = [];
  const stateOf = (conversation: Hash): State | undefined => slices.get(conversation)?.state;
  const want = (conversation: Hash, id: Hash | null) => {
    if (id !== null && !stateOf(conversation)?.participants.has(id)) people.push({ conversation, id });
  };
  const keysOf = (name: "participant" | "message" | "label" | "attachment" | "actor"): Key[] =>
    wanted.flatMap(({ conversation, [name]: id }) => (id === null ? [] : [{ conversation, id }]));

  for (const { conversation, id } of [...keysOf("actor"), ...keysOf("participant")]) want(conversation, id);

  for (const row of await byId<AttachmentRow>(client, "attachment", keysOf("attachment"))) {
    stateOf(row.conversation_id)?.attachments.set(row.id, attachmentOf(row));
    want(row.conversation_id, row.added_by);
  }
  const ofAttachments = keysOf("attachment").flatMap(({ conversation, id }) => {
    const message = stateOf(conversation)?.attachments.get(id)?.message ?? null;
    return message === null ? [] : [{ conversation, id: message }];
  });
  for (const row of await byId<MessageRow>(client, "message", [...keysOf("message"), ...ofAttachments])) {
    stateOf(row.conversation_id)?.messages.set(row.id, messageOf(row));
    want(row.conversation_id, row.author);
    want(row.conversation_id, row.lock_holder);
  }
  for (const row of await byId<LabelRow>(client, "label", keysOf("label"))) {
    stateOf(row.conversation_id)?.labels.set(row.id, labelOf(row));
    want(row.conversation_id, row.added_by);
  }
  for (const row of await attachmentsOf(client, wanted)) {
    stateOf(row.conversation_id)?.attachments.set(row.id, attachmentOf(row));
    want(row.conversation_id, row.added_by);
  }
  for (const row of await labelsOf(client, wanted)) {
    stateOf(row.conversation_id)?.labels.set(row.id, labelOf(row));
    if (row.name !== null) slices.get(row.conversation_id)?.words.labels.set(row.id, row.name);
    want(row.conversation_id, row.added_by);
  }
  for (const row of await successorsOf(client, wanted)) {
    stateOf(row.conversation_id)?.participants.set(row.id, participantOf(row));
  }
  for (const row of await participantsByAddress(client, wanted)) {
    stateOf(row.conversation_id)?.participants.set(row.id, participantOf(row));
    slices.get(row.conversation_id)?.words.addresses.set(row.id, row.address);
  }
  for (const row of await byId<ParticipantRow>(client, "participant", people)) {
    stateOf(row.conversation_id)?.participants.set(row.id, participantOf(row));
  }
}

interface Key {
  readonly conversation: Hash;
  readonly id: Hash;
}

async function byId<Row extends pg.QueryResultRow>(
  client: pg.ClientBase,
  table: "participant" | "message" | "label" | "attachment",
  keys: readonly Key[],
): Promise<readonly Row[]> {
  if (keys.length === 0) return [];
  const { rows } = await client.query<Row>({
    name: `load_${table}`,
    // OFFSET keeps the planner from reading all of the table.
    text: `SELECT t.* FROM unnest($1::text[], $2::text[]) AS k(conversation_id, id) CROSS JOIN LATERAL (
      SELECT * FROM ${table} WHERE conversation_id = k.conversation_id AND id = k.id OFFSET 0) AS t`,
    values: [keys.map(({ conversation }) => conversation), keys.map(({ id }) => id)],
  });
  return rows;
}

const conversationsWith = (wanted: readonly Wanted[], need: (one: Wanted) => boolean): readonly Hash[] =>
  wanted.filter(need).map(({ conversation }) => conversation);

async function labelsOf(client: pg.ClientBase, wanted: readonly Wanted[]) {
  const conversations = conversationsWith(wanted, ({ labels }) => labels);
  if (conversations.length === 0) return [];
  const { rows } = await client.query<LabelRow & { readonly name: string | null }>({
    name: "load_labels",
    text: `SELECT l.*, e.body->>'name' AS name FROM label AS l JOIN event AS e USING (conversation_id, seq)
      WHERE l.conversation_id = ANY($1::text[]) AND l.removed_seq IS NULL`,
    values: [conversations],
  });
  return rows;
}

async function attachmentsOf(client: pg.ClientBase, wanted: readonly Wanted[]) {
  const asked = wanted.filter(({ attachments }) => attachments);
  if (asked.length === 0) return [];
  const { rows } = await client.query<AttachmentRow>({
    name: "load_attachments",
    // In two parts, for no index answers IS NOT DISTINCT FROM: it read all attachments of the conversation.
    text: `WITH k AS (SELECT * FROM unnest($1::text[], $2::text[]) AS k(conversation_id, message))
      SELECT a.* FROM k CROSS JOIN LATERAL (
        SELECT * FROM attachment WHERE conversation_id = k.conversation_id AND message = k.message AND removed_seq IS NULL OFFSET 0
      ) AS a
      UNION ALL SELECT a.* FROM k CROSS JOIN LATERAL (
        SELECT * FROM attachment WHERE conversation_id = k.conversation_id AND message IS NULL AND removed_seq IS NULL OFFSET 0
      ) AS a WHERE k.message IS NULL`,
    values: [asked.map(({ conversation }) => conversation), asked.map(({ message }) => message)],
  });
  return rows;
}

async function successorsOf(client: pg.ClientBase, wanted: readonly Wanted[]) {
  const removals = new Map<Hash, number>();
  for (const conversation of conversationsWith(wanted, ({ successors }) => successors)) {
    removals.set(conversation, (removals.get(conversation) ?? 0) + 1);
  }
  if (removals.size === 0) return [];
  const { rows } = await client.query<ParticipantRow>({
    name: "load_successors",
    // One more than go, for those may be the first of them. (conversation_id, seq) is unique, so this is a short index scan.
    text: `SELECT p.* FROM unnest($1::text[], $2::int[]) AS k(conversation_id, removals)
      CROSS JOIN LATERAL (
        SELECT * FROM participant
        WHERE conversation_id = k.conversation_id AND status = 'ACTIVE' AND NOT mail AND NOT imported
        ORDER BY seq LIMIT k.removals + 1
      ) AS p`,
    values: [[...removals.keys()], [...removals.values()]],
  });
  return rows;
}

async function participantsByAddress(client: pg.ClientBase, wanted: readonly Wanted[]) {
  const asked = wanted.flatMap(({ conversation, address }) => (address === null ? [] : [{ conversation, address }]));
  if (asked.length === 0) return [];
  const { rows } = await client.query<ParticipantRow & { readonly address: string }>({
    name: "load_participants_by_address",
    // OFFSET keeps the planner from reading all recipients, or everybody who takes part.
    text: `SELECT p.*, r.address FROM unnest($1::text[], $2::text[]) AS k(conversation_id, address)
      CROSS JOIN LATERAL (SELECT id, address FROM recipient WHERE address = k.address OFFSET 0) AS r
      CROSS JOIN LATERAL (
        SELECT * FROM participant
        WHERE conversation_id = k.conversation_id AND recipient_id = r.id AND status = 'ACTIVE' OFFSET 0
      ) AS p`,
    values: [asked.map(({ conversation }) => conversation), asked.map(({ address }) => address)],
  });
  return rows;
}
