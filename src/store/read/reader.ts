// Reads for people: parts of conversations, batched per request, never past what the viewer may see.
import DataLoader from "dataloader";
import type pg from "pg";
import { everything, horizonOf } from "../../conversation/audience.ts";
import { fold } from "../../conversation/evolve.ts";
import { isRemoved, type ParticipantStatus, type State } from "../../conversation/state.ts";
import type { AttachmentBody, Body, MessageBody } from "../../protocol/event.ts";
import type { Hash } from "../../protocol/hash.ts";
import type { AccountId } from "../conversation-store.ts";
import type { Recipient } from "../prisma/client.ts";
import { type RecordedEvent, type RecordedRow, recordedColumns, recordedEventOf } from "../recorded-event.ts";
import {
  type AttachmentRow,
  attachmentOf,
  type ConversationRow,
  conversationOf,
  type EventRow,
  entryOf,
  type LabelRow,
  labelOf,
  type MessageRow,
  messageOf,
  type ParticipantRow,
  participantOf,
} from "../rows.ts";
import { isErasedSql } from "./erased-sql.ts";
import { type Page, type PageRequest, pageOf, pageOfList, seqPageSql } from "./page.ts";
import type { AttachmentView, ConversationView, LabelView, MessageView, ParticipantView } from "./views.ts";

export interface EventView {
  readonly of: ConversationView;
  readonly event: RecordedEvent;
}

/** Place of a conversation in an account's list. */
export interface ListCursor {
  /** The database's microseconds. */
  readonly sortUs: number;
  readonly id: Hash;
}

export interface ListedConversation {
  readonly view: ConversationView;
  readonly cursor: ListCursor;
}

/** Reads of one request. Answers are remembered for as long as it lives, so take a new one for each request and event. */
export type Reader = ReturnType<typeof createReader>;

interface Key {
  readonly of: ConversationView;
  readonly id: Hash;
}

const keyOf = ({ of, id }: Key) => `${of.id} ${of.horizon} ${id}`;

/** What one request asks for is more than fits into memory beside what others ask for. */
export class AnswerTooLargeError extends Error {
  override readonly name = "AnswerTooLargeError";
}

/** Characters of messages that one request may read. */
const charactersMax = 16 * 1024 * 1024;

function charactersOf({ body }: { readonly body?: unknown }): number {
  return typeof body === "object" && body !== null && "text" in body && typeof body.text === "string"
    ? body.text.length
    : 0;
}

/** Runs tasks two at a time: what one request asks for by fifty aliases is then refused before most of it is read. */
function twoAtATime(): <Result>(task: () => Promise<Result>) => Promise<Result> {
  const lanes: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];
  let turn = 0;
  return (task) => {
    const lane = turn++ % lanes.length;
    const result = (lanes[lane] ?? Promise.resolve()).then(task);
    lanes[lane] = result.catch(() => {});
    return result;
  };
}

export function createReader(pool: pg.Pool) {
  let characters = 0;
  const inTurn = twoAtATime();
  const query = async <Row extends pg.QueryResultRow>(
    name: string,
    text: string,
    values: readonly unknown[],
  ): Promise<readonly Row[]> => {
    const read = inTurn(async () => {
      if (characters > charactersMax) throw new AnswerTooLargeError();
      const { rows } = await pool.query<Row>({ name: `read_${name}`, text, values: [...values] });
      for (const row of rows) characters += charactersOf(row);
      return rows;
    });
    return read;
  };

  const foldUpTo = async (conversation: Hash, horizon: number): Promise<State> => {
    const folds = foldsOf(pool);
    const key = `${conversation} ${horizon}`;
    const known = folds.get(key);
    if (known) return known;
    // Without words and signatures: the state has none.
    const rows = await query<EventRow>(
      "log",
      `SELECT conversation_id, seq, id, parent, timestamp, leader, key, platform, platform_key, actor, sent_at, action, model,
        item, value, follows, ref, NULL AS body, NULL AS salt
      FROM event WHERE conversation_id = $1 AND seq <= $2 ORDER BY seq`,
      [conversation, horizon],
    );
    const folded = fold(rows.map(entryOf));
    if (folds.size >= foldsMax) folds.clear();
    folds.set(key, folded);
    return folded;
  };

  const toView = async (row: ConversationRow, horizon: number): Promise<ConversationView> => {
    const view = viewAtHead(row, horizon);
    if (horizon === everything) return view;
    // They were removed: what they see is the fold up to there, for the projections have moved on, or may any moment.
    const folded = await foldUpTo(row.id, horizon);
    return { ...view, conversation: folded.conversation ?? view.conversation, folded };
  };

  const viewsOf = async (
    accountId: AccountId,
    conversations: readonly Hash[],
  ): Promise<ReadonlyMap<Hash, ConversationView>> => {
    const rows = await query<
      ConversationRow & { readonly taken: readonly { status: ParticipantStatus; removed_seq: number | null }[] }
    >(
      "views",
      `SELECT c.*, m.taken FROM unnest($2::text[]) AS k(id) JOIN conversation AS c USING (id)
      CROSS JOIN LATERAL (
        SELECT json_agg(json_build_object('status', status, 'removed_seq', removed_seq)) AS taken
        FROM participant WHERE conversation_id = c.id AND account_id = $1
      ) AS m WHERE m.taken IS NOT NULL`,
      [accountId, conversations],
    );
    const views = await Promise.all(
      rows.map((row) =>
        toView(row, horizonOf(row.taken.map((one) => ({ status: one.status, removedSeq: one.removed_seq })))),
      ),
    );
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

  const participantLoader = byKey<ParticipantView>(async (keys) => {
    const rows = await query<SeenParticipantRow>(
      "participants",
      `SELECT t.*, ${tellsSql}
      FROM unnest($1::text[], $2::text[]) AS k(conversation_id, id) JOIN participant AS t USING (conversation_id, id)`,
      idsOf(keys),
    );
    return indexed(rows, keys, participantView);
  });

  const recipientLoader = new DataLoader(async (ids: readonly string[]) => {
    const rows = await query<Recipient>(
      "recipients",
      `SELECT id, address, kind, platform, name, created_at AS "createdAt" FROM recipient WHERE id = ANY($1::uuid[])`,
      [ids],
    );
    const found = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => found.get(id) ?? null);
  });

  const messageLoader = byKey<MessageView>(async (keys) => {
    const rows = await query<WordsRow>(
      "messages",
      `${messageSql} JOIN unnest($1::text[], $2::text[]) AS k(conversation_id, id) ON k.conversation_id = m.conversation_id AND k.id = m.id`,
      idsOf(keys),
    );
    return Promise.all(indexed(rows, keys, (row, of) => row && messageView(row, of)));
  });

  const eventLoader = new DataLoader<{ of: ConversationView; seq: number }, EventView | null, string>(
    async (keys) => {
      const rows = await query<RecordedRow>(
        "events",
        `SELECT ${recordedColumns("e")}
        FROM unnest($1::text[], $2::int[]) AS k(conversation_id, seq) JOIN event AS e USING (conversation_id, seq)`,
        [keys.map(({ of }) => of.id), keys.map(({ seq }) => seq)],
      );
      const found = new Map(rows.map((row) => [`${row.conversation_id} ${row.seq}`, row]));
      return keys.map(({ of, seq }) => {
        const row = seq <= of.horizon ? found.get(`${of.id} ${seq}`) : undefined;
        return row ? eventView(row, of) : null;
      });
    },
    { cacheKeyFn: ({ of, seq }) => `${of.id} ${of.horizon} ${seq}` },
  );

  // By conversation and account: for a list, and for the many to whom one event is told.
  const unreadLoader = new DataLoader<Key, number, string>(
    async (keys) => {
      const rows = await query<{ place: number; unread: number }>(
        "unread",
        `SELECT k.place, above.unread
      FROM unnest($1::text[], $2::uuid[], $3::int[]) WITH ORDINALITY AS k(conversation_id, account_id, horizon, place)
      CROSS JOIN LATERAL (
        SELECT coalesce(max(read_up_to), 0) AS read_up_to, coalesce(array_agg(id), '{}') AS ids
        FROM participant WHERE conversation_id = k.conversation_id AND account_id = k.account_id
      ) AS own
      CROSS JOIN LATERAL (
        SELECT count(*)::int AS unread FROM (
          SELECT FROM message AS m
          WHERE m.conversation_id = k.conversation_id AND m.seq <= k.horizon AND m.seq > own.read_up_to
            AND m.author <> ALL (own.ids) AND m.removed_seq IS NULL
            AND NOT EXISTS (
              SELECT FROM participant WHERE conversation_id = k.conversation_id AND id = m.author AND is_erased)
          LIMIT 1000) AS one
      ) AS above`,
        [...idsOf(keys), keys.map(({ of }) => of.horizon)],
      );
      const found = new Map(rows.map(({ place, unread }) => [place, unread]));
      return keys.map((_, index) => found.get(index + 1) ?? 0);
    },
    { cacheKeyFn: keyOf },
  );

  /** The body of an event, null where it is erased or owed. */
  const bodyAt = async (of: ConversationView, seq: number): Promise<Body | null> => {
    const found = await eventLoader.load({ of, seq });
    return found?.event.body ?? null;
  };

  const messageView = async (row: WordsRow, of: ConversationView): Promise<MessageView | null> => {
    if (row.seq > of.horizon) return null;
    const current = { of, message: messageOf(row), body: row.is_erased ? null : row.body, isErased: row.is_erased };
    const before = of.folded?.messages.get(row.id);
    if (!of.folded || !before) return of.folded ? null : current;
    if (before.wordsSeq === current.message.wordsSeq) return { ...current, message: before };
    const body = await bodyAt(of, before.wordsSeq);
    return {
      of,
      message: before,
      body: body && "text" in body ? body : null,
      isErased: row.is_erased || body === null,
    };
  };

  return {
    /** The conversation as the account may see it; null where they never took part. */
    view: (accountId: AccountId, id: Hash) => viewLoader.load({ accountId, id }),

    /** The conversation up to a horizon that was checked before. */
    viewUpTo: async (id: Hash, horizon: number): Promise<ConversationView | null> => {
      const [row] = await query<ConversationRow>("view", "SELECT * FROM conversation WHERE id = $1", [id]);
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

    /** The account's conversations, latest words first. */
    conversations: async (
      accountId: AccountId,
      request: PageRequest<ListCursor>,
    ): Promise<Page<ListedConversation>> => {
      const { isBackward, after, before, limit } = request;
      const rows = await query<{ id: Hash; sort_us: number }>(
        isBackward ? "list_backward" : "list",
        `SELECT conversation_id AS id, (extract(epoch FROM sort_at) * 1e6)::bigint AS sort_us FROM participation
        WHERE account_id = $1
          AND ($2::bigint IS NULL OR (sort_at, conversation_id) < (to_timestamp($2::float8 / 1e6), $3::text))
          AND ($4::bigint IS NULL OR (sort_at, conversation_id) > (to_timestamp($4::float8 / 1e6), $5::text))
        ORDER BY sort_at ${isBackward ? "ASC" : "DESC"}, conversation_id ${isBackward ? "ASC" : "DESC"} LIMIT $6`,
        [accountId, after?.sortUs ?? null, after?.id ?? null, before?.sortUs ?? null, before?.id ?? null, limit + 1],
      );
      const page = pageOf(rows, request);
      const views = await viewLoader.loadMany(page.nodes.map(({ id }) => ({ accountId, id })));
      const nodes = page.nodes.flatMap(({ id, sort_us }, index) => {
        const view = views[index];
        if (view instanceof Error) throw view;
        return view ? [{ view, cursor: { sortUs: sort_us, id } }] : [];
      });
      return { ...page, nodes };
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

    participant: (of: ConversationView, id: Hash) => participantLoader.load({ of, id }),

    participants: async (of: ConversationView, request: PageRequest<number>): Promise<Page<ParticipantView>> => {
      if (of.folded) {
        const page = pageOfList([...of.folded.participants.values()], request, ({ seq }) => seq);
        return present(page, await participantLoader.loadMany(page.nodes.map(({ id }) => ({ of, id }))));
      }
      const { sql, values } = seqPageSql("seq", 2, request, of.horizon);
      const rows = await query<SeenParticipantRow>(
        named("participant_page", request),
        `SELECT t.*, ${tellsSql} FROM participant AS t WHERE t.conversation_id = $1 AND ${sql}`,
        [of.id, ...values],
      );
      const page = pageOf(rows, request);
      return { ...page, nodes: page.nodes.flatMap((row) => participantView(row, of) ?? []) };
    },

    recipient: (id: string) => recipientLoader.load(id),

    message: (of: ConversationView, id: Hash) => messageLoader.load({ of, id }),

    messages: async (
      of: ConversationView,
      request: PageRequest<number>,
      parent: Hash | null = null,
    ): Promise<Page<MessageView>> => {
      const { sql, values } = seqPageSql("seq", 3, request, of.horizon);
      const rows = await query<WordsRow>(
        named("message_page", request),
        // The page first: joined under the LIMIT, the planner reads every message's words.
        `${messageSql} JOIN (SELECT conversation_id, seq FROM message
          WHERE conversation_id = $1 AND ($2::text IS NULL OR parent = $2) AND ${sql}) AS k ON k.conversation_id = m.conversation_id AND k.seq = m.seq
        ORDER BY m.seq ${request.isBackward ? "DESC" : "ASC"}`,
        [of.id, parent, ...values],
      );
      const page = pageOf(rows, request);
      return present(page, await Promise.all(page.nodes.map((row) => messageView(row, of))));
    },

    /** Who wrote or changed the message, in the order in which they first did. */
    editors: async (of: ConversationView, message: Hash): Promise<readonly Hash[]> => {
      const rows = await query<{ actor: Hash }>(
        "editors",
        `SELECT actor FROM event WHERE conversation_id = $1 AND seq <= $3
          AND ((item = $2 AND model = 'message' AND action = 'modify') OR id = $2)
        GROUP BY actor ORDER BY min(seq)`,
        [of.id, message, of.horizon],
      );
      return rows.map(({ actor }) => actor);
    },

    event: (of: ConversationView, seq: number) => eventLoader.load({ of, seq }),

    eventById: async (of: ConversationView, id: Hash): Promise<EventView | null> => {
      const [row] = await query<{ seq: number }>(
        "event_by_id",
        "SELECT seq FROM event WHERE conversation_id = $1 AND id = $2",
        [of.id, id],
      );
      return row ? eventLoader.load({ of, seq: row.seq }) : null;
    },

    events: async (of: ConversationView, request: PageRequest<number>): Promise<Page<EventView>> => {
      const { sql, values } = seqPageSql("seq", 2, request, of.horizon);
      const rows = await query<RecordedRow>(
        named("event_page", request),
        `SELECT ${recordedColumns("e")}
        FROM (SELECT * FROM event WHERE conversation_id = $1 AND ${sql}) AS e ORDER BY e.seq ${request.isBackward ? "DESC" : "ASC"}`,
        [of.id, ...values],
      );
      const page = pageOf(rows, request);
      return { ...page, nodes: page.nodes.map((row) => eventView(row, of)) };
    },

    bodyAt,

    /** Labels that are there: at most 50. */
    labels: async (of: ConversationView): Promise<readonly LabelView[]> => {
      const rows = await query<LabelRow & { name: string | null; is_erased: boolean }>(
        "labels",
        `SELECT l.*, e.body->>'name' AS name, ${isErasedSql("e")} AS is_erased
        FROM label AS l JOIN event AS e USING (conversation_id, seq)
        WHERE l.conversation_id = $1 AND l.seq <= $2 AND (l.removed_seq IS NULL OR l.removed_seq > $2) ORDER BY l.seq`,
        [of.id, of.horizon],
      );
      const { folded } = of;
      return rows.flatMap((row) => {
        const label = folded?.labels.get(row.id) ?? labelOf(row);
        const isGone = folded ? isRemoved(folded, label) : row.is_erased;
        return isGone ? [] : [{ of, label, name: row.is_erased ? null : row.name }];
      });
    },

    /** Attachments that are there, of a message or (null) of none; `undefined`: all. */
    attachments: async (
      of: ConversationView,
      message: Hash | null | undefined,
      request: PageRequest<number>,
    ): Promise<Page<AttachmentView>> => {
      const rows = await query<AttachmentRow & { body: AttachmentBody | null; is_erased: boolean }>(
        "attachments",
        `SELECT a.*, e.body, ${isErasedSql("e")} AS is_erased FROM attachment AS a JOIN event AS e USING (conversation_id, seq)
        WHERE a.conversation_id = $1 AND a.seq <= $2 AND ($3 OR a.message IS NOT DISTINCT FROM $4::text) ORDER BY a.seq`,
        [of.id, of.horizon, message === undefined, message ?? null],
      );
      const { folded } = of;
      const views = rows.flatMap((row) => {
        const attachment = folded?.attachments.get(row.id) ?? attachmentOf(row);
        const isGone = folded ? isRemoved(folded, attachment) : row.is_erased;
        return isGone ? [] : [{ of, attachment, body: row.is_erased ? null : row.body }];
      });
      return pageOfList(views, request, ({ attachment }) => attachment.seq);
    },

    /** How many messages others wrote above the account's receipt. Derived, so it cannot drift. Counts up to 1,000. */
    unread: (of: ConversationView, accountId: AccountId): Promise<number> => unreadLoader.load({ of, id: accountId }),
  };
}

/** The conversation as its projections have it: for whoever may see all of them. */
export function viewAtHead(row: ConversationRow, horizon: number): ConversationView {
  return { id: row.id, draftHash: row.draft_hash, conversation: conversationOf(row), horizon, folded: null };
}

// A log up to a place never changes, so its fold is worth keeping: whoever was removed reads it again and again.
const folds = new WeakMap<pg.Pool, Map<string, State>>();
const foldsMax = 50;

function foldsOf(pool: pg.Pool): Map<string, State> {
  const kept = folds.get(pool) ?? new Map<string, State>();
  folds.set(pool, kept);
  return kept;
}

type WordsRow = MessageRow & { readonly body: MessageBody | null; readonly is_erased: boolean };

const messageSql = `SELECT m.*, w.body, (m.removed_seq IS NOT NULL OR EXISTS (
    SELECT FROM participant WHERE conversation_id = m.conversation_id AND id IN (m.author, m.words_by) AND is_erased)) AS is_erased
  FROM message AS m JOIN event AS w ON w.conversation_id = m.conversation_id AND w.seq = m.words_seq`;

/** A participant, and whether their account lets others know how far they have read; null where it is not here. */
type SeenParticipantRow = ParticipantRow & { readonly tells_receipts: boolean | null };
const tellsSql = "(SELECT a.tells_receipts FROM account AS a WHERE a.id = t.account_id) AS tells_receipts";

function idsOf(keys: readonly Key[]): readonly [readonly Hash[], readonly Hash[]] {
  return [keys.map(({ of }) => of.id), keys.map(({ id }) => id)];
}

function byKey<View>(load: (keys: readonly Key[]) => Promise<readonly (View | null)[]>) {
  return new DataLoader<Key, View | null, string>(load, { cacheKeyFn: keyOf });
}

function indexed<Row extends { readonly conversation_id: Hash; readonly id: Hash }, View>(
  rows: readonly Row[],
  keys: readonly Key[],
  toView: (row: Row, of: ConversationView) => View,
): readonly (View | null)[] {
  const found = new Map(rows.map((row) => [`${row.conversation_id} ${row.id}`, row]));
  return keys.map(({ of, id }) => {
    const row = found.get(`${of.id} ${id}`);
    return row ? toView(row, of) : null;
  });
}

function present<Row, View>(page: Page<Row>, views: readonly (View | null | Error)[]): Page<View> {
  const nodes = views.flatMap((view) => {
    if (view instanceof Error) throw view;
    return view === null ? [] : [view];
  });
  return { ...page, nodes };
}

function named(name: string, { isBackward }: PageRequest<number>): string {
  return isBackward ? `${name}_backward` : name;
}

function participantView(row: SeenParticipantRow, of: ConversationView): ParticipantView | null {
  const participant = of.folded ? of.folded.participants.get(row.id) : participantOf(row);
  if (!participant) return null;
  return {
    of,
    participant,
    recipientId: row.recipient_id,
    accountId: row.account_id,
    name: row.name,
    // Whoever was removed is not told how others read on.
    readUpTo: of.folded || row.tells_receipts === false ? 0 : row.read_up_to,
  };
}

function eventView(row: RecordedRow, of: ConversationView): EventView {
  return { of, event: recordedEventOf(row) };
}
