// Reads of conversations as an account may see them.
import DataLoader from "dataloader";
import { everything } from "../../conversation/audience.ts";
import type { Hash } from "../../protocol/hash.ts";
import type { AccountId } from "../conversation-store.ts";
import type { ConversationRow } from "../rows.ts";
import type { LastEventRow } from "./acted-event.ts";
import type { Query } from "./bounded-query.ts";
import { isErasedSql } from "./erased-sql.ts";
import type { FoldUpTo } from "./fold-up-to.ts";
import { horizonSql } from "./horizon.ts";
import { participantView } from "./participants.ts";
import type { ConversationView, EventView, Heading, ShownConversation } from "./views.ts";

// What is shown, and what reading on takes.
const columns = [
  ...(["id", "seq", "timestamp", "created_at", "leader", "expires_at"] as const),
  ...(["subject_seq", "draft_hash", "frozen_at"] as const),
] as const satisfies readonly (keyof ConversationRow)[];

type ReadConversationRow = Pick<ConversationRow, (typeof columns)[number]>;

const readColumns = (alias: string): string => columns.map((column) => `${alias}.${column}`).join(", ");

/** A conversation's row with what it is called. */
export type HeadRow = ReadConversationRow & Heading;

/** The columns of a `HeadRow`. @param alias of the conversation's row, in SQL */
export function headColumns(alias: string): string {
  const words = (field: keyof Heading, seq: string) =>
    `(SELECT w.body->>'${field}' FROM event AS w
      WHERE w.conversation_id = ${alias}.id AND w.seq = ${seq} AND NOT ${isErasedSql("w")}) AS ${field}`;
  return `${readColumns(alias)}, ${words("subject", `${alias}.subject_seq`)}, ${words("slug", "1")}`;
}

/** A conversation as it is read for an account. */
export type SeenConversationRow = ReadConversationRow & {
  readonly horizon: number;
  readonly subject: string | null;
  /** Undefined where it was not asked for. */
  readonly last_event?: LastEventRow;
};

/** The columns of a `SeenConversationRow`, of a conversation `c` that is joined with its `horizonSql`. */
export const seenColumns = `${readColumns("c")}, m.horizon, (SELECT e.body->>'subject' FROM event AS e
  WHERE e.conversation_id = c.id AND e.seq = c.subject_seq AND NOT ${isErasedSql("e")}) AS subject`;

export function conversationReads(query: Query, foldUpTo: FoldUpTo) {
  const toView = async (
    row: ReadConversationRow & Partial<Pick<SeenConversationRow, "subject" | "last_event">>,
    horizon: number,
  ): Promise<ConversationView> => {
    const view = viewAtHead(row, horizon);
    if (horizon === everything) {
      return row.last_event ? { ...view, lastEvent: lastEventView(row.last_event, row, view) } : view;
    }
    // They were removed: what they see is the fold up to there, for the projections have moved on, or may any moment.
    const folded = await foldUpTo(row.id, horizon);
    return { ...view, conversation: folded.conversation ?? view.conversation, subject: undefined, folded };
  };

  const viewsOf = async (
    accountId: AccountId,
    conversations: readonly Hash[],
  ): Promise<ReadonlyMap<Hash, ConversationView>> => {
    const rows = await query<SeenConversationRow>(
      "views",
      `SELECT ${seenColumns} FROM unnest($2::text[]) AS k(id) JOIN conversation AS c USING (id)
      ${horizonSql("c.id", "$1")} WHERE m.horizon IS NOT NULL`,
      [accountId, conversations],
    );
    const views = await Promise.all(rows.map((row) => toView(row, row.horizon)));
    return new Map(views.map((view) => [view.id, view]));
  };

  const viewLoader = new DataLoader(
    async (keys: readonly { accountId: AccountId; id: Hash }[]) => {
      const byAccount = Map.groupBy(keys, ({ accountId }) => accountId);
      const found = new Map<AccountId, ReadonlyMap<Hash, ConversationView>>();
      for (const [accountId, own] of byAccount)
        found.set(
          accountId,
          await viewsOf(
            accountId,
            own.map(({ id }) => id),
          ),
        );
      return keys.map(({ accountId, id }) => found.get(accountId)?.get(id) ?? null);
    },
    { cacheKeyFn: ({ accountId, id }) => `${accountId} ${id}` },
  );

  return {
    /** The conversation as the account may see it; null where they never took part. */
    view: (accountId: AccountId, id: Hash) => viewLoader.load({ accountId, id }),

    /** The conversation of a row that was read for the account just now. */
    viewOfRow: (accountId: AccountId, row: SeenConversationRow): Promise<ConversationView> => {
      const view = toView(row, row.horizon);
      // Not loaded from there: that would wait for what else is asked for, fifty times for a list.
      viewLoader.prime({ accountId, id: row.id }, view);
      return view;
    },

    /** The conversation up to a horizon that was checked before. */
    viewUpTo: async (id: Hash, horizon: number): Promise<ConversationView | null> => {
      const [row] = await query<ReadConversationRow>(
        "view",
        `SELECT ${readColumns("c")} FROM conversation AS c WHERE id = $1`,
        [id],
      );
      return row ? toView(row, horizon) : null;
    },

    /** The draft that the conversation was published from here. */
    draftHashOf: async (id: Hash): Promise<Hash | null> => {
      const [row] = await query<{ draft_hash: Hash | null }>(
        "draft_hash",
        "SELECT draft_hash FROM conversation WHERE id = $1",
        [id],
      );
      return row?.draft_hash ?? null;
    },

    /** The published conversation that was this draft. */
    publishedFrom: async (draftHash: Hash): Promise<Hash | null> => {
      const [row] = await query<{ id: Hash }>("published_from", "SELECT id FROM conversation WHERE draft_hash = $1", [
        draftHash,
      ]);
      return row?.id ?? null;
    },
  };
}

/** The conversation as its projections have it: for whoever may see all of them. @param heading where it was read too */
export function viewAtHead(
  row: ReadConversationRow & { readonly subject?: string | null },
  horizon: number,
  heading?: Heading,
): ConversationView {
  const { id, draft_hash: draftHash, subject, seq } = row;
  // No further than the head that was read with the access: whoever is removed while they are answered sees nothing past it.
  const upTo = Math.min(horizon, seq);
  return { id, draftHash, subject, conversation: shownOf(row), horizon: upTo, folded: null, heading };
}

function shownOf(row: ReadConversationRow): ShownConversation {
  return {
    seq: row.seq,
    createdAt: row.created_at.toISOString(),
    leader: row.leader,
    expiresAt: row.expires_at?.toISOString() ?? null,
    subjectSeq: row.subject_seq,
    isFrozen: row.frozen_at !== null,
  };
}

function lastEventView(
  { id, action, model, actor }: LastEventRow,
  { seq, timestamp }: ReadConversationRow,
  of: ConversationView,
): EventView {
  const who = actor && participantView(actor, of);
  return { of, id, seq, timestamp: timestamp.toISOString(), action, model, recorded: undefined, actor: who };
}
