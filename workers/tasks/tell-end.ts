// Task tell-end: tells who takes part by mail that a conversation has ended. Safe to repeat.
import { z } from "zod";
import { defineTask } from "../task.ts";

const payloadSchema = z.object({ conversation: z.string() });

export function tellEndTask(tellEnd: (conversation: string) => Promise<void>) {
  return defineTask("tell-end", payloadSchema, ({ conversation }) => tellEnd(conversation));
}
