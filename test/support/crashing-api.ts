// A process of its own: an API as production composes it, killed at the point that its first argument names, the first
// time that it gets there. Settings come from the environment; it prints its port.
import { openApi } from "../../src/cli/parts.ts";
import type { CrashPoint } from "./crash-points.ts";
import { openCoreWith } from "./open-core.ts";
import { dieAt, watching } from "./watching.ts";

const at: (point: CrashPoint, isThere?: boolean) => void = dieAt;

const stack = new AsyncDisposableStack();
const core = await openCoreWith(stack, process.env, {
  database: ({ pool, prisma }) => ({
    prisma,
    pool: watching(
      pool,
      (sql) => {
        at("before the outbox row is deleted", sql.includes("outbox_announced"));
        at("before inbox order", sql.includes("raise_in_inbox"));
        at("before the job is enqueued", sql.includes("add_job") && sql.includes("erase-bodies"));
      },
      (sql) => at("after the commit", sql.includes('"write_')),
    ),
  }),
  bus: (bus) => ({
    ...bus,
    publish: async (notes) => {
      at("before the bus is told");
      await bus.publish(notes);
      at("after the bus is told");
    },
  }),
});
const { port } = await openApi(stack, core);
process.stdout.write(`${port}\n`);
