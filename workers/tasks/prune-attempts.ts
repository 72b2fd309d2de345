// Task prune-attempts: deletes tries at deliveries that are too old to be asked about. Every night.
import type pg from "pg";
import { z } from "zod";
import { pruneAttempts } from "../../src/store/deliveries.ts";
import { defineTask } from "../task.ts";

export function pruneAttemptsTask(pool: pg.Pool) {
  return defineTask("prune-attempts", z.unknown(), async () => {
    await pruneAttempts(pool);
  });
}
