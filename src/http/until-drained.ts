// When a stream goes on: while its connection has no room, what comes waits where it is bounded.
import type { Writable } from "node:stream";

/** One for all the streams of a connection. */
const waits = new WeakMap<Writable, Promise<void>>();

/** Undefined where there is room for more now; else resolves when there is, or nobody to read it. */
export function untilDrained(connection: Writable): Promise<void> | undefined {
  if (!connection.writableNeedDrain) return undefined;
  const wait = waits.get(connection) ?? drained(connection);
  waits.set(connection, wait);
  return wait;
}

function drained(connection: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      connection.off("drain", done).off("close", done);
      waits.delete(connection);
      resolve();
    };
    connection.on("drain", done).on("close", done);
  });
}
