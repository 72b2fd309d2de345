// The keys of a platform as others get them: each but the first vouched for by an earlier one, and each with its window.
import { z } from "zod";
import { decodeBase64url } from "./encoding.ts";
import type { PlatformName, Timestamp } from "./event.ts";
import { base64url32Schema, platformNameSchema, timestampSchema } from "./form.ts";
import { type Hash, hashOf } from "./hash.ts";
import { type PublicKey, type Signature, verifySignature } from "./signature.ts";

/** What is signed of a key: whose it is, and when it may sign. */
export type KeyStatement = {
  readonly platform: PlatformName;
  readonly key: PublicKey;
  /** From when on it signs, and until before when; null: no end. */
  readonly nbf: Timestamp;
  readonly exp: Timestamp | null;
  /** The earlier key that vouches for it; null for the first. */
  readonly by: PublicKey | null;
};

export type ListedKey = Omit<KeyStatement, "platform"> & {
  /** Of `by`; the first key's is its own. */
  readonly signature: Signature;
  /** From when on it signs no more. Unsigned: nobody needs the key to give it up. */
  readonly revoked: Timestamp | null;
};

/** In the order in which they were made. */
export type KeyList = { readonly platform: PlatformName; readonly keys: readonly ListedKey[] };

export const listedKeysSchema: z.ZodType<readonly ListedKey[]> = z
  .array(
    z.strictObject({
      key: base64url32Schema,
      nbf: timestampSchema,
      exp: timestampSchema.nullable(),
      by: base64url32Schema.nullable(),
      signature: z.string().refine((text) => decodeBase64url(text, 64) !== null, "must be 64 bytes in base64url"),
      revoked: timestampSchema.nullable(),
    }),
  )
  .min(1)
  .max(1_000);

export const keyListSchema: z.ZodType<KeyList> = z.strictObject({
  platform: platformNameSchema,
  keys: listedKeysSchema,
});

/** What the signature of a key in a list is over. */
export function keyHash({ platform, key, nbf, exp, by }: KeyStatement): Hash {
  return hashOf("key", { platform, key, nbf, exp, by });
}

/** Why the list is none, for people; null where each key is vouched for by an earlier one. */
export function keyListFault({ platform, keys }: KeyList): string | null {
  const earlier = new Set<PublicKey>();
  for (const listed of keys) {
    const { key, nbf, exp, by, signature } = listed;
    if (earlier.has(key)) return `${platform} lists the key ${key} twice`;
    if (by === null ? earlier.size > 0 : !earlier.has(by)) return `no earlier key of ${platform} vouches for ${key}`;
    if (exp !== null && exp <= nbf) return `the key ${key} of ${platform} ends before it begins`;
    if (!verifySignature(by ?? key, "key", keyHash({ platform, ...listed }), signature))
      return `the signature under the key ${key} of ${platform} does not fit`;
    earlier.add(key);
  }
  return null;
}

/**
 * Why `later` does not go on from `earlier`, a list of the same platform, for people; null where it does: every key is
 * still there as it was, and no new one is vouched for by a key that was given up. Both lists hold by themselves.
 */
export function joinFault(earlier: KeyList, later: KeyList): string | null {
  const { platform } = earlier;
  const found = new Map(later.keys.map((listed) => [listed.key, listed]));
  for (const listed of earlier.keys) {
    const again = found.get(listed.key);
    if (again === undefined) return `${platform} no longer lists the key ${listed.key}`;
    if (keyHash({ platform, ...again }) !== keyHash({ platform, ...listed }))
      return `${platform} lists the key ${listed.key} as another than before`;
  }
  const known = new Map(earlier.keys.map((listed) => [listed.key, listed]));
  for (const { key, by } of later.keys) {
    if (known.has(key) || by === null) continue;
    // Whoever stole a key that was then revoked could else make themselves the next one.
    if (known.get(by)?.revoked != null) return `the key ${by} of ${platform} was revoked, and vouches for ${key}`;
  }
  return null;
}

/** Whether `later` has nothing but keys that `earlier` has as they are, and not all of them: a copy from before. */
export function isOlderCopy(earlier: KeyList, later: KeyList): boolean {
  return later.keys.length < earlier.keys.length && joinFault(later, earlier) === null;
}

/** `later`, with every key revoked from the earliest time that either list says: no revocation is withdrawn. */
export function joined(earlier: KeyList, later: KeyList): KeyList {
  const revoked = new Map(earlier.keys.map((listed) => [listed.key, listed.revoked]));
  return {
    platform: later.platform,
    keys: later.keys.map((listed) => ({ ...listed, revoked: earlierOf(revoked.get(listed.key), listed.revoked) })),
  };
}

function earlierOf(one: Timestamp | null | undefined, other: Timestamp | null): Timestamp | null {
  if (one == null || other === null) return one ?? other;
  return one < other ? one : other;
}

/** Whether a listed key may sign at this time. */
export function isInWindow({ nbf, exp, revoked }: Pick<ListedKey, "nbf" | "exp" | "revoked">, at: Timestamp): boolean {
  return nbf <= at && (exp === null || at < exp) && (revoked === null || at < revoked);
}
