// Naming things in inputs: a conversation by hash, draft hash or global id; what is in it by global id or hash.
import { isBase64url32 } from "../protocol/encoding.ts";
import type { Hash } from "../protocol/hash.ts";

/** What is in a conversation has both hashes in its global id, so that it is found without a search. */
export function itemKey(conversation: Hash, item: Hash): string {
  return `${conversation}.${item}`;
}

/** The two hashes of an item's key; null where it is none. */
export function parseItemKey(key: string): { readonly conversation: Hash; readonly item: Hash } | null {
  const [conversation = "", item = "", ...more] = key.split(".");
  return more.length === 0 && isBase64url32(conversation) && isBase64url32(item) ? { conversation, item } : null;
}

/** The hash that an input names a thing by: a hash as it is, or the last one of a global id. Null where it is neither. */
export function namedHash(input: string): Hash | null {
  if (isBase64url32(input)) return input;
  const [, key = ""] = Buffer.from(input, "base64").toString().split(":");
  const hash = key.split(".").at(-1) ?? "";
  return isBase64url32(hash) ? hash : null;
}
