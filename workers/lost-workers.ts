// Jobs of workers that are gone: given back at once, where the queue itself would hold them, and all of their queue, for
// four hours. A worker is there for as long as a connection of its process holds a lock by its name.
import type pg from "pg";

/** Says that the worker is there, for as long as this connection stands. @param id as the queue calls it */
export async function sayWorkerIsThere(client: pg.ClientBase, id: string): Promise<void> {
  // Shared, so that a connection that is not quite gone yet never keeps the next one waiting.
  await client.query("SELECT pg_advisory_lock_shared(hashtext('parley worker'), hashtext($1))", [id]);
}

/** Gives back what workers hold that are gone. A worker whose connection is being made anew counts as gone: its jobs may run twice. */
export async function giveBackLostJobs(pool: pg.Pool): Promise<void> {
  await pool.query({
    name: "give_back_lost_jobs",
    text: `SELECT graphile_worker.force_unlock_workers(array_agg(DISTINCT locked_by)) FROM graphile_worker.jobs AS job
      WHERE locked_by IS NOT NULL AND NOT EXISTS (
        SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND classid = hashtext('parley worker')::oid AND objid = hashtext(job.locked_by)::oid)`,
  });
}
