// The hashes of the protocol: SHA-256 over a line that says what is hashed, then canonical JSON.
import { hash } from "node:crypto";
import { canonicalJson, type JsonValue } from "./canonical-json.ts";
import type { Base64url32 } from "./encoding.ts";

/** A SHA-256, base64url. The hash of a proposal is the id of its event and of what that event makes. */
export type Hash = Base64url32;

/** What is hashed. The line keeps a hash of one kind from ever being taken for another. */
export type Hashed = "event" | "proposal" | "body" | "key" | "export";

/**
 * SHA-256 over `parley/KIND/1\n` and the canonical JSON of `value`.
 * @throws CanonicalJsonError where the value has no canonical form.
 */
export function hashOf(kind: Hashed, value: JsonValue): Hash {
  return hash("sha256", `parley/${kind}/1\n${canonicalJson(value)}`, "base64url");
}

/** SHA-256 of bytes or of a text in UTF-8, base64url: for tokens and files, which are no part of the log. */
export function sha256(data: Uint8Array | string): Hash {
  return hash("sha256", data, "base64url");
}
