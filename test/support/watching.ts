// A database whose statements a process watches, to be killed at one of them.

/** Ends this process where it stands, if its first argument names this point. */
export function dieAt(point: string, isThere = true): void {
  if (!isThere || process.argv[2] !== point) return;
  process.kill(process.pid, "SIGKILL");
  throw new Error("still alive");
}

/** Something whose `query` is preceded and followed by what a test has in mind. */
export function watching<Queried extends object>(
  queried: Queried,
  before: (sql: string) => void,
  after: (sql: string) => void,
): Queried {
  return new Proxy(queried, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      if (key === "connect") {
        return async (...args: readonly unknown[]) => {
          const client: unknown = await Reflect.apply(value, target, args);
          return typeof client === "object" && client !== null ? watching(client, before, after) : client;
        };
      }
      if (key !== "query") return value.bind(target);
      return async (...args: readonly unknown[]) => {
        // With its values: which job is enqueued is one.
        const sql = JSON.stringify(args);
        before(sql);
        const answer: unknown = await Reflect.apply(value, target, args);
        after(sql);
        return answer;
      };
    },
  });
}
