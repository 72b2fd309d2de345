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

export const keyListSchema: z.ZodType<KeyList> = z.strictObject({
  platform: platformNameSchema,
  keys: z
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
    .max(1_000),
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

/** Whether a listed key may sign at this time. */
export function isInWindow({ nbf, exp, revoked }: Pick<ListedKey, "nbf" | "exp" | "revoked">, at: Timestamp): boolean {
  return nbf <= at && (exp === null || at < exp) && (revoked === null || at < revoked);
}
