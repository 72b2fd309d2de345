// Faults that people can mend themselves, told so that they can.

/** A fault whose message says what, why and what to do. The command prints that and no more of it. */
export class ExplainedError extends Error {
  override name = "ExplainedError";
}
