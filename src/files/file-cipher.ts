// Files as they are kept and handed to other platforms: encrypted under a key that stands in their event.
//
// AES-128 in counter mode: what is kept is as long as the file, can be read as a stream, and says nothing without the event.
// That nobody altered it is what the event's SHA-256 of the plain bytes is for, which is signed; GCM's tag would say that a
// second time, and only at the end of each. Each file has a key of its own, so the counter may always begin at zero.
import { createCipheriv, createDecipheriv, type Decipheriv, randomBytes } from "node:crypto";
import type { Hash } from "../protocol/hash.ts";

const algorithm = "aes-128-ctr";
const counter = Buffer.alloc(16);

/** 16 random bytes, base64url. */
export function newFileKey(): string {
  return randomBytes(16).toString("base64url");
}

/** @param key of one file alone */
export function encryptFile(content: Uint8Array, key: string): Buffer {
  const cipher = createCipheriv(algorithm, Buffer.from(key, "base64url"), counter);
  return Buffer.concat([cipher.update(content), cipher.final()]);
}

/** A stream that what was encrypted is written to. */
export function decryption(key: string): Decipheriv {
  return createDecipheriv(algorithm, Buffer.from(key, "base64url"), counter);
}

/** Name of the blob that has an attachment's encrypted bytes. */
export const fileBlobOf = (conversation: Hash, attachment: Hash): string => `files/${conversation}/${attachment}`;

/** The path of an attachment's download. */
export const fileUrl = (conversation: Hash, attachment: Hash): string => `/${fileBlobOf(conversation, attachment)}`;
