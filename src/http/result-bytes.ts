// The bytes of a result: written once for all the subscribers that are sent the same one, not once for each of them.
import type { ExecutionResult } from "graphql";

const known = new WeakMap<ExecutionResult, Buffer>();

/** The result as JSON in UTF-8. It must not change afterwards. */
export function resultBytes(result: ExecutionResult): Buffer {
  const bytes = known.get(result) ?? Buffer.from(JSON.stringify(result));
  known.set(result, bytes);
  return bytes;
}
