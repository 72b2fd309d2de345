// Task ask-words: asks for words that did not come with their events. Asks for its own next run.
import { z } from "zod";
import type { Federation } from "../../src/federation/federation.ts";
import { defineTask } from "../task.ts";

const payloadSchema = z.object({ conversation: z.string(), failures: z.int().default(0) });

export function askWordsTask({ askWords }: Pick<Federation, "askWords">) {
  return defineTask("ask-words", payloadSchema, ({ conversation, failures }) => askWords(conversation, failures));
}
