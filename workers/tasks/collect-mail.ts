// Task collect-mail: makes mails of what waits for a participant by mail. Safe to repeat.
import { z } from "zod";
import { defineTask } from "../task.ts";

const payloadSchema = z.object({ conversation: z.string(), participant: z.string() });

export function collectMailTask(collect: (whose: z.infer<typeof payloadSchema>) => Promise<void>) {
  return defineTask("collect-mail", payloadSchema, collect);
}
