// Task send-mail: sends a mail, or finds out what became of it. Asks for its own next run.
import { z } from "zod";
import { defineTask } from "../task.ts";

const payloadSchema = z.object({ mail: z.uuid() });

export function sendMailTask(send: (mail: string) => Promise<void>) {
  return defineTask("send-mail", payloadSchema, ({ mail }) => send(mail));
}
