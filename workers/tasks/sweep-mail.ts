// Task sweep-mail: asks for the jobs of mails that are missing. Every minute.
import { z } from "zod";
import { defineTask } from "../task.ts";

export function sweepMailTask(sweep: () => Promise<void>) {
  return defineTask("sweep-mail", z.unknown(), sweep);
}
