// Which bodies are erased, as SQL: said once, for what hides them and for what deletes them.

const erasedSql = (e: string, participant: string) =>
  `EXISTS (SELECT FROM participant WHERE conversation_id = ${e}.conversation_id AND id = ${participant} AND is_erased)`;

/**
 * A condition on the event `e`: whether its body is erased. Of a removed message with its edits and attachments, of a
 * removed label or attachment; of those who left with ERASE: their own add, and all that they said but adds of others; and
 * what was erased after this platform left.
 * @param isActorErased whether the event's actor is, for a query that has them at hand
 */
export function isErasedSql(e: string, isActorErased: string = erasedSql(e, `${e}.actor`)): string {
  const erased = (participant: string) => erasedSql(e, participant);
  const messageGone = (message: string) =>
    `EXISTS (SELECT FROM message AS m WHERE m.conversation_id = ${e}.conversation_id AND m.id = ${message}
      AND (m.removed_seq IS NOT NULL OR ${erased("m.author")}))`;
  const itemGone = (table: "label" | "attachment") =>
    `EXISTS (SELECT FROM ${table} AS i WHERE i.conversation_id = ${e}.conversation_id AND i.id = ${e}.id
      AND (i.removed_seq IS NOT NULL OR ${erased("i.added_by")}))`;
  return `CASE
    WHEN ${e}.erased_late THEN true
    WHEN ${e}.model = 'conversation' OR (${e}.model = 'participant' AND ${e}.action = 'add') THEN ${erased(`${e}.id`)}
    WHEN ${isActorErased} THEN true
    -- Who adds a message is its author, whom the line above has asked for.
    WHEN ${e}.model = 'message' AND ${e}.action = 'add' THEN EXISTS (
      SELECT FROM message WHERE conversation_id = ${e}.conversation_id AND id = ${e}.id AND removed_seq IS NOT NULL)
    WHEN ${e}.model = 'message' THEN ${messageGone(`${e}.item`)}
    WHEN ${e}.model = 'attachment' THEN ${itemGone("attachment")} OR ${messageGone(`${e}.item`)}
    WHEN ${e}.model = 'label' THEN ${itemGone("label")}
    ELSE false END`;
}
