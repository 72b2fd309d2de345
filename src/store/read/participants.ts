// Reads of who takes part, and of the recipients that they are.
import DataLoader from "dataloader";
import { everything } from "../../conversation/audience.ts";
import type { Participant } from "../../conversation/state.ts";
import type { Hash } from "../../protocol/hash.ts";
import type { AccountId } from "../conversation-store.ts";
import type { ParticipantRow } from "../rows.ts";
import type { Query } from "./bounded-query.ts";
import { byKey } from "./by-key.ts";
import { type Page, type PageRequest, pageOf, pageOfList, presentOf, statementName } from "./page.ts";
import type { ConversationView, ParticipantView, RecipientView, Standing } from "./views.ts";

// What is shown, and no more: a list of conversations reads hundreds of these rows, of most of which it shows names alone.
const nameColumns = ["id", "seq", "recipient_id", "name", "role"] as const satisfies readonly (keyof ParticipantRow)[];
const standingColumns = [
  ...(["account_id", "status", "via", "imported", "is_erased", "read_up_to"] as const),
] as const satisfies readonly (keyof ParticipantRow)[];
const columns = [...nameColumns, ...standingColumns] as const;

type NameRow = Pick<ParticipantRow, (typeof nameColumns)[number]>;

/** A participant as they are read: who they are and what they tell is looked up where it is asked for. */
export type ReadParticipantRow = Pick<ParticipantRow, (typeof columns)[number]> & {
  readonly recipient?: RecipientView | null;
  readonly tells_receipts?: boolean | null;
};

/** A participant with all that is shown of them. */
export type ShownParticipantRow = ReadParticipantRow & {
  readonly recipient: RecipientView | null;
  /** Whether their account lets others know how far they have read; null where it is not here. */
  readonly tells_receipts: boolean | null;
};

/** A page of participants. */
interface ParticipantPageRequest extends PageRequest<number> {
  /** Whether their names, places and roles are enough: then their standing is not read. */
  readonly isOfNames?: boolean;
}

interface PageKey {
  readonly of: ConversationView;
  readonly request: ParticipantPageRequest;
}

const recipientColumns = "address, kind, platform, name";

/** The columns of a `ReadParticipantRow`. @param alias of the participant's row, in SQL */
export function readColumns(alias: string, read: readonly string[] = columns): string {
  return read.map((column) => `${alias}.${column}`).join(", ");
}

/** The columns of a `ShownParticipantRow`. @param alias of the participant's row, in SQL */
export function shownColumns(alias: string): string {
  return `${readColumns(alias)},
    (SELECT row_to_json(r) FROM (SELECT ${recipientColumns} FROM recipient WHERE id = ${alias}.recipient_id) AS r) AS recipient,
    (SELECT tells_receipts FROM account WHERE id = ${alias}.account_id) AS tells_receipts`;
}

export function participantReads(query: Query) {
  const participantLoader = byKey(
    (ids) =>
      query<ReadParticipantRow & Pick<ParticipantRow, "conversation_id">>(
        "participants",
        `SELECT t.conversation_id, ${readColumns("t")}
        FROM unnest($1::text[], $2::text[]) AS k(conversation_id, id) JOIN participant AS t USING (conversation_id, id)`,
        ids,
      ),
    (row, of) => participantView(row, of),
  );

  // By conversation and page: a list of conversations shows the first participants of each.
  const pageLoader = new DataLoader<PageKey, readonly (ReadParticipantRow | NameRow)[], string>(
    async (keys) => {
      const alike = Map.groupBy(keys, ({ request }) =>
        statementName(request.isOfNames ? "participant_names" : "participant_page", request),
      );
      const found = new Map<PageKey, readonly (ReadParticipantRow | NameRow)[]>();
      for (const [name, group] of alike) {
        const [first] = group;
        const order = first?.request.isBackward ? "DESC" : "ASC";
        const rows = await query<(ReadParticipantRow | NameRow) & { readonly place: number }>(
          name,
          `SELECT k.place, ${readColumns("t", first?.request.isOfNames ? nameColumns : columns)}
          FROM unnest($1::text[], $2::int[], $3::int[], $4::int[])
            WITH ORDINALITY AS k(conversation_id, after, before, most, place)
          CROSS JOIN LATERAL (
            SELECT * FROM participant WHERE conversation_id = k.conversation_id AND seq > k.after AND seq < k.before
            ORDER BY seq ${order} LIMIT k.most
          ) AS t ORDER BY k.place, t.seq ${order}`,
          [
            group.map(({ of }) => of.id),
            group.map(({ request }) => request.after ?? 0),
            group.map(({ of, request }) => Math.min(request.before ?? everything, of.horizon + 1)),
            group.map(({ request }) => request.limit + 1),
          ],
        );
        const byPlace = Map.groupBy(rows, ({ place }) => place);
        for (const [index, key] of group.entries()) found.set(key, byPlace.get(index + 1) ?? []);
      }
      return keys.map((key) => found.get(key) ?? []);
    },
    {
      cacheKeyFn: ({ of, request: { isOfNames, isBackward, after, before, limit } }) =>
        `${of.id} ${of.horizon} ${isOfNames} ${isBackward} ${after} ${before} ${limit}`,
    },
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

  // Recipients and accounts are read by themselves, each once: in a list, the viewer takes part in all of it.
  const tellsLoader = new DataLoader(async (ids: readonly AccountId[]) => {
    const rows = await query<{ readonly id: AccountId; readonly tells_receipts: boolean }>(
      "tells_receipts",
      "SELECT id, tells_receipts FROM account WHERE id = ANY($1::uuid[])",
      [ids],
    );
    const found = new Map(rows.map((row) => [row.id, row.tells_receipts]));
    return ids.map((id) => found.get(id) ?? false);
  });

  return {
    participant: (of: ConversationView, id: Hash) => participantLoader.load({ of, id }),

    participants: async (of: ConversationView, request: ParticipantPageRequest): Promise<Page<ParticipantView>> => {
      if (of.folded) {
        const page = pageOfList([...of.folded.participants.values()], request, ({ seq }) => seq);
        return presentOf(page, await participantLoader.loadMany(page.nodes.map(({ id }) => ({ of, id }))));
      }
      const page = pageOf(await pageLoader.load({ of, request }), request);
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
    tellsReceipts: (accountId: AccountId): Promise<boolean> => tellsLoader.load(accountId),

    recipient: (id: string) => recipientLoader.load(id),

    /** Who it is; null once erased. */
    recipientOf: async ({ recipient, recipientId }: ParticipantView): Promise<RecipientView | null> =>
      recipient === undefined && recipientId !== null ? recipientLoader.load(recipientId) : (recipient ?? null),

    standingOf: async ({ standing, of, participant: { id } }: ParticipantView): Promise<Standing> => {
      const found = standing ?? (await participantLoader.load({ of, id }))?.standing;
      if (!found) throw new Error(`participant ${id} of ${of.id} is gone`);
      return found;
    },

    /** How far they say that they have read; 0 where they do not. */
    readUpTo: async ({ readUpTo, receipt, accountId }: Standing): Promise<number> =>
      readUpTo ?? (accountId === null || (await tellsLoader.load(accountId)) ? receipt : 0),
  };
}

function readUpTo(row: ReadParticipantRow, { folded }: ConversationView): number | undefined {
  // Whoever was removed is not told how others read on.
  if (folded || row.read_up_to === 0) return 0;
  if (row.account_id === null) return row.read_up_to;
  if (row.tells_receipts === undefined) return undefined;
  return row.tells_receipts === false ? 0 : row.read_up_to;
}

/** Null where they are not in the part that is seen. */
export function participantView(row: ReadParticipantRow | NameRow, of: ConversationView): ParticipantView | null {
  const then = of.folded?.participants.get(row.id);
  if (of.folded && !then) return null;
  const { id, seq, recipient_id: recipientId, name, role } = row;
  const [recipient, standing] = "status" in row ? [row.recipient, standingOfRow(row, of, then)] : [];
  return {
    of,
    participant: then ?? { id, seq, role },
    recipientId,
    recipient: recipientId === null ? null : recipient,
    name,
    standing,
  };
}

/** @param then their state at the horizon, where that is in the past */
function standingOfRow(row: ReadParticipantRow, of: ConversationView, then: Participant | undefined): Standing {
  const { status, via, imported, isErased } = then ?? { ...row, isErased: row.is_erased };
  const { account_id: accountId, read_up_to: receipt } = row;
  return { status, via, imported, isErased, accountId, readUpTo: readUpTo(row, of), receipt };
}
