// A pool whose queries a test can hold up, let fail and count, by their names.
import type pg from "pg";

export interface Gate {
  /** Resolves when a query waits at it. */
  readonly reached: Promise<void>;
  /** Lets the query go on. Others of its name are not held. */
  open(): void;
}

export interface GatedPool {
  readonly pool: pg.Pool;
  /** How many queries of this name were sent. */
  count(name: string): number;
  /** Holds the next query of this name: before it is sent, or with its answer, before that is given. */
  hold(name: string, when: "sent" | "answered"): Gate;
  /** Makes all queries of this name fail, until disposed. */
  failing(name: string): Disposable;
  /** Answers queries of this name with these rows, unsent, until disposed. */
  answering(name: string, rows: readonly object[]): Disposable;
}

/** @param pool which does the work */
export function gatedPool(pool: pg.Pool): GatedPool {
  const counts = new Map<string, number>();
  const failures = new Set<string>();
  const answers = new Map<string, readonly object[]>();
  const gates = new Map<string, { reach(): void; readonly opened: Promise<void> }>();
  const pass = async (key: string) => {
    const gate = gates.get(key);
    gates.delete(key);
    gate?.reach();
    await gate?.opened;
  };
  const query = async (...args: readonly unknown[]) => {
    const [config] = args;
    const name = typeof config === "object" && config !== null && "name" in config ? String(config.name) : "unnamed";
    counts.set(name, (counts.get(name) ?? 0) + 1);
    await pass(`${name} sent`);
    if (failures.has(name)) throw new Error(`${name} fails here`);
    const rows = answers.get(name);
    if (rows) return { rows };
    const answer: unknown = await Reflect.apply(pool.query, pool, args);
    await pass(`${name} answered`);
    return answer;
  };
  return {
    pool: new Proxy(pool, {
      get: (target, key) => {
        if (key === "query") return query;
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    }),
    count: (name) => counts.get(name) ?? 0,
    hold: (name, when) => {
      const reached = Promise.withResolvers<void>();
      const opened = Promise.withResolvers<void>();
      gates.set(`${name} ${when}`, { reach: reached.resolve, opened: opened.promise });
      return { reached: reached.promise, open: opened.resolve };
    },
    failing: (name) => {
      failures.add(name);
      return { [Symbol.dispose]: () => void failures.delete(name) };
    },
    answering: (name, rows) => {
      answers.set(name, rows);
      return { [Symbol.dispose]: () => void answers.delete(name) };
    },
  };
}
