// Reads of a conversation's files, as their events describe them.
import { isRemoved } from "../../conversation/state.ts";
import type { AttachmentBody } from "../../protocol/event.ts";
import type { Hash } from "../../protocol/hash.ts";
import { type AttachmentRow, attachmentOf } from "../rows.ts";
import type { Query } from "./bounded-query.ts";
import { byKey } from "./by-key.ts";
import { isErasedSql } from "./erased-sql.ts";
import { type Page, type PageRequest, pageOfList } from "./page.ts";
import type { AttachmentView, ConversationView } from "./views.ts";

type DescribedRow = AttachmentRow & {
  readonly body: AttachmentBody | null;
  readonly is_erased: boolean;
  readonly is_here: boolean;
};

// Files come by mail: with the message that a mail became.
const attachmentSql = `SELECT a.*, e.body, ${isErasedSql("e")} AS is_erased, EXISTS (
    SELECT FROM inbound_mail AS i WHERE i.conversation_id = a.conversation_id AND i.message = a.message
      AND i.participant = a.added_by AND i.status = 'POSTED') AS is_here
  FROM attachment AS a JOIN event AS e USING (conversation_id, seq)`;

export function attachmentReads(query: Query) {
  const attachmentLoader = byKey(
    (ids) =>
      query<DescribedRow>(
        "attachments_by_id",
        `${attachmentSql} JOIN unnest($1::text[], $2::text[]) AS k(conversation_id, id) ON k.conversation_id = a.conversation_id AND k.id = a.id`,
        ids,
      ),
    attachmentView,
  );

  return {
    /** The attachment; null where it is not there, or not any more. */
    attachment: (of: ConversationView, id: Hash) => attachmentLoader.load({ of, id }),

    /** Attachments that are there, of a message or (null) of none; `undefined`: all. */
    attachments: async (
      of: ConversationView,
      message: Hash | null | undefined,
      request: PageRequest<number>,
    ): Promise<Page<AttachmentView>> => {
      const rows = await query<DescribedRow>(
        "attachments",
        `${attachmentSql}
        WHERE a.conversation_id = $1 AND a.seq <= $2 AND ($3 OR a.message IS NOT DISTINCT FROM $4::text) ORDER BY a.seq`,
        [of.id, of.horizon, message === undefined, message ?? null],
      );
      const views = rows.flatMap((row) => attachmentView(row, of) ?? []);
      return pageOfList(views, request, ({ attachment }) => attachment.seq);
    },
  };
}

function attachmentView(row: DescribedRow, of: ConversationView): AttachmentView | null {
  if (row.seq > of.horizon) return null;
  const attachment = of.folded?.attachments.get(row.id) ?? attachmentOf(row);
  const isGone = of.folded ? isRemoved(of.folded, attachment) : row.is_erased;
  return isGone ? null : { of, attachment, body: row.is_erased ? null : row.body, isHere: row.is_here };
}
