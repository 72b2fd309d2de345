// Cursors of the stream: a point in the database's time, opaque to clients.

/** @param timeUs the database's microseconds since 1970 */
export function encodeCursor(timeUs: number): string {
  return Buffer.from(`t${timeUs}`).toString("base64url");
}

/** The microseconds of a cursor; null where it is none of ours. */
export function decodeCursor(cursor: string): number | null {
  const text = Buffer.from(cursor, "base64url").toString();
  return /^t\d{1,16}$/.test(text) ? Number(text.slice(1)) : null;
}
