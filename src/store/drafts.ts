// Drafts in the database: a JSON document per draft, edited under a version so that two edits cannot overwrite each other.
import { z } from "zod";
import { type Draft, emptyDraft } from "../conversation/draft.ts";
import type { Rejection } from "../conversation/rejection.ts";
import { messageFormats, roles } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type { AccountId } from "./conversation-store.ts";
import type { Database } from "./database.ts";

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
  return (
    row && {
      hash,
      accountId,
      content: contentSchema.parse(row.content),
      createdAt: row.createdAt,
      version: row.version,
    }
  );
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
 * Changes the account's draft by `edit`, which may be called again where another edit was quicker. Null where there is no
 * such draft (any more).
 */
export async function changeDraft(
  prisma: Prisma,
  accountId: AccountId,
  hash: Hash,
  edit: (draft: Draft) => Draft | Rejection,
): Promise<StoredDraft | Rejection | null> {
  for (;;) {
    const row = await prisma.draft.findFirst({ where: { hash, accountId } });
    if (!row) return null;
    const content = edit(contentSchema.parse(row.content));
    if ("code" in content) return content;
    const version = row.version + 1;
    const { count } = await prisma.draft.updateMany({
      where: { hash, accountId, version: row.version },
      data: { content, version, updatedAt: new Date() },
    });
    if (count === 1) return { hash, accountId, content, createdAt: row.createdAt, version };
  }
}

/** Throws the account's draft away. False where there was none. */
export async function discardDraft(prisma: Prisma, accountId: AccountId, hash: Hash): Promise<boolean> {
  const { count } = await prisma.draft.deleteMany({ where: { hash, accountId } });
  return count === 1;
}
