// Reads of an account's list of drafts, the one edited last first.
import DataLoader from "dataloader";
import type { Hash } from "../../protocol/hash.ts";
import type { AccountId } from "../conversation-store.ts";
import { type DraftRow, type StoredDraft, storedDraft } from "../drafts.ts";
import type { Query } from "./bounded-query.ts";
import type { ListRow } from "./conversation-list.ts";
import type { PageRequest } from "./page.ts";
import type { ListCursor } from "./views.ts";

/** Drafts that are read at once: each may have 2 MiB of text. */
const batchMax = 10;

export function draftReads(query: Query) {
  const draftLoader = new DataLoader<Hash, StoredDraft | null>(
    async (hashes) => {
      const rows = await query<DraftRow>("drafts", "SELECT * FROM draft WHERE hash = ANY($1::text[])", [hashes]);
      const found = new Map(rows.map((row) => [row.hash, storedDraft(row)]));
      return hashes.map((hash) => found.get(hash) ?? null);
    },
    { maxBatchSize: batchMax },
  );

  return {
    /** A draft that a list has. */
    draft: (hash: Hash) => draftLoader.load(hash),

    /** Places of the account's list of drafts, one more than the page has, in the order of reading. */
    draftRows: (
      accountId: AccountId,
      changedSince: Date | null,
      { isBackward, after, before, limit }: PageRequest<ListCursor>,
    ): Promise<readonly ListRow[]> => {
      const direction = isBackward ? "ASC" : "DESC";
      return query<ListRow>(
        isBackward ? "draft_list_backward" : "draft_list",
        `SELECT hash AS id, (extract(epoch FROM updated_at) * 1e6)::bigint AS sort_us FROM draft
        WHERE account_id = $1 AND (updated_at, hash) < (to_timestamp($2::float8 / 1e6), $3::text)
          AND (updated_at, hash) > (to_timestamp($4::float8 / 1e6), $5::text) AND updated_at >= $6::timestamptz
        ORDER BY updated_at ${direction}, hash ${direction} LIMIT $7`,
        [
          accountId,
          ...[after?.sortUs ?? Number.POSITIVE_INFINITY, after?.id ?? ""],
          ...[before?.sortUs ?? Number.NEGATIVE_INFINITY, before?.id ?? ""],
          ...[changedSince ?? "-infinity", limit + 1],
        ],
      );
    },
  };
}
