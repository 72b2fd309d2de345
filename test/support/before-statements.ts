// What a test does, or notes, when a named statement is about to be sent on a client of a pool.
import type pg from "pg";

/** @param see called with each name; where it returns a promise, the statement waits for it */
export function beforeStatements(pool: pg.Pool, see: (name: string) => Promise<unknown> | null): void {
  const heard = new WeakSet<pg.PoolClient>();
  pool.on("acquire", (client) => {
    if (heard.has(client)) return;
    heard.add(client);
    const { query } = client;
    client.query = (...args: readonly unknown[]) => {
      const [config] = args;
      const isNamed = typeof config === "object" && config !== null && "name" in config;
      const waiting = isNamed ? see(String(config.name)) : null;
      return waiting === null
        ? Reflect.apply(query, client, args)
        : waiting.then(() => Reflect.apply(query, client, args));
    };
  });
}
