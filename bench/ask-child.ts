// The bench's own processes: started with a channel, asked one thing at a time.
import type { ChildProcess } from "node:child_process";
import type { z } from "zod";
import { here, spawnWithManyFiles, stopped } from "./stage.ts";

export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** Sends `message` and resolves with the next answer. Rejects where the process ends instead. */
  ask<Answer>(message: object, answer: z.ZodType<Answer>): Promise<Answer>;
}

/** @param file one of this folder's that answers each message of its parent with one */
export function startChild(file: string): Child {
  const child: ChildProcess = spawnWithManyFiles(["--expose-gc", here(file)]);
  child.stdout?.pipe(process.stderr);
  return {
    pid: child.pid ?? 0,
    ask: (message, answer) =>
      new Promise((resolve, reject) => {
        const ended = (code: number | null) => reject(new Error(`${file} ended with ${code}`));
        child.once("exit", ended);
        child.once("message", (answered) => {
          child.off("exit", ended);
          const parsed = answer.safeParse(answered);
          if (parsed.success) resolve(parsed.data);
          else reject(new Error(`${file} answered something else`, { cause: parsed.error }));
        });
        child.send(message);
      }),
    [Symbol.asyncDispose]: () => stopped(child, "SIGKILL"),
  };
}
