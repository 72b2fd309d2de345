// A process of its own: a worker as production composes it, killed at the point that its first argument names, the first time
// that it gets there. Settings come from the environment.
import { openWorker } from "../../src/cli/parts.ts";
import type { MailCrashPoint } from "./mail-crash-points.ts";
import { openCoreWith } from "./open-core.ts";
import { dieAt, watching } from "./watching.ts";

const at: (point: MailCrashPoint, isThere: boolean) => void = dieAt;

const stack = new AsyncDisposableStack();
const core = await openCoreWith(stack, process.env, {
  database: ({ pool, prisma }) => ({
    prisma,
    pool: watching(
      pool,
      (sql) => {
        at("before it says that it sends", sql.includes("claim_mails"));
        at("before the outcome is noted", sql.includes("record_mails"));
      },
      (sql) => {
        at("before the provider is called", sql.includes("claim_mails"));
        at("after the outcome is noted", sql.includes("record_mails"));
      },
    ),
  }),
});
await openWorker(stack, core);
