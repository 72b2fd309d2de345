// Which events are owed by mail, and which of them are worth one, as SQL: said once, for who owes, who collects and who sweeps.

/** A condition on the participant `p`: whether we reach them by mail; who was removed is, for that to be told. @param platform our name, as SQL */
export const isByMailSql = (p: string, platform: string): string =>
  `${p}.mail AND ${p}.via = ${platform} AND NOT ${p}.imported AND ${p}.status <> 'LEFT'`;

/** Whether the event `e` came with an archive: what its people said, whom it added, and mails of who imported it. */
const isImportedSql = (e: string): string =>
  `(EXISTS (SELECT FROM participant AS a WHERE a.conversation_id = ${e}.conversation_id AND a.id = ${e}.actor
      AND (a.imported OR (NOT a.mail AND jsonb_typeof(${e}.body->'mail') = 'object')))
    OR EXISTS (SELECT FROM participant AS a WHERE a.conversation_id = ${e}.conversation_id AND a.id = ${e}.id AND a.imported))`;

/**
 * A condition on the event `e`, the participant `p` and what we have of them, `m`: whether it is owed to them. Their own
 * acts are not, nothing before their add is, nor the add of who began the conversation by mail; what is imported is mailed to
 * nobody; and locks tell nothing. Who was removed is owed that alone.
 */
export const isOwedSql = (e: string, p: string, m: string): string =>
  `${e}.seq >= ${p}.seq AND ${e}.actor IS DISTINCT FROM ${p}.id AND ${e}.action NOT IN ('lock', 'release')
    AND NOT (${e}.id = ${p}.id AND ${m}.begun_with IS NOT NULL) AND (${p}.status = 'ACTIVE' OR ${e}.seq = ${p}.removed_seq)
    AND NOT ${isImportedSql(e)}`;

/** Whether the removal `e` of `p` is news to them: they know of the conversation, and are not back in it. */
const isPartingSql = (e: string, p: string): string =>
  `(${e}.seq = ${p}.removed_seq AND NOT EXISTS (SELECT FROM participant AS back WHERE back.conversation_id = ${p}.conversation_id
      AND back.recipient_id = ${p}.recipient_id AND back.status = 'ACTIVE')
    AND (EXISTS (SELECT FROM mail AS had WHERE had.conversation_id = ${p}.conversation_id AND had.participant = ${p}.id)
      OR EXISTS (SELECT FROM message AS own WHERE own.conversation_id = ${p}.conversation_id AND own.author = ${p}.id)))`;

/**
 * A condition on an owed event: whether there has to be a mail for it. All others ride along. Nothing is to be told of a
 * message that is gone by now, and its removal only to who knows of it.
 */
export const asksForMailSql = (e: string, p: string): string =>
  `(${e}.id = ${p}.id OR ${isPartingSql(e, p)} OR (${e}.model = 'message' AND CASE WHEN ${e}.action = 'remove'
    THEN EXISTS (SELECT FROM message AS x WHERE x.conversation_id = ${e}.conversation_id AND x.id = ${e}.item
      AND (x.author = ${p}.id OR x.seq < ${p}.seq OR EXISTS (SELECT FROM delivery AS told
        WHERE told.conversation_id = x.conversation_id AND told.participant = ${p}.id AND told.seq = x.seq
          AND told.mail_id IS NOT NULL)))
    ELSE EXISTS (SELECT FROM message AS x JOIN participant AS a ON a.conversation_id = x.conversation_id AND a.id = x.author
      WHERE x.conversation_id = ${e}.conversation_id AND x.id = CASE ${e}.action WHEN 'add' THEN ${e}.id ELSE ${e}.item END
        AND x.removed_seq IS NULL AND NOT a.is_erased) END))`;
