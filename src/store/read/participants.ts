// Reads of who takes part, and of the recipients that they are.
import DataLoader from "dataloader";
import type { Hash } from "../../protocol/hash.ts";
import type { AccountId } from "../conversation-store.ts";
import { type ParticipantRow, participantOf } from "../rows.ts";
import type { Query } from "./bounded-query.ts";
import { byKey } from "./by-key.ts";
import { type Page, type PageRequest, pageOf, pageOfList, presentOf, seqPageSql, statementName } from "./page.ts";
import type { ConversationView, ParticipantView, RecipientView } from "./views.ts";

/** A participant as they are shown: with their recipient, and without the account's secrets. */
export type ShownParticipantRow = ParticipantRow & {
  readonly recipient: RecipientView | null;
  /** Whether their account lets others know how far they have read; null where it is not here. */
  readonly tells_receipts: boolean | null;
};

const recipientColumns = "address, kind, platform, name";

/** The columns of a `ShownParticipantRow`. @param alias of the participant's row, in SQL */
export function shownColumns(alias: string): string {
  return `${alias}.*,
    (SELECT row_to_json(r) FROM (SELECT ${recipientColumns} FROM recipient WHERE id = ${alias}.recipient_id) AS r) AS recipient,
    (SELECT tells_receipts FROM account WHERE id = ${alias}.account_id) AS tells_receipts`;
}

export function participantReads(query: Query) {
  const participantLoader = byKey(
    (ids) =>
      query<ShownParticipantRow>(
        "participants",
        `SELECT ${shownColumns("t")}
        FROM unnest($1::text[], $2::text[]) AS k(conversation_id, id) JOIN participant AS t USING (conversation_id, id)`,
        ids,
      ),
    participantView,
  );

  const recipientLoader = new DataLoader(async (ids: readonly string[]) => {
    const rows = await query<RecipientView & { readonly id: string }>(
      "recipients",
      `SELECT id, ${recipientColumns} FROM recipient WHERE id = ANY($1::uuid[])`,
      [ids],
    );
    const found = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => found.get(id) ?? null);
  });

  return {
    participant: (of: ConversationView, id: Hash) => participantLoader.load({ of, id }),

    participants: async (of: ConversationView, request: PageRequest<number>): Promise<Page<ParticipantView>> => {
      if (of.folded) {
        const page = pageOfList([...of.folded.participants.values()], request, ({ seq }) => seq);
        return presentOf(page, await participantLoader.loadMany(page.nodes.map(({ id }) => ({ of, id }))));
      }
      const { sql, values } = seqPageSql("seq", 2, request, of.horizon);
      const rows = await query<ShownParticipantRow>(
        statementName("participant_page", request),
        `SELECT ${shownColumns("t")} FROM participant AS t WHERE t.conversation_id = $1 AND ${sql}`,
        [of.id, ...values],
      );
      const page = pageOf(rows, request);
      return presentOf(
        page,
        page.nodes.map((row) => participantView(row, of)),
      );
    },

    /** As whom the account takes part, or last did, and before that; empty where they never did. */
    ownParticipants: async (accountId: AccountId, conversation: Hash): Promise<readonly Hash[]> => {
      const rows = await query<{ id: Hash }>(
        "own_participants",
        `SELECT id FROM participant WHERE conversation_id = $1 AND account_id = $2
        ORDER BY status = 'ACTIVE' DESC, imported, seq DESC`,
        [conversation, accountId],
      );
      return rows.map(({ id }) => id);
    },

    /** Whether others are told how far the account has read. */
    tellsReceipts: async (accountId: AccountId): Promise<boolean> => {
      const [row] = await query<{ tells_receipts: boolean }>(
        "tells_receipts",
        "SELECT tells_receipts FROM account WHERE id = $1",
        [accountId],
      );
      return row?.tells_receipts ?? false;
    },

    recipient: (id: string) => recipientLoader.load(id),
  };
}

/** Null where they are not in the part that is seen. */
export function participantView(row: ShownParticipantRow, of: ConversationView): ParticipantView | null {
  const participant = of.folded ? of.folded.participants.get(row.id) : participantOf(row);
  if (!participant) return null;
  return {
    of,
    participant,
    recipient: row.recipient,
    accountId: row.account_id,
    name: row.name,
    // Whoever was removed is not told how others read on.
    readUpTo: of.folded || row.tells_receipts === false ? 0 : row.read_up_to,
  };
}
