// Base64url as the protocol writes bytes: RFC 4648 §5, unpadded, and canonical (one text for one value). And JSON in bytes.

/** What stands for 32 bytes: 43 characters. Hashes, keys and salts have this form. */
export type Base64url32 = string;

export function encodeBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
}

/**
 * The bytes that `text` stands for, or null where it is not the canonical text of exactly `length` bytes.
 * Node's own decoder takes foreign characters and non-zero bits at the end, so the result is encoded again and compared.
 */
export function decodeBase64url(text: string, length: number): Buffer | null {
  if (text.length !== Math.ceil((length * 4) / 3)) return null;
  const bytes = Buffer.from(text, "base64url");
  return bytes.length === length && bytes.toString("base64url") === text ? bytes : null;
}

// 43 characters carry 258 bits: the last one has two bits to spare, which must be zero.
const base64url32 = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** Whether `text` is the canonical text of 32 bytes. */
export function isBase64url32(text: string): text is Base64url32 {
  return base64url32.test(text);
}

/** The JSON value in bytes of UTF-8; undefined where they are none. */
export function jsonOf(bytes: Uint8Array): unknown {
  try {
    // Fatal: a replaced byte would be a changed word.
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
