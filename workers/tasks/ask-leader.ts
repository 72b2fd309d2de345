// Task ask-leader: asks the leader of a conversation again for what waits in it. Asks for its own next run.
import { z } from "zod";
import type { Federation } from "../../src/federation/federation.ts";
import { defineTask } from "../task.ts";

const payloadSchema = z.object({ conversation: z.string() });

export function askLeaderTask({ askAgain }: Pick<Federation, "askAgain">) {
  return defineTask("ask-leader", payloadSchema, ({ conversation }) => askAgain(conversation));
}
