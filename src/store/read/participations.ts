// Reads of what an account has of conversations for itself: for its eyes alone.
import DataLoader from "dataloader";
import type { Hash } from "../../protocol/hash.ts";
import type { AccountId } from "../conversation-store.ts";
import type { Folder, PersonalLabel } from "../participation.ts";
import type { Query } from "./bounded-query.ts";

export interface ParticipationView {
  readonly folder: Folder;
  readonly isMuted: boolean;
  readonly isPinned: boolean;
  readonly isHidden: boolean;
  readonly notes: string;
  /** By name. */
  readonly labels: readonly PersonalLabel[];
}

export function participationReads(query: Query) {
  const participationLoader = new DataLoader<
    { readonly accountId: AccountId; readonly conversation: Hash },
    ParticipationView | null,
    string
  >(
    async (keys) => {
      const rows = await query<ParticipationView & { readonly place: number }>(
        "participations",
        `SELECT k.place, p.folder, p.is_muted AS "isMuted", p.is_pinned AS "isPinned", p.is_hidden AS "isHidden", p.notes, (
            SELECT coalesce(json_agg(json_build_object('name', l.name, 'color', l.color) ORDER BY l.key), '[]')
            FROM participation_label AS t JOIN personal_label AS l ON l.id = t.label_id
            WHERE t.conversation_id = k.conversation_id AND t.account_id = k.account_id
          ) AS labels
        FROM unnest($1::text[], $2::uuid[]) WITH ORDINALITY AS k(conversation_id, account_id, place)
        JOIN participation AS p USING (conversation_id, account_id)`,
        [keys.map(({ conversation }) => conversation), keys.map(({ accountId }) => accountId)],
      );
      const found = new Map(rows.map((row) => [row.place, row]));
      return keys.map((_, index) => found.get(index + 1) ?? null);
    },
    { cacheKeyFn: ({ accountId, conversation }) => `${accountId} ${conversation}` },
  );

  return {
    /** Null where the account never took part. Whoever asks has checked that the account is the viewer's. */
    participation: (accountId: AccountId, conversation: Hash) => participationLoader.load({ accountId, conversation }),

    /** What was read of it before is forgotten: it has been changed. */
    forgetParticipation: (accountId: AccountId, conversation: Hash): void => {
      participationLoader.clear({ accountId, conversation });
    },

    /** All labels of the account, by name. */
    personalLabels: (accountId: AccountId): Promise<readonly PersonalLabel[]> =>
      query<PersonalLabel>(
        "personal_labels",
        "SELECT name, color FROM personal_label WHERE account_id = $1 ORDER BY key",
        [accountId],
      ),
  };
}
