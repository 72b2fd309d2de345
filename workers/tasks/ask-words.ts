// Task ask-words: asks one platform for words that did not come with their events. Asks for its own next run, of the next one.
import { z } from "zod";
import type { Federation } from "../../src/federation/federation.ts";
import { defineTask } from "../task.ts";

const payloadSchema = z.object({
  conversation: z.string(),
  from: z.string(),
  asked: z.array(z.string()).default([]),
  failures: z.int().default(0),
});

export function askWordsTask({ askWords }: Pick<Federation, "askWords">) {
  return defineTask("ask-words", payloadSchema, askWords);
}
