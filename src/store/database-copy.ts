// Whether the database is the copy that we wrote to before, or another one, and so perhaps an older one: restored from a
// dump or a backup, or a replica that was made the primary. It keeps marks of itself, which a copy brings along and does
// not bear itself.
import { stat } from "node:fs/promises";
import type pg from "pg";
import { ExplainedError } from "../observe/explained-error.ts";

/** What tells copies apart. Those that cannot be had are left out, and not compared. */
export interface CopyMarks {
  /** Of the database and of a table in it: others after `pg_restore`, and in a clone. */
  readonly database?: string;
  readonly table?: string;
  /** PostgreSQL's number of the cluster, and of its history: a new one where a replica or a restored backup is promoted. */
  readonly system?: string;
  readonly timeline?: string;
  /** Of the file by which a cluster in a folder of ours is known: another one where the folder was copied back. */
  readonly folder?: string;
}

/** The database only reads: it is a standby, and may fall behind the one that we wrote to. */
export class StandbyError extends ExplainedError {
  override readonly name = "StandbyError";

  constructor() {
    super("The database is a standby that only reads. Promote it, or correct DATABASE_URL.");
  }
}

const names = ["database", "table", "system", "timeline", "folder"] as const;

/** Of a file that stays as it is, but for its owner; of a copy it is another one, whatever the copy keeps of its times. */
export async function markOfFile(path: string): Promise<string> {
  const { ino, birthtimeNs, ctimeNs } = await stat(path, { bigint: true });
  // Some file systems do not know when a file was made. They know when it was last touched, which nobody can set.
  return `${ino} ${birthtimeNs || ctimeNs}`;
}

/**
 * Compares the marks that the database keeps with those that it bears, and keeps these. Where one differs, `onOther` is run
 * first, in the same transaction; another process that comes to the same database waits for it, and finds nothing to do.
 * @param folder mark of its folder, where it is one of ours
 * @throws StandbyError
 */
export async function checkCopy(
  client: pg.ClientBase,
  folder: string | null,
  onOther: (differing: readonly (keyof CopyMarks)[]) => Promise<void>,
): Promise<void> {
  const marks = { ...(await readMarks(client)), ...(folder !== null && { folder }) };
  const lookedUp = await client.query<{ marks: CopyMarks }>("SELECT marks FROM database_copy");
  if (lookedUp.rows[0] && !isNews(lookedUp.rows[0].marks, marks)) return;
  await client.query("BEGIN");
  try {
    // Of a large database it takes longer than a request may, and others wait for it.
    await client.query("SET LOCAL statement_timeout = 0");
    await client.query("INSERT INTO database_copy (id, marks) VALUES (1, $1) ON CONFLICT DO NOTHING", [marks]);
    const { rows } = await client.query<{ marks: CopyMarks }>("SELECT marks FROM database_copy FOR UPDATE");
    const kept = rows[0]?.marks ?? {};
    const differing = names.filter((name) => kept[name] !== undefined && marks[name] && kept[name] !== marks[name]);
    if (differing.length > 0) await onOther(differing);
    await client.query("UPDATE database_copy SET marks = $1", [{ ...kept, ...marks }]);
    await client.query("COMMIT");
  } catch (error) {
    // The connection may be gone, and its transaction with it.
    await client.query("ROLLBACK").catch(() => {});
    throw error;
  }
}

const isNews = (kept: CopyMarks, marks: CopyMarks): boolean =>
  names.some((name) => marks[name] !== undefined && kept[name] !== marks[name]);

async function readMarks(client: pg.ClientBase): Promise<CopyMarks> {
  const { rows } = await client.query<CopyMarks & { readonly isStandby: boolean; readonly mayReadControl: boolean }>(
    `SELECT (SELECT oid::text FROM pg_database WHERE datname = current_database()) AS database,
      'database_copy'::regclass::oid::text AS "table", pg_is_in_recovery() AS "isStandby",
      has_function_privilege('pg_control_system()', 'EXECUTE') AS "mayReadControl"`,
  );
  const [row] = rows;
  if (!row) throw new Error("the database says nothing of itself");
  const { isStandby, mayReadControl, ...marks } = row;
  // One that is promoted later keeps its connections: this one must not be used for what is written then.
  if (isStandby) throw new StandbyError();
  if (!mayReadControl) return marks;
  const server = await client.query<CopyMarks>(
    // The control file tells the new history only after the first checkpoint of it.
    `SELECT system_identifier::text AS system, left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) AS timeline
    FROM pg_control_system()`,
  );
  return { ...marks, ...server.rows[0] };
}
