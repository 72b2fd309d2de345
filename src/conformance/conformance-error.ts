// Why nothing can be tried at all.
import { ExplainedError } from "../observe/explained-error.ts";

/** There is no platform to try, or none to try it with. The message says what to do. */
export class ConformanceError extends ExplainedError {
  override readonly name = "ConformanceError";
}
