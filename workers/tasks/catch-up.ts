// Task catch-up: takes in what another platform has of a conversation beyond what is had here.
import { z } from "zod";
import type { Federation } from "../../src/federation/federation.ts";
import { defineTask } from "../task.ts";

const payloadSchema = z.object({
  conversation: z.string(),
  from: z.string(),
  failures: z.int().default(0),
  heldUpTo: z.int().optional(),
});

export function catchUpTask({ catchUp }: Pick<Federation, "catchUp">) {
  return defineTask("catch-up", payloadSchema, ({ conversation, from, failures, heldUpTo }) =>
    catchUp(conversation, from, failures, heldUpTo),
  );
}
