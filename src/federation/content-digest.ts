// What binds a body to the headers that are signed: the field `Content-Digest` (RFC 9530).
import { hash } from "node:crypto";

/**
 * The field's value for a body: `sha-256=:…:` and nothing else. Who checks one compares it with this text, so that
 * there is nothing to parse: another algorithm beside it, white space or sloppy base64 is another text.
 */
export function contentDigest(body: Uint8Array): string {
  return `sha-256=:${hash("sha256", body, "base64")}:`;
}
