// Task handle-mail: works through a mail that came in. Safe to repeat.
import { z } from "zod";
import { defineTask } from "../task.ts";

const payloadSchema = z.object({ inbound: z.uuid() });

/** @param handle what to do with it */
export function handleMailTask(handle: (inbound: string) => Promise<void>) {
  return defineTask("handle-mail", payloadSchema, ({ inbound }) => handle(inbound));
}
