// What a task is: a name, the shape of its payload, and one function of src.
import type { Task } from "graphile-worker";
import type { z } from "zod";

/** `identifier` is the task's name in the database and of its file. */
export interface DefinedTask {
  readonly identifier: string;
  readonly run: Task;
}

/** The payload is parsed when the job runs: what was enqueued by an older version may not fit, and fails visibly. */
export function defineTask<Payload>(
  identifier: string,
  schema: z.ZodType<Payload>,
  work: (payload: Payload) => Promise<void>,
): DefinedTask {
  return { identifier, run: async (payload) => work(schema.parse(payload)) };
}
