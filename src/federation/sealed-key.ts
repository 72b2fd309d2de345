// Private keys as they lie in the database: sealed with PARLEY_SECRET.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { type SigningKey, signingKey } from "../protocol/signature.ts";

// AES-256-GCM: 12 bytes of nonce, 16 of tag, then the sealed seed.
export function sealKey(seed: Uint8Array, secret: string): Uint8Array<ArrayBuffer> {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", sealingKey(secret), nonce);
  const sealed = Buffer.concat([cipher.update(seed), cipher.final()]);
  return new Uint8Array(Buffer.concat([nonce, cipher.getAuthTag(), sealed]));
}

/** The key; null where it was sealed with another secret. */
export function openKey(bytes: Uint8Array, secret: string): SigningKey | null {
  const sealed = Buffer.from(bytes);
  const decipher = createDecipheriv("aes-256-gcm", sealingKey(secret), sealed.subarray(0, 12));
  decipher.setAuthTag(sealed.subarray(12, 28));
  try {
    return signingKey(Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]));
  } catch {
    return null;
  }
}

function sealingKey(secret: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", "parley/platform-key/1", 32));
}
