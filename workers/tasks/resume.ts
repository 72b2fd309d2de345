// Task resume: takes up what a crash may have left of the work between platforms. Every minute.
import { z } from "zod";
import type { Federation } from "../../src/federation/federation.ts";
import { defineTask } from "../task.ts";

export function resumeTask({ resume }: Pick<Federation, "resume">) {
  return defineTask("resume", z.unknown(), () => resume());
}
