// Task deliver: sends a platform what it is owed. Asks for its own next run.
import { z } from "zod";
import type { Federation } from "../../src/federation/federation.ts";
import { defineTask } from "../task.ts";

const payloadSchema = z.object({ platform: z.string() });

export function deliverTask({ deliver }: Pick<Federation, "deliver">) {
  return defineTask("deliver", payloadSchema, ({ platform }) => deliver(platform));
}
