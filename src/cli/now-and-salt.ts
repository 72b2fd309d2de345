// The clock and the randomness that all parts are handed.
import { randomBytes } from "node:crypto";

/** RFC 3339 in UTC. */
export const now = (): string => new Date().toISOString();

// Drawn from the system a hundred at a time: each call costs as much as a hash.
const saltBytes = 32;
let drawn = Buffer.alloc(0);

/** 32 random bytes, base64url; each time others. */
export function salt(): string {
  if (drawn.length === 0) drawn = randomBytes(saltBytes * 100);
  const next = drawn.toString("base64url", 0, saltBytes);
  drawn = drawn.subarray(saltBytes);
  return next;
}
