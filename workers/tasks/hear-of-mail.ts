// Task hear-of-mail: works through what a provider told of a mail of ours. Safe to repeat.
import { z } from "zod";
import { defineTask } from "../task.ts";

const payloadSchema = z.object({ inbound: z.uuid() });

/** @param hear works through what is stored under the id */
export function hearOfMailTask(hear: (inbound: string) => Promise<void>) {
  return defineTask("hear-of-mail", payloadSchema, ({ inbound }) => hear(inbound));
}
