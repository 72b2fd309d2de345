// What goes wrong that is no rule's answer: no sign-in, a request that makes no sense, a platform out of reach.

/** One entry of `errors` in an answer of GraphQL. */
export interface AnswerError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** Of the SDK: */
type OwnCode =
  /** Nobody answered, or the connection broke. */
  | "UNREACHABLE"
  /** The answer took longer than `timeoutMs`. */
  | "TIMEOUT"
  /** What came is not GraphQL: of a proxy, or the address is not a platform's. */
  | "BAD_ANSWER"
  /** The `url` of a client is none that a platform can have. */
  | "BAD_URL"
  /** The client was closed before: nothing was sent. */
  | "CLOSED";

/** And of the platform: */
type PlatformCode =
  | "UNAUTHENTICATED"
  | "BAD_USER_INPUT"
  | "BAD_REQUEST"
  | "GRAPHQL_PARSE_FAILED"
  | "GRAPHQL_VALIDATION_FAILED"
  | "OPERATION_UNKNOWN"
  | "DOCUMENT_TOO_LARGE"
  | "VARIABLES_TOO_LARGE"
  | "ANSWER_TOO_LARGE"
  | "TOO_MANY_OPERATIONS"
  | "TOO_MANY_STREAMS"
  | "STOPPING"
  | "INTERNAL_SERVER_ERROR";

/** The last part: a platform newer than this SDK may have others. */
export type ErrorCode = OwnCode | PlatformCode | (string & Record<never, never>);

export interface ErrorDetails {
  readonly errors?: readonly AnswerError[];
  readonly cause?: unknown;
  /** Default: what the code says. */
  readonly isRetryable?: boolean;
  readonly retryAfterMs?: number | null;
}

/** What another try may not meet again. The streams of a connection that is gone count until the platform notices. */
const passing: readonly string[] = ["UNREACHABLE", "TIMEOUT", "STOPPING", "INTERNAL_SERVER_ERROR", "TOO_MANY_STREAMS"];

/** Thrown where there is no answer. What a rule forbids is no error: see `isRejection`. */
export class ParleyError extends Error {
  override readonly name = "ParleyError";
  /** For programs. */
  readonly code: ErrorCode;
  /** All that the platform said; empty where it said nothing. */
  readonly errors: readonly AnswerError[];
  /** Whether the same may go well later. Of a mutation it is not known whether it was done: give it a `clientId` of yours. */
  readonly isRetryable: boolean;
  /** How long the platform, or a proxy before it, asked to wait until then; null where nobody said. */
  readonly retryAfterMs: number | null;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    const { errors = [], cause, isRetryable = passing.includes(code), retryAfterMs = null } = details;
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    this.errors = errors;
    this.isRetryable = isRetryable;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The error that an answer's `errors` come to: the code and message of the first. */
export function errorOf(errors: readonly AnswerError[]): ParleyError {
  const [first] = errors;
  const code = first?.extensions?.["code"];
  return new ParleyError(
    typeof code === "string" ? code : "BAD_ANSWER",
    first?.message ?? "The platform said nothing.",
    { errors },
  );
}

/** @param cause what the connection broke with */
export function unreachable(message: string, cause: unknown): ParleyError {
  return new ParleyError("UNREACHABLE", message, { cause });
}
