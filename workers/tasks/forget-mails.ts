// Task forget-mails: deletes the bytes of mails that came in and became nothing, once they are old. Every night.
import { z } from "zod";
import { defineTask } from "../task.ts";

/** @param forget does it */
export function forgetMailsTask(forget: () => Promise<unknown>) {
  return defineTask("forget-mails", z.unknown(), async () => {
    await forget();
  });
}
