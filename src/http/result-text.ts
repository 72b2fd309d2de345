// The text of a result: written once for all the subscribers that are sent the same one, not once for each of them.
import type { ExecutionResult } from "graphql";

const texts = new WeakMap<ExecutionResult, string>();

/** The result as JSON. It must not change afterwards. */
export function resultText(result: ExecutionResult): string {
  const text = texts.get(result) ?? JSON.stringify(result);
  texts.set(result, text);
  return text;
}
