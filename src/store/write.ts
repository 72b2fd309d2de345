// Writes what a batch of appends comes to, in one statement: heads, events, projections, outbox, client requests.
import type pg from "pg";
import { saidAt } from "../conversation/said-at.ts";
import type { Changes, Message } from "../conversation/state.ts";
import type { Hash } from "../protocol/hash.ts";
import type { Entry } from "../protocol/seal.ts";
import type { Person } from "./conversation-store.ts";
import { broughtBackSql } from "./participation.ts";
import {
  attachmentRow,
  conversationRow,
  eventColumns,
  eventRow,
  labelRow,
  messageRow,
  participantRow,
} from "./rows.ts";
import type { Client } from "./waiting.ts";

/** What one conversation gets: entries in order, each with its changes. */
export interface Appended {
  readonly conversation: Hash;
  readonly entries: readonly Entry[];
  readonly changes: readonly Changes[];
  /** What its requests are called in logs, the latest last. */
  readonly requestIds: readonly string[];
  /** By the id of the event that adds them. */
  readonly people: ReadonlyMap<Hash, { readonly person: Person | null; readonly name: string | null }>;
  readonly clientRequests: readonly { readonly client: Client; readonly seq: number }[];
  /** Whether some of it was sequenced here: not while the conversation is in doubt. */
  readonly isSequenced: boolean;
  /** Whether some of it was sequenced here and then lost, so that there may be more. */
  readonly isLost: boolean;
  /** Whether somebody of another platform, or by mail, takes part since then. */
  readonly addsElsewhere: boolean;
  /** Drafts that were published by this: `version` null for one that was never stored. */
  readonly drafts: readonly { readonly hash: Hash; readonly version: number | null }[];
}

const quoted = (columns: readonly string[]): string => columns.map((column) => `"${column}"`).join(", ");

type Row = Readonly<Record<string, unknown>>;

/** A table that a batch may write to. Its statement is a part of the whole only where there are rows for it. */
interface Target {
  readonly table: string;
  readonly columns: readonly string[];
  /** What a row that is there already takes over. Left out: such a row is a fault. */
  readonly onConflict?: string;
  rowsOf(appended: Appended): readonly Row[];
}

const itemColumns = ["conversation_id", "id", "seq", "latest", "removed_seq"];
const replace = (...columns: readonly string[]) =>
  `(conversation_id, id) DO UPDATE SET ${columns.map((column) => `${column} = excluded.${column}`).join(", ")}`;

const participantColumns = ["role", "status", "via", "mail", "imported", "latest", "removed_seq", "is_erased"];

const targets: readonly Target[] = [
  {
    table: "message",
    columns: [...itemColumns, "author", "parent", "words_seq", "words_by", "lock_holder", "lock_until"],
    onConflict: replace("latest", "removed_seq", "words_seq", "words_by", "lock_holder", "lock_until"),
    rowsOf: ({ conversation, changes }) =>
      last(changes.map(({ message }) => message)).map((one) => messageRow(conversation, one)),
  },
  {
    table: "participant",
    columns: ["conversation_id", "id", "seq", "recipient_id", "account_id", "name", ...participantColumns],
    // Whose participation it is was written with the add; erasing takes address and name away, for they are words.
    onConflict: `${replace("role", "status", "latest", "removed_seq", "is_erased")},
      recipient_id = CASE WHEN excluded.is_erased THEN NULL ELSE participant.recipient_id END,
      name = CASE WHEN excluded.is_erased THEN NULL ELSE participant.name END`,
    rowsOf: ({ conversation, changes, people }) =>
      last(changes.flatMap(({ participants }) => participants ?? [])).map((one) => {
        const added = one.isErased ? undefined : people.get(one.id);
        return participantRow(conversation, one, added?.person ?? null, added?.name ?? null);
      }),
  },
  {
    table: "participation",
    columns: ["conversation_id", "account_id", "sort_at", "folder"],
    // Added anew: it comes up in their list, or back to it, with what was said meanwhile.
    onConflict: `(conversation_id, account_id) DO UPDATE SET may_be_unread = true,
      sort_at = greatest(participation.sort_at, excluded.sort_at), ${broughtBackSql("participation", "true")}`,
    rowsOf: ({ conversation, entries, people }) => {
      // Of an archive that is published, its mails' time: nothing new is said.
      const said = entries.flatMap(({ event, body }) =>
        event.proposal.model === "message" ? [saidAt(body, event.timestamp)] : [],
      );
      const added = entries.flatMap(({ id, event }) => {
        const { accountId, folder = "INBOX" } = people.get(id)?.person ?? {};
        const at = event.seq === 1 ? said.toSorted().at(-1) : undefined;
        return accountId ? [[accountId, { sort_at: at ?? event.timestamp, folder }] as const] : [];
      });
      return [...new Map(added)].map(([account_id, kept]) => ({
        conversation_id: conversation,
        account_id,
        ...kept,
      }));
    },
  },
  {
    table: "label",
    columns: [...itemColumns, "added_by"],
    onConflict: replace("latest", "removed_seq"),
    rowsOf: ({ conversation, changes }) =>
      last(changes.map(({ label }) => label)).map((one) => labelRow(conversation, one)),
  },
  {
    table: "attachment",
    columns: [...itemColumns, "added_by", "message"],
    onConflict: replace("latest", "removed_seq"),
    rowsOf: ({ conversation, changes }) =>
      last(changes.map(({ attachment }) => attachment)).map((one) => attachmentRow(conversation, one)),
  },
  {
    table: "client_request",
    columns: ["conversation_id", "account_id", "client_id", "seq"],
    rowsOf: ({ conversation, clientRequests }) =>
      clientRequests.map(({ client, seq }) => ({
        conversation_id: conversation,
        account_id: client.accountId,
        client_id: client.clientId,
        seq,
      })),
  },
];

/** Of several values of one item, the last: that is what it comes to. */
function last<T extends { readonly id: Hash }>(items: readonly (T | undefined)[]): readonly T[] {
  return [...new Map(items.flatMap((item) => (item ? [[item.id, item] as const] : []))).values()];
}

const headColumns = [
  ...["seq", "head", "timestamp", "leader", "expires_at", "participants", "admins"],
  ...["subject_latest", "expiry_latest", "leader_latest", "subject_seq"],
];

// Heads move on by an upsert and not by an update: it goes by the primary key whatever the planner thinks of the table
// (it read all of it while the table was small), and locks and writes each row in one visit, in the order of their ids, so
// that two processes with overlapping batches wait for each other instead of deadlocking. The first parameter holds all
// heads, each with the one that it was decided on, its parent; those without are new. A new one that publishes a stored draft is written only if it can take that
// away as it was read: an edit meanwhile would be lost, and a draft that was discarded published.
const headsSql = (drafts: number | null) => `
  head AS MATERIALIZED (SELECT * FROM json_to_recordset($1::json) AS h(
    id text, seq int, head text, "timestamp" timestamptz, created_at timestamptz, leader text, expires_at timestamptz,
    participants int, admins int, subject_latest text, expiry_latest text, leader_latest text, subject_seq int,
    draft_hash text, parent text, is_sequenced boolean, in_doubt boolean,
    is_shared boolean)),
  ${drafts === null ? "" : draftsSql(drafts)}
  advanced AS (
    INSERT INTO conversation AS c (id, created_at, in_doubt, is_shared, ${quoted(headColumns)})
    SELECT id, created_at, in_doubt, is_shared, ${quoted(headColumns)} FROM head WHERE parent IS NOT NULL ORDER BY id
    ON CONFLICT (id) DO UPDATE SET recorded_at = clock_timestamp(), in_doubt = c.in_doubt OR excluded.in_doubt,
      is_shared = c.is_shared OR excluded.is_shared,
      ${headColumns.map((column) => `"${column}" = excluded."${column}"`).join(", ")}
    WHERE c.head = (SELECT parent FROM head WHERE head.id = excluded.id) AND c.frozen_at IS NULL
      AND NOT (c.in_doubt AND (SELECT is_sequenced FROM head WHERE head.id = excluded.id)) RETURNING id, is_shared),
  founded AS (
    INSERT INTO conversation (id, created_at, draft_hash, in_doubt, is_shared, ${quoted(headColumns)})
    SELECT id, created_at, draft_hash, in_doubt, is_shared, ${quoted(headColumns)}
    FROM head WHERE parent IS NULL ${drafts === null ? "" : "AND (draft_hash IS NULL OR draft_hash NOT IN (SELECT hash FROM draft_kept))"}
    ORDER BY id ON CONFLICT DO NOTHING RETURNING id, is_shared),
  moved AS (SELECT id, is_shared FROM advanced UNION ALL SELECT id, is_shared FROM founded)`;

/** Takes away the drafts that are published; `draft_kept` are those that are not as they were read. */
function draftsSql(parameter: number): string {
  return `draft_published AS MATERIALIZED (
    SELECT * FROM json_to_recordset($${parameter}::json) AS d(hash text, version int)),
  draft_taken AS (
    DELETE FROM draft USING draft_published AS d
    WHERE draft.hash = d.hash AND (d.version IS NULL OR draft.version = d.version) RETURNING d.hash),
  draft_kept AS MATERIALIZED (
    SELECT hash FROM draft_published WHERE version IS NOT NULL EXCEPT SELECT hash FROM draft_taken),`;
}

// What most batches write: events, and messages that are new. The events' rows say all of it, so they come only once.
const eventsSql = `
  new_event AS MATERIALIZED (
    SELECT r.* FROM json_populate_recordset(NULL::event, $2::json) AS r JOIN moved ON moved.id = r.conversation_id
    -- As they are written they are stamped with the time, and streams give them by it.
    ORDER BY r.conversation_id, r.seq),
  write_event AS (
    INSERT INTO event (${quoted(eventColumns)}) SELECT ${quoted(eventColumns)} FROM new_event),
  write_outbox AS (INSERT INTO outbox (conversation_id, seq) SELECT conversation_id, seq FROM new_event)`;

const newMessagesSql = `
  write_message AS (
    INSERT INTO message (conversation_id, id, seq, latest, author, parent, words_seq, words_by)
    SELECT conversation_id, id, seq, id, actor, item, seq, actor FROM new_event
    WHERE model = 'message' AND action = 'add')`;

/** Whether the message is as its first event left it, so that this event says all of it. */
function isNew({ id, seq, latest, removedSeq, wordsSeq, lockHolder }: Message): boolean {
  return latest === id && wordsSeq === seq && removedSeq === null && lockHolder === null;
}

function partSql({ table, columns, onConflict }: Target, parameter: number): string {
  return `write_${table} AS (
    INSERT INTO ${table} (${quoted(columns)})
    SELECT ${columns.map((column) => `r."${column}"`).join(", ")}
    FROM json_populate_recordset(NULL::${table}, $${parameter}::json) AS r JOIN moved ON moved.id = r.conversation_id
    ${onConflict ? `ON CONFLICT ${onConflict}` : ""})`;
}

// One statement per set of tables that a batch writes to, each with a name of its own, so that it is planned once.
const statements = new Map<string, string>();

/**
 * Writes `batch` (each conversation at most once) and returns the conversations that were written, each with whether people
 * of other platforms, or by mail, take or took part. One that is missing was moved on by somebody else since it was loaded, and nothing of
 * it was written.
 * @throws what the database throws; then nothing of the batch was written, or, where the connection broke, perhaps all
 */
export async function write(client: pg.ClientBase, batch: readonly Appended[]): Promise<ReadonlyMap<Hash, boolean>> {
  const heads = batch.flatMap(({ conversation, drafts, entries, changes, isSequenced, isLost, addsElsewhere }) => {
    const head = changes.at(-1)?.conversation;
    const parent = entries[0]?.event.parent ?? null;
    if (!head) return [];
    const row = conversationRow({ ...head, id: conversation }, parent, drafts[0]?.hash ?? null);
    return [{ ...row, is_sequenced: isSequenced, in_doubt: isLost, is_shared: addsElsewhere }];
  });
  const events = batch.flatMap(({ conversation, entries }) => entries.map((entry) => eventRow(conversation, entry)));
  const messages = batch.flatMap(({ changes }) => changes.flatMap(({ message }) => message ?? []));
  const isSaying = messages.length > 0 && messages.every(isNew);
  const written = targets
    .map((target, index) => ({ target, index, rows: batch.flatMap((appended) => target.rowsOf(appended)) }))
    .filter(({ target, rows }) => rows.length > 0 && !(isSaying && target.table === "message"));
  const drafts = batch.flatMap((appended) => appended.drafts);
  const others = written.map(({ index }) => `_${index}`).join("");
  const name = `write${isSaying ? "_new_messages" : ""}${others}${drafts.length > 0 ? "_drafts" : ""}`;
  let text = statements.get(name);
  if (text === undefined) {
    const heads = headsSql(drafts.length > 0 ? written.length + 3 : null);
    const parts = written.map(({ target }, position) => partSql(target, position + 3));
    text = `WITH ${[heads, eventsSql, ...(isSaying ? [newMessagesSql] : []), ...parts].join(",\n")}\nSELECT id, is_shared FROM moved`;
    statements.set(name, text);
  }
  const values: unknown[] = [
    JSON.stringify(heads),
    JSON.stringify(events),
    ...written.map(({ rows }) => JSON.stringify(rows)),
  ];
  if (drafts.length > 0) values.push(JSON.stringify(drafts));
  const { rows } = await client.query<{ readonly id: Hash; readonly is_shared: boolean }>({ name, text, values });
  return new Map(rows.map(({ id, is_shared }) => [id, is_shared]));
}
