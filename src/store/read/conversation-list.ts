// An account's list of conversations: pages of it by any filter, and how many there are in each folder.
//
// One index holds an account's conversations in lanes: folder, hidden or not, pinned or not, perhaps unread or not, spoken in
// or not; within each by time. A page reads a page's worth of each lane that the filter allows, from where the cursor stands, and merges
// them. So pages cost the same wherever they are and however many conversations there are. What no lane tells is asked of
// each conversation in passing, until the page is full.
import type { Address } from "../../conversation/address.ts";
import { everything } from "../../conversation/audience.ts";
import { unseen } from "../../conversation/body.ts";
import type { Hash } from "../../protocol/hash.ts";
import type { AccountId } from "../conversation-store.ts";
import { type Folder, folders } from "../participation.ts";
import { lastEventSql } from "./acted-event.ts";
import type { Query } from "./bounded-query.ts";
import { type SeenConversationRow, seenColumns } from "./conversations.ts";
import { isErasedSql } from "./erased-sql.ts";
import { horizonSql } from "./horizon.ts";
import type { PageRequest } from "./page.ts";
import { unreadMax } from "./unread.ts";
import type { ListCursor } from "./views.ts";

/** Null: either. */
export interface ListFilter {
  readonly folders: readonly Folder[];
  readonly isHidden: boolean;
  readonly isPinned: boolean | null;
  readonly isMuted: boolean | null;
  readonly isUnread: boolean | null;
  /** Whether the account said something; false: either. */
  readonly hasSaid: boolean;
  /** Key of a label's name, personal or the conversation's. */
  readonly label: string | null;
  /** Somebody who takes or took part. */
  readonly person: Address | null;
  readonly changedSince: Date | null;
}

/** What one sees of all one's conversations: not what one put out of sight. */
export const everywhere: ListFilter = {
  folders: folders.filter((folder) => folder !== "SPAM" && folder !== "TRASH"),
  isHidden: false,
  isPinned: null,
  isMuted: null,
  isUnread: null,
  hasSaid: false,
  label: null,
  person: null,
  changedSince: null,
};

export interface ListRow {
  readonly id: Hash;
  readonly sort_us: number;
}

export interface FolderCount {
  readonly folder: Folder | "DRAFTS";
  readonly conversations: number;
  readonly unread: number;
}

/** An account's participants in the conversation of `p`: how far it sees, how far it has read, and who they are. */
export const ownSql = `SELECT coalesce(array_agg(id), '{}') AS ids, coalesce(max(read_up_to), 0) AS read_up_to,
    max(CASE WHEN status = 'ACTIVE' THEN ${everything} ELSE coalesce(removed_seq, 0) END) AS horizon
  FROM participant WHERE conversation_id = p.conversation_id AND account_id = p.account_id`;

// The conditions on `p`. OFFSET 0 keeps each a question that is asked per row: as a join, a generic plan reads whole tables.

const isUnreadSql = `EXISTS (SELECT FROM (${ownSql}) AS own CROSS JOIN LATERAL (
    SELECT FROM message AS m
    WHERE m.conversation_id = p.conversation_id AND m.seq > own.read_up_to AND m.seq <= own.horizon
      AND m.author <> ALL (own.ids) AND m.removed_seq IS NULL
      AND NOT EXISTS (SELECT FROM participant WHERE conversation_id = p.conversation_id AND id = m.author AND is_erased)
    LIMIT 1) AS words OFFSET 0)`;

const isSayingSql = `EXISTS (SELECT FROM outbox AS o JOIN event AS e USING (conversation_id, seq)
    WHERE o.conversation_id = p.conversation_id AND e.model = 'message' AND e.action = 'add' AND e.actor IN (
      SELECT id FROM participant WHERE conversation_id = p.conversation_id AND account_id = p.account_id) OFFSET 0)`;

/**
 * A name without what makes no other label (see `labelKey`), as SQL. Of both sides, and to capitals first: PostgreSQL makes small
 * letters one by one, and knows nothing of those that are others at the end of a word (ς) or two (İ).
 */
const labelSql = (name: string) => `trim(lower(upper(normalize(regexp_replace(${name}, '${unseen}', '', 'g'), NFD))))`;

/** Whether the conversation of `p` has a label of this key for its account, which is $1. */
export const hasLabelSql = (key: string) => `(EXISTS (SELECT FROM participation_label AS l
    WHERE l.conversation_id = p.conversation_id AND l.account_id = p.account_id
      AND l.label_id = (SELECT id FROM personal_label WHERE account_id = $1 AND key = ${key}) OFFSET 0)
  OR EXISTS (SELECT FROM label AS l JOIN event AS e USING (conversation_id, seq) CROSS JOIN LATERAL (${ownSql}) AS own
    WHERE l.conversation_id = p.conversation_id AND ${labelSql("e.body->>'name'")} = ${labelSql(key)}
      AND l.seq <= own.horizon AND (l.removed_seq IS NULL OR l.removed_seq > own.horizon)
      AND NOT ${isErasedSql("e")} OFFSET 0))`;

const hasPersonSql = (address: string) => `EXISTS (SELECT FROM participant AS t CROSS JOIN LATERAL (${ownSql}) AS own
    WHERE t.conversation_id = p.conversation_id AND t.recipient_id = (SELECT id FROM recipient WHERE address = ${address})
      AND t.seq <= own.horizon OFFSET 0)`;

// Of a conversation that goes on without them, nothing is told to who was removed: for them it ended with the removal.
const hasChangedSql = (since: string) => `(p.changed_at >= ${since} OR EXISTS (SELECT FROM conversation AS c
    WHERE c.id = p.conversation_id AND c.recorded_at >= ${since} AND EXISTS (
      SELECT FROM participant AS t WHERE t.conversation_id = c.id AND t.account_id = p.account_id
        AND (t.status = 'ACTIVE' OR EXISTS (
          SELECT FROM event WHERE conversation_id = c.id AND seq = t.removed_seq AND recorded_at >= ${since} OFFSET 0))
      OFFSET 0) OFFSET 0))`;

// What was said and not announced yet has not changed lanes. It is announced within moments; while the bus is out of reach
// it stays longer, and not all of it is looked at.
const unannouncedSql = "SELECT DISTINCT conversation_id FROM (SELECT conversation_id FROM outbox LIMIT 10000) AS one";

export function conversationListReads(query: Query) {
  return {
    /**
     * The account's list, one more than the page has, in the order of reading.
     * @param hasLastEvents whether to read with it what lists show of each conversation's last event
     */
    listRows: (
      accountId: AccountId,
      filter: ListFilter,
      request: PageRequest<ListCursor>,
      hasLastEvents = false,
    ): Promise<readonly (ListRow & SeenConversationRow)[]> => {
      const { name, text, values } = listStatement(accountId, filter, request, hasLastEvents);
      return query<ListRow & SeenConversationRow>(name, text, values);
    },

    /**
     * How many conversations each folder has, hidden ones left out, and how many of them with something unread: counted up
     * to `unreadMax`, for those that may be have to be looked at.
     */
    folderCounts: (accountId: AccountId): Promise<readonly FolderCount[]> =>
      query<FolderCount>(
        "folder_counts",
        `SELECT f.folder::text, (
            SELECT count(*)::int FROM participation WHERE account_id = $1 AND folder = f.folder AND NOT is_hidden
          ) AS conversations, (
            SELECT count(*)::int FROM (
              SELECT FROM (
                SELECT conversation_id, account_id FROM participation
                WHERE account_id = $1 AND folder = f.folder AND NOT is_hidden AND may_be_unread
                UNION ALL
                SELECT p.conversation_id, p.account_id FROM (${unannouncedSql}) AS o JOIN participation AS p USING (conversation_id)
                WHERE p.account_id = $1 AND p.folder = f.folder AND NOT p.is_hidden AND NOT p.may_be_unread
              ) AS p WHERE ${isUnreadSql} LIMIT ${unreadMax}
            ) AS one
          ) AS unread
        FROM unnest(enum_range(NULL::"Folder")) AS f(folder)
        UNION ALL SELECT 'DRAFTS', count(*)::int, 0 FROM draft WHERE account_id = $1`,
        [accountId],
      ),
  };
}

/** Somebody with more conversations than this is looked for in the account's list, not the list among their conversations. */
const narrowMax = 1_000;

/** The statement of a page: one text, and one name, for each set of conditions. */
function listStatement(
  accountId: AccountId,
  filter: ListFilter,
  request: PageRequest<ListCursor>,
  hasLastEvents: boolean,
) {
  const { isBackward, after, before, limit } = request;
  const either = (wanted: boolean | null) => (wanted === null ? [true, false] : [wanted]);
  const pinned = either(filter.isPinned);
  // What is read may be in both lanes; what is unread is in one, but for what is not announced yet.
  const unread = filter.isUnread === true ? [true] : [true, false];
  const said = filter.hasSaid ? [true] : [true, false];
  const lanes = filter.folders.flatMap((folder) =>
    pinned.flatMap((is_pinned) =>
      unread.flatMap((may_be_unread) => said.map((has_said) => ({ folder, is_pinned, may_be_unread, has_said }))),
    ),
  );

  const values: unknown[] = [];
  const parameter = (value: unknown, type: string) => `$${values.push(value)}::${type}`;
  // The conditions above call it $1.
  const isOwn = `p.account_id = ${parameter(accountId, "uuid")} AND p.is_hidden = ${parameter(filter.isHidden, "boolean")}`;
  const most = parameter(limit + 1, "int");
  const place = (cursor: ListCursor | null, end: number) =>
    `(to_timestamp(${parameter(cursor?.sortUs ?? end, "float8")} / 1e6), ${parameter(cursor?.id ?? "", "text")})`;
  // Without a cursor the bounds are the ends of time: a bound that may be missing is none that an index goes by.
  const bounds = [
    `(p.sort_at, p.conversation_id) < ${place(after, Number.POSITIVE_INFINITY)}`,
    `(p.sort_at, p.conversation_id) > ${place(before, Number.NEGATIVE_INFINITY)}`,
  ];
  const names: string[] = [isBackward ? "list_backward" : "list"];
  const where = (name: string, condition: string | null) => {
    names.push(name);
    if (condition !== null) bounds.push(condition);
  };
  if (hasLastEvents) names.push("events");
  if (filter.hasSaid) where("said", null);
  if (filter.isMuted !== null) where(filter.isMuted ? "muted" : "heard", `p.is_muted = ${filter.isMuted}`);
  if (filter.isUnread === true) where("unread", isUnreadSql);
  if (filter.isUnread === false) where("read", `NOT ${isUnreadSql}`);
  if (filter.changedSince !== null) where("changed", hasChangedSql(parameter(filter.changedSince, "timestamptz")));
  if (filter.label !== null) where("label", hasLabelSql(parameter(filter.label, "text")));
  const person = filter.person === null ? null : parameter(filter.person, "text");
  if (person !== null) where("person", hasPersonSql(person));
  const within = bounds.join(" AND ");

  const direction = isBackward ? "ASC" : "DESC";
  // JSON, of which the planner expects a hundred rows whatever there are: with arrays it found, each time, that a plan for the
  // lanes at hand would be cheaper, and planning took longer than reading.
  const laneSql = `SELECT found.* FROM json_to_recordset(${parameter(JSON.stringify(lanes), "json")})
      AS l(folder "Folder", is_pinned boolean, may_be_unread boolean, has_said boolean)
    CROSS JOIN LATERAL (
      SELECT p.conversation_id, p.sort_at FROM participation AS p
      WHERE ${isOwn} AND p.folder = l.folder AND p.is_pinned = l.is_pinned
        AND p.may_be_unread = l.may_be_unread AND p.has_said = l.has_said AND ${within}
      ORDER BY p.sort_at ${direction}, p.conversation_id ${direction} LIMIT ${most}
    ) AS found`;
  const sources = [person === null ? laneSql : `${laneSql} WHERE (SELECT count(*) FROM narrow) > ${narrowMax}`];
  const isSeekingElsewhere = filter.isUnread === true || filter.hasSaid;
  if (person !== null || isSeekingElsewhere) {
    const inPlaces = `${isOwn} AND p.folder = ANY (${parameter(filter.folders, '"Folder"[]')}) AND p.is_pinned = ANY (${parameter(pinned, "boolean[]")})`;
    const inLanes = `p.may_be_unread = ANY (${parameter(unread, "boolean[]")}) AND p.has_said = ANY (${parameter(said, "boolean[]")})`;
    if (person !== null) {
      sources.push(`SELECT p.conversation_id, p.sort_at FROM (SELECT DISTINCT conversation_id FROM narrow) AS n
        CROSS JOIN LATERAL (SELECT * FROM participation AS p
          WHERE p.conversation_id = n.conversation_id AND p.account_id = $1 OFFSET 0) AS p
        WHERE (SELECT count(*) FROM narrow) <= ${narrowMax} AND ${inPlaces} AND ${inLanes} AND ${within}`);
    }
    if (isSeekingElsewhere) {
      sources.push(`SELECT p.conversation_id, p.sort_at FROM (${unannouncedSql}) AS o
        JOIN participation AS p USING (conversation_id)
        WHERE ${inPlaces} AND NOT (${inLanes}) ${filter.hasSaid ? `AND (p.has_said OR ${isSayingSql})` : ""} AND ${within}`);
    }
  }
  // In the order of the index: without, the planner may rather read the table until it has met enough of them.
  const narrow = `WITH narrow AS MATERIALIZED (
    SELECT conversation_id FROM participant WHERE recipient_id = (SELECT id FROM recipient WHERE address = ${person})
    ORDER BY conversation_id LIMIT ${narrowMax + 1})`;
  const text = `${person === null ? "" : narrow}
    SELECT ${seenColumns}, ${hasLastEvents ? `${lastEventSql} AS last_event,` : ""} (extract(epoch FROM page.sort_at) * 1e6)::bigint AS sort_us
    FROM (
      SELECT conversation_id, sort_at FROM (${sources.join(" UNION ALL ")}) AS listed
      ORDER BY sort_at ${direction}, conversation_id ${direction} LIMIT ${most}
    ) AS page JOIN conversation AS c ON c.id = page.conversation_id ${horizonSql("c.id", "$1")}
    ORDER BY page.sort_at ${direction}, page.conversation_id ${direction}`;
  return { name: names.join("_"), text, values };
}
