// What an account has of a conversation for itself: folder, flags, notes and personal labels. The only writer of it but for
// what comes with events: an add (`write.ts`), and new words (`inbox-order.ts`). Nobody else is ever told of it.
import type pg from "pg";
import { labelKey } from "../conversation/body.ts";
import { type Rejection, reject } from "../conversation/rejection.ts";
import type { Hash } from "../protocol/hash.ts";
import type { AccountId } from "./conversation-store.ts";
import type { Database } from "./database.ts";
import { inTransaction } from "./transaction.ts";

export const folders = ["INBOX", "ARCHIVE", "SPAM", "TRASH", "REQUESTS"] as const;
export type Folder = (typeof folders)[number];

export const participationLimits = {
  /** Personal labels of an account. */
  labels: 100,
  /** In characters (code points). */
  labelCharacters: 60,
  notesCharacters: 10_000,
} as const;

/** Whose participation changed, and where. Nobody else is told. */
export interface ParticipationChange {
  readonly conversation: Hash;
  readonly accountId: AccountId;
}

/** What is left out stays as it is. */
export interface ParticipationChanges {
  readonly folder?: Folder;
  readonly isMuted?: boolean;
  readonly isPinned?: boolean;
  readonly isHidden?: boolean;
  readonly notes?: string;
  /** All names of its labels from now on; those that are not there are made. */
  readonly labels?: readonly string[];
}

export interface ParticipationUpdate {
  readonly conversation: Hash;
  readonly accountId: AccountId;
  /** A retried request with the same one changes nothing more. */
  readonly clientId: string | null;
  readonly changes: ParticipationChanges;
}

/**
 * What words that came while `isNew` do to where a participation is kept: they bring it back from ARCHIVE and from being
 * hidden; not where it is muted, SPAM or TRASH.
 * @param p the row, in SQL, as it is
 */
export function broughtBackSql(p: string, isNew: string): string {
  const isBack = `${isNew} AND NOT ${p}.is_muted`;
  return `folder = CASE WHEN ${p}.folder = 'ARCHIVE' AND ${isBack} THEN 'INBOX' ELSE ${p}.folder END,
    is_hidden = ${p}.is_hidden AND NOT (${isBack} AND ${p}.folder NOT IN ('SPAM', 'TRASH'))`;
}

/**
 * Changes it. The texts were checked before. Null where it is done; NOT_FOUND where the account never took part; `used before`
 * where the clientId is another request's.
 */
export function updateParticipation(
  { pool }: Pick<Database, "pool">,
  { conversation, accountId, clientId, changes }: ParticipationUpdate,
): Promise<Rejection | "used before" | null> {
  return inTransaction(pool, async (client) => {
    if (clientId !== null) {
      const asked = await noteRequest(client, { conversation, accountId, clientId });
      if (asked !== "first") return asked === "again" ? null : asked;
    }
    const labels = changes.labels && (await labelsNamed(client, accountId, changes.labels));
    if (labels && "code" in labels) return labels;
    const { folder, isMuted, isPinned, isHidden, notes } = changes;
    const { rowCount } = await client.query({
      name: "participation_update",
      text: `UPDATE participation SET
          folder = coalesce($3::"Folder", folder), is_muted = coalesce($4::boolean, is_muted),
          is_pinned = coalesce($5::boolean, is_pinned), is_hidden = coalesce($6::boolean, is_hidden),
          notes = coalesce($7::text, notes), changed_at = clock_timestamp(),
          -- What was said before is known, though it may not be announced yet: it brings nothing back.
          filed_seq = CASE WHEN $3::"Folder" IS NULL AND $6::boolean IS NULL THEN filed_seq
            ELSE (SELECT seq FROM conversation WHERE id = $1) END
        WHERE conversation_id = $1 AND account_id = $2`,
      values: [
        ...[conversation, accountId],
        ...[folder ?? null, isMuted ?? null, isPinned ?? null, isHidden ?? null, notes ?? null],
      ],
    });
    if (rowCount === 0) return reject("NOT_FOUND", "There is no such conversation.");
    if (labels) await setLabels(client, conversation, accountId, labels);
    return null;
  });
}

/** Stands for the place in the log, which such a request has none of; 0 is that of one that found nothing to append. */
const noPlace = -1;

/** Notes the client's request, unless it was noted before. */
async function noteRequest(
  client: pg.ClientBase,
  { conversation, accountId, clientId }: Omit<ParticipationUpdate, "changes">,
): Promise<"first" | "again" | "used before"> {
  const { rowCount } = await client.query({
    name: "participation_request",
    text: `INSERT INTO client_request (account_id, client_id, conversation_id, seq) VALUES ($1, $2, $3, ${noPlace})
      ON CONFLICT DO NOTHING`,
    values: [accountId, clientId, conversation],
  });
  if (rowCount === 1) return "first";
  const same = await client.query({
    name: "participation_repeat",
    text: `SELECT FROM client_request WHERE account_id = $1 AND client_id = $2 AND conversation_id = $3 AND seq = ${noPlace}`,
    values: [accountId, clientId, conversation],
  });
  return same.rowCount === 1 ? "again" : "used before";
}

/** The ids of the account's labels of these names, made where they are not there. Held until the transaction ends. */
async function labelsNamed(
  client: pg.ClientBase,
  accountId: AccountId,
  names: readonly string[],
): Promise<readonly string[] | Rejection> {
  const byKey = new Map(names.map((name) => [labelKey(name), name]));
  // One at a time, so that two requests at once do not make more than there may be.
  await client.query({
    name: "hold_personal_labels",
    text: "SELECT FROM account WHERE id = $1 FOR NO KEY UPDATE",
    values: [accountId],
  });
  await client.query({
    name: "make_personal_labels",
    text: `INSERT INTO personal_label (account_id, key, name) SELECT $1, * FROM unnest($2::text[], $3::text[])
      ON CONFLICT DO NOTHING`,
    values: [accountId, [...byKey.keys()], [...byKey.values()]],
  });
  const { rows } = await client.query<{ id: string; key: string }>({
    name: "find_personal_labels",
    text: "SELECT id, key FROM personal_label WHERE account_id = $1",
    values: [accountId],
  });
  if (rows.length > participationLimits.labels) {
    return reject("LIMIT_EXCEEDED", `You may have ${participationLimits.labels} labels. Remove one first.`);
  }
  return rows.flatMap(({ id, key }) => (byKey.has(key) ? [id] : []));
}

async function setLabels(
  client: pg.ClientBase,
  conversation: Hash,
  accountId: AccountId,
  labels: readonly string[],
): Promise<void> {
  await client.query({
    name: "set_participation_labels",
    text: `WITH gone AS (
        DELETE FROM participation_label
        WHERE conversation_id = $1 AND account_id = $2 AND label_id <> ALL ($3::uuid[]))
      INSERT INTO participation_label (conversation_id, account_id, label_id) SELECT $1, $2, unnest($3::uuid[])
      ON CONFLICT DO NOTHING`,
    values: [conversation, accountId, labels],
  });
}

export interface PersonalLabel {
  readonly name: string;
  /** `#rrggbb` */
  readonly color: string | null;
}

/**
 * Makes a personal label, or changes the one of that name. The texts were checked before.
 * @param changes `name` renames it; a `color` of null takes it away. What is left out stays
 */
export function setPersonalLabel(
  { pool }: Pick<Database, "pool">,
  accountId: AccountId,
  name: string,
  changes: { readonly name?: string; readonly color?: string | null },
): Promise<PersonalLabel | Rejection> {
  return inTransaction(pool, async (client) => {
    const labels = await labelsNamed(client, accountId, [name]);
    if ("code" in labels) return labels;
    const key = labelKey(changes.name ?? name);
    const { rows } = await client.query<PersonalLabel>({
      name: "set_personal_label",
      text: `UPDATE personal_label AS l
        SET name = coalesce($3, name), key = $4, color = CASE WHEN $5::boolean THEN $6 ELSE color END
        WHERE id = $2 AND NOT EXISTS (
          SELECT FROM personal_label WHERE account_id = $1 AND key = $4 AND id <> $2)
        RETURNING name, color`,
      values: [
        ...[accountId, labels[0], changes.name ?? null, key],
        ...[changes.color !== undefined, changes.color ?? null],
      ],
    });
    return rows[0] ?? reject("LABEL_EXISTS", "You have another label of this name already.");
  });
}

/** Removes a personal label, from all conversations. False where there was none. */
export async function removePersonalLabel(
  { pool }: Pick<Database, "pool">,
  accountId: AccountId,
  name: string,
): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: "remove_personal_label",
    text: "DELETE FROM personal_label WHERE account_id = $1 AND key = $2",
    values: [accountId, labelKey(name)],
  });
  return rowCount === 1;
}
