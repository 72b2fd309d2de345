// Older copies of a database that are put in its place, as after a disaster.
import pg from "pg";
import { createDatabase, withMaintenance } from "./database.ts";

const nameOf = (url: string): string => pg.escapeIdentifier(new URL(url).pathname.slice(1));

/** Has nobody connected to the database, and nobody let in, while something is done with it. */
async function cutOff<Result>(url: string, work: () => Promise<Result>): Promise<Result> {
  const name = nameOf(url);
  const mayConnect = (may: boolean) =>
    withMaintenance((client) => client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS ${may}`));
  await mayConnect(false);
  await withMaintenance(async (client) => {
    const sessions = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1";
    await client.query(sessions, [new URL(url).pathname.slice(1)]);
  });
  try {
    return await work();
  } finally {
    await mayConnect(true);
  }
}

/** A copy of the database as it is now. Whoever is connected to it loses their connection. */
export function backUp(url: string): Promise<{ url: string } & AsyncDisposable> {
  return cutOff(url, () => createDatabase({ of: url }));
}

/** Puts the copy in the place of the database, which is gone with it, under whoever uses that. */
export async function restore(url: string, backup: string): Promise<void> {
  await cutOff(url, () =>
    withMaintenance(async (client) => {
      await client.query(`DROP DATABASE ${nameOf(url)}`);
      await client.query(`ALTER DATABASE ${nameOf(backup)} RENAME TO ${nameOf(url)}`);
    }),
  );
}
