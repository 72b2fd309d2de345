// Reads of messages, with the words that they had at the viewer's horizon.
import { saidAt } from "../../conversation/said-at.ts";
import type { Body, MessageBody } from "../../protocol/event.ts";
import type { Hash } from "../../protocol/hash.ts";
import { type MessageRow, messageOf } from "../rows.ts";
import type { Query } from "./bounded-query.ts";
import { byKey } from "./by-key.ts";
import type { FoldUpTo } from "./fold-up-to.ts";
import { type Page, type PageRequest, pageOf, presentOf, seqPageSql, statementName } from "./page.ts";
import type { ConversationView, MessageView, ParticipantView } from "./views.ts";

type WordsRow = MessageRow & {
  readonly body: MessageBody | null;
  readonly is_erased: boolean;
  readonly added_at: Date;
  /** What it says of the mail that it was, if any; null once erased. */
  readonly mail: MessageBody["mail"];
};

/** The `WordsRow`s of messages. @param from the messages, in SQL */
function wordsSql(from: string): string {
  // By the words that it began with: an edit says nothing of a mail.
  const first = (column: string) => `CASE WHEN m.words_seq = m.seq THEN w.${column}
    ELSE (SELECT ${column} FROM event WHERE conversation_id = m.conversation_id AND seq = m.seq) END`;
  return `SELECT m.*, w.body, m.removed_seq IS NOT NULL OR erased.anybody AS is_erased, ${first("timestamp")} AS added_at,
      CASE WHEN m.removed_seq IS NOT NULL OR erased.author THEN NULL ELSE (${first("body")})->'mail' END AS mail
    FROM ${from} AS m JOIN event AS w ON w.conversation_id = m.conversation_id AND w.seq = m.words_seq
    CROSS JOIN LATERAL (
      SELECT bool_or(is_erased) AS anybody, bool_or(is_erased AND id = m.author) AS author
      FROM participant WHERE conversation_id = m.conversation_id AND id IN (m.author, m.words_by)) AS erased`;
}

/** What a message said before the viewer was removed, or before it was changed meanwhile; and who said it. */
interface Others {
  /** The body of an event. */
  bodyAt(of: ConversationView, seq: number): Promise<Body | null>;
  readonly foldUpTo: FoldUpTo;
  participant(of: ConversationView, id: Hash): Promise<ParticipantView | null>;
}

export function messageReads(query: Query, { bodyAt, foldUpTo, participant }: Others) {
  const messageView = async (row: WordsRow, of: ConversationView): Promise<MessageView | null> => {
    if (row.seq > of.horizon) return null;
    const current = {
      of,
      message: messageOf(row),
      body: row.is_erased ? null : row.body,
      isErased: row.is_erased,
      saidAt: saidAt(row, row.added_at.toISOString()),
    };
    // Changed since the conversation was read: perhaps after the viewer's removal.
    const isAhead = !of.folded && row.words_seq > of.horizon;
    const folded = isAhead ? await foldUpTo(of.id, of.horizon) : of.folded;
    const before = folded?.messages.get(row.id);
    if (!folded || !before) return folded ? null : current;
    if (before.wordsSeq === current.message.wordsSeq) return { ...current, message: before };
    const body = await bodyAt(of, before.wordsSeq);
    return {
      ...current,
      message: before,
      body: body && "text" in body ? body : null,
      isErased: row.is_erased || body === null,
    };
  };

  const messageLoader = byKey(
    (ids) =>
      query<WordsRow>(
        "messages",
        wordsSql(`(SELECT message.* FROM unnest($1::text[], $2::text[]) AS k(conversation_id, id)
          JOIN message USING (conversation_id, id))`),
        ids,
      ),
    messageView,
  );

  return {
    message: (of: ConversationView, id: Hash) => messageLoader.load({ of, id }),

    messages: async (
      of: ConversationView,
      request: PageRequest<number>,
      parent: Hash | null = null,
    ): Promise<Page<MessageView>> => {
      const { sql, values } = seqPageSql("seq", 3, request, of.horizon);
      const rows = await query<WordsRow>(
        statementName("message_page", request),
        // The page first: joined under the LIMIT, the planner reads every message's words.
        `${wordsSql(`(SELECT * FROM message
          WHERE conversation_id = $1 AND ($2::text IS NULL OR parent = $2) AND ${sql})`)}
        ORDER BY m.seq ${request.isBackward ? "DESC" : "ASC"}`,
        [of.id, parent, ...values],
      );
      const page = pageOf(rows, request);
      const views = presentOf(page, await Promise.all(page.nodes.map((row) => messageView(row, of))));
      // Of a page, who said it is shown; so each is looked up here, and once.
      const ids = new Set(views.nodes.map(({ message }) => message.addedBy));
      const authors = new Map(await Promise.all([...ids].map(async (id) => [id, await participant(of, id)] as const)));
      return { ...views, nodes: views.nodes.map((view) => ({ ...view, author: authors.get(view.message.addedBy) })) };
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
  };
}
