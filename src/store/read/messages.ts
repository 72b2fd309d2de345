// Reads of messages, with the words that they had at the viewer's horizon.
import type { Body, MessageBody } from "../../protocol/event.ts";
import type { Hash } from "../../protocol/hash.ts";
import { type MessageRow, messageOf } from "../rows.ts";
import type { Query } from "./bounded-query.ts";
import { byKey } from "./by-key.ts";
import type { FoldUpTo } from "./fold-up-to.ts";
import { type Page, type PageRequest, pageOf, presentOf, seqPageSql, statementName } from "./page.ts";
import type { ConversationView, MessageView } from "./views.ts";

type WordsRow = MessageRow & { readonly body: MessageBody | null; readonly is_erased: boolean };

const messageSql = `SELECT m.*, w.body, (m.removed_seq IS NOT NULL OR EXISTS (
    SELECT FROM participant WHERE conversation_id = m.conversation_id AND id IN (m.author, m.words_by) AND is_erased)) AS is_erased
  FROM message AS m JOIN event AS w ON w.conversation_id = m.conversation_id AND w.seq = m.words_seq`;

interface Earlier {
  /** The body of an event. */
  bodyAt(of: ConversationView, seq: number): Promise<Body | null>;
  readonly foldUpTo: FoldUpTo;
}

/** @param earlier reads what a message said before the viewer was removed, or before it was changed meanwhile */
export function messageReads(query: Query, { bodyAt, foldUpTo }: Earlier) {
  const messageView = async (row: WordsRow, of: ConversationView): Promise<MessageView | null> => {
    if (row.seq > of.horizon) return null;
    const current = { of, message: messageOf(row), body: row.is_erased ? null : row.body, isErased: row.is_erased };
    // Changed since the conversation was read: perhaps after the viewer's removal.
    const isAhead = !of.folded && row.words_seq > of.horizon;
    const folded = isAhead ? await foldUpTo(of.id, of.horizon) : of.folded;
    const before = folded?.messages.get(row.id);
    if (!folded || !before) return folded ? null : current;
    if (before.wordsSeq === current.message.wordsSeq) return { ...current, message: before };
    const body = await bodyAt(of, before.wordsSeq);
    return {
      of,
      message: before,
      body: body && "text" in body ? body : null,
      isErased: row.is_erased || body === null,
    };
  };

  const messageLoader = byKey(
    (ids) =>
      query<WordsRow>(
        "messages",
        `${messageSql} JOIN unnest($1::text[], $2::text[]) AS k(conversation_id, id) ON k.conversation_id = m.conversation_id AND k.id = m.id`,
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
        `${messageSql} JOIN (SELECT conversation_id, seq FROM message
          WHERE conversation_id = $1 AND ($2::text IS NULL OR parent = $2) AND ${sql}) AS k ON k.conversation_id = m.conversation_id AND k.seq = m.seq
        ORDER BY m.seq ${request.isBackward ? "DESC" : "ASC"}`,
        [of.id, parent, ...values],
      );
      const page = pageOf(rows, request);
      return presentOf(page, await Promise.all(page.nodes.map((row) => messageView(row, of))));
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
