// Tries at deliveries, to platforms and by mail, as SQL: the tables of both have the same columns.

/** A time as RFC 3339 in UTC. */
export const utcSql = (time: string): string => `to_char(${time} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** The last of those that meet the condition, oldest first: a JSON array of `Attempt`. @param most how many */
export const lastAttemptsSql = (table: "attempt" | "mail_attempt", condition: string, most = 20): string =>
  `coalesce((SELECT json_agg(json_build_object('at', ${utcSql("a.at")}, 'code', a.code, 'answer', a.answer) ORDER BY a.id)
    FROM (SELECT * FROM ${table} WHERE ${condition} ORDER BY id DESC LIMIT ${most}) AS a), '[]')`;
