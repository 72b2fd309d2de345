// The jobs of mails that go out, as SQL: each is asked for under a key of its own, so that there is one of it.

/** The key of the job that makes mails of what waits for a participant: of the row's `conversation_id` and `participant`. */
export const collectKeySql = (prefix = ""): string =>
  `'collect-mail:' || ${prefix}conversation_id || ':' || ${prefix}participant`;

/**
 * Asks for the job `collect-mail` of the row's `conversation_id` and `participant`, in milliseconds from now. A job that is
 * planned keeps its time, so that a burst becomes one mail, and words do not wait for a burst that never ends.
 */
export const collectJobSql = (inMs: string): string =>
  `graphile_worker.add_job('collect-mail', json_build_object('conversation', conversation_id, 'participant', participant),
    run_at => clock_timestamp() + ${inMs} * interval '1 millisecond',
    job_key => ${collectKeySql()}, job_key_mode => 'preserve_run_at')`;

/** Asks for the job `tell-end` of the row's `conversation_id` and `expires_at`: when what was said last is mailed. */
export const tellEndJobSql = (inMs: string): string =>
  `graphile_worker.add_job('tell-end', json_build_object('conversation', conversation_id),
    run_at => greatest(expires_at, clock_timestamp()) + ${inMs} * interval '1 millisecond', job_key => 'tell-end:' || conversation_id)`;

/** The key of the job that sends a mail. */
export const sendKeySql = (mail: string): string => `'send-mail:' || ${mail}`;

/** Asks for the job `send-mail` of a mail. @param runAt left out: now */
export const sendJobSql = (mail: string, runAt?: string): string =>
  `graphile_worker.add_job('send-mail', json_build_object('mail', ${mail}), job_key => ${sendKeySql(mail)}${runAt === undefined ? "" : `, run_at => ${runAt}`})`;

/** Whether there is a job of this key that will run. Jobs have columns of the usual names, so the key says of which table its are. */
export const hasJobSql = (key: string): string =>
  `EXISTS (SELECT FROM graphile_worker.jobs WHERE key = ${key} AND (attempts < max_attempts OR locked_at IS NOT NULL))`;
