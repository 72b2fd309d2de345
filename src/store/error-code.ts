// The code of an error: PostgreSQL's SQLSTATE, or the system's, as ENOENT.

/** Undefined where it has none. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
