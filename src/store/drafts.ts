// Drafts in the database: a JSON document per draft, edited under its row's lock so that two edits cannot overwrite each
// other. Its version tells publishing, which takes no lock, that it was edited meanwhile.
import type pg from "pg";
import { z } from "zod";
import { type Draft, emptyDraft } from "../conversation/draft.ts";
import type { Rejection } from "../conversation/rejection.ts";
import { messageFormats, roles } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type { AccountId } from "./conversation-store.ts";
import type { Database } from "./database.ts";
import { inTransaction } from "./transaction.ts";
import { createTurns } from "./turns.ts";

export interface StoredDraft {
  readonly hash: Hash;
  readonly accountId: AccountId;
  readonly content: Draft;
  readonly createdAt: Date;
  /** Goes up with every edit. */
  readonly version: number;
}

type Prisma = Pick<Database["prisma"], "draft">;

const contentSchema: z.ZodType<Draft> = z.object({
  subject: z.string(),
  expiresAt: z.string().nullable(),
  continues: z.object({ conversation: z.string(), event: z.string() }).nullable().default(null),
  messages: z.array(
    z.object({
      id: z.string(),
      parent: z.string().nullable(),
      body: z.object({
        format: z.enum(messageFormats),
        text: z.string(),
        mentions: z.array(z.string()),
        mail: z.null(),
      }),
    }),
  ),
  labels: z.array(z.object({ id: z.string(), name: z.string() })),
  participants: z.array(
    z.object({ id: z.string(), role: z.enum(roles), address: z.string(), name: z.string().nullable() }),
  ),
});

/** The account's draft, or null. */
export async function findDraft(prisma: Prisma, accountId: AccountId, hash: Hash): Promise<StoredDraft | null> {
  const row = await prisma.draft.findFirst({ where: { hash, accountId } });
  return row && storedDraft({ ...row, account_id: accountId, created_at: row.createdAt });
}

export interface DraftRow {
  readonly hash: Hash;
  readonly account_id: AccountId;
  readonly content: unknown;
  readonly created_at: Date;
  readonly version: number;
}

export function storedDraft({ hash, account_id, content, created_at, version }: DraftRow): StoredDraft {
  return { hash, accountId: account_id, content: contentSchema.parse(content), createdAt: created_at, version };
}

/** Makes an empty draft. @param hash random: its link */
export async function createDraft(
  prisma: Prisma,
  accountId: AccountId,
  hash: Hash,
  content: Draft = emptyDraft,
): Promise<StoredDraft> {
  const row = await prisma.draft.create({ data: { hash, accountId, content } });
  return { hash, accountId, content, createdAt: row.createdAt, version: row.version };
}

/**
 * Changes the account's draft by `edit`. Null where there is no such draft (any more). Edits at once come one after the
 * other, and each reads and writes the draft once.
 */
export function changeDraft(
  { pool }: Pick<Database, "pool">,
  accountId: AccountId,
  hash: Hash,
  edit: (draft: Draft) => Draft | Rejection,
): Promise<StoredDraft | Rejection | null> {
  return inTurn(accountId, hash, () => inTransaction(pool, (client) => changeLocked(client, accountId, hash, edit)));
}

async function changeLocked(
  client: pg.ClientBase,
  accountId: AccountId,
  hash: Hash,
  edit: (draft: Draft) => Draft | Rejection,
): Promise<StoredDraft | Rejection | null> {
  const { rows } = await client.query<{ content: unknown; created_at: Date; version: number }>({
    name: "lock_draft",
    text: "SELECT content, created_at, version FROM draft WHERE hash = $1 AND account_id = $2 FOR UPDATE",
    values: [hash, accountId],
  });
  const [row] = rows;
  if (!row) return null;
  const content = edit(contentSchema.parse(row.content));
  if ("code" in content) return content;
  const version = row.version + 1;
  await client.query({
    name: "change_draft",
    text: "UPDATE draft SET content = $2, version = $3, updated_at = now() WHERE hash = $1",
    values: [hash, JSON.stringify(content), version],
  });
  return { hash, accountId, content, createdAt: row.created_at, version };
}

// Of all databases in this process: a draft's hash is in one of them.
const turns = createTurns();

/**
 * Runs `use` when everything is done that was asked of the draft here before. Who waits, waits without a connection.
 * Other processes do not wait: the row's lock and its version keep them apart.
 */
export function inTurn<Result>(accountId: AccountId, hash: Hash, use: () => Promise<Result>): Promise<Result> {
  return turns.take(`${accountId} ${hash}`, use);
}

/** Throws the account's draft away. False where there was none. */
export async function discardDraft(prisma: Prisma, accountId: AccountId, hash: Hash): Promise<boolean> {
  const { count } = await prisma.draft.deleteMany({ where: { hash, accountId } });
  return count === 1;
}
