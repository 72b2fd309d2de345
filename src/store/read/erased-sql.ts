// Which bodies are erased, as SQL: said once, for what hides them and for what deletes them.

/**
 * A condition on the event `e`: whether its body is erased. Of a removed message with its edits and attachments, of a
 * removed label or attachment; and of those who left with ERASE: their own add, and all that they said but adds of others.
 */
export function isErasedSql(e: string): string {
  const erased = (participant: string) =>
    `EXISTS (SELECT FROM participant WHERE conversation_id = ${e}.conversation_id AND id = ${participant} AND is_erased)`;
  const messageGone = (message: string) =>
    `EXISTS (SELECT FROM message AS m WHERE m.conversation_id = ${e}.conversation_id AND m.id = ${message}
      AND (m.removed_seq IS NOT NULL OR ${erased("m.author")}))`;
  const itemGone = (table: "label" | "attachment") =>
    `EXISTS (SELECT FROM ${table} AS i WHERE i.conversation_id = ${e}.conversation_id AND i.id = ${e}.id
      AND (i.removed_seq IS NOT NULL OR ${erased("i.added_by")}))`;
  return `CASE
    WHEN ${e}.model = 'conversation' OR (${e}.model = 'participant' AND ${e}.action = 'add') THEN ${erased(`${e}.id`)}
    WHEN ${erased(`${e}.actor`)} THEN true
    WHEN ${e}.model = 'message' THEN ${messageGone(`CASE WHEN ${e}.action = 'add' THEN ${e}.id ELSE ${e}.item END`)}
    WHEN ${e}.model = 'attachment' THEN ${itemGone("attachment")} OR ${messageGone(`${e}.item`)}
    WHEN ${e}.model = 'label' THEN ${itemGone("label")}
    ELSE false END`;
}
