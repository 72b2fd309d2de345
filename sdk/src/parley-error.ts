// What goes wrong that is no rule's answer: no sign-in, a request that makes no sense, a platform out of reach.

/** One entry of `errors` in an answer of GraphQL. */
export interface AnswerError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/**
 * Thrown where there is no answer. What a rule forbids is no error: see `isRejection`.
 *
 * `code` is for programs: the platform's own (`UNAUTHENTICATED`, `BAD_USER_INPUT`, `INTERNAL_SERVER_ERROR`, …), or
 * `UNREACHABLE` where nobody answered or the connection broke, or `BAD_ANSWER` where what came is not GraphQL.
 */
export class ParleyError extends Error {
  override readonly name = "ParleyError";
  readonly code: string;
  /** All that the platform said; empty where it said nothing. */
  readonly errors: readonly AnswerError[];

  constructor(code: string, message: string, errors: readonly AnswerError[] = [], cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    this.errors = errors;
  }
}

/** The error that an answer's `errors` come to: the code and message of the first. */
export function errorOf(errors: readonly AnswerError[]): ParleyError {
  const [first] = errors;
  const code = first?.extensions?.["code"];
  return new ParleyError(
    typeof code === "string" ? code : "BAD_ANSWER",
    first?.message ?? "The platform said nothing.",
    errors,
  );
}
