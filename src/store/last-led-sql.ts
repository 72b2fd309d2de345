/**
 * SQL: the last event that a platform sequenced before it gave the lead away; null where it never did. By the events that moved the lead, each
 * of which follows the one before it: the log may be long, and strangers ask.
 * @param by SQL for the platform. The conversation is `c`.
 */
export const lastLed = (by: string): string => `(
  WITH RECURSIVE moved AS (
    SELECT seq, leader, follows FROM event WHERE conversation_id = c.id AND id = c.leader_latest
    UNION ALL SELECT e.seq, e.leader, e.follows FROM moved
    JOIN event AS e ON e.conversation_id = c.id AND e.id = moved.follows AND e.model = 'leader')
  SELECT max(seq) FROM moved WHERE leader = ${by})`;
