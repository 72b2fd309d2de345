// The platform's own signing keys: made at the first start, kept sealed, shared by all its processes.

import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { ExplainedError } from "../observe/explained-error.ts";
import type { PlatformName, Timestamp } from "../protocol/event.ts";
import { keyHash } from "../protocol/key-list.ts";
import type { Signer } from "../protocol/seal.ts";
import { newSeed, signingKey } from "../protocol/signature.ts";
import type { Database } from "../store/database.ts";

/** The database holds the keys of a platform of another name, or sealed with another secret. The message says what to do. */
class PlatformKeyError extends ExplainedError {
  override readonly name = "PlatformKeyError";
}

/**
 * This platform's name and its newest key; makes the first key where there is none. Safe to call from several processes
 * at once: they end up with the same key.
 * @param secret PARLEY_SECRET, which seals private keys in the database
 * @throws PlatformKeyError
 */
export async function loadSigner(
  prisma: Database["prisma"],
  platform: PlatformName,
  secret: string,
  now: Timestamp,
): Promise<Signer> {
  const own = await prisma.$transaction(async (transaction) => {
    // Of several processes that start together, one makes the key and the others find it.
    await transaction.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('parley platform key'))`;
    return (await newestKey(transaction)) ?? (await makeKey(transaction, platform, secret, now));
  });
  if (own.platform !== platform) {
    throw new PlatformKeyError(
      `This database belongs to the platform "${own.platform}", but PARLEY_PLATFORM says "${platform}". ` +
        `A platform's name is fixed at its first start: set PARLEY_PLATFORM=${own.platform}, or use another database.`,
    );
  }
  return { platform, key: signingKey(unseal(own.sealed, secret)) };
}

type Keys = Pick<Database["prisma"], "platformKey">;

async function makeKey(prisma: Keys, platform: PlatformName, secret: string, now: Timestamp) {
  const seed = newSeed();
  const key = signingKey(seed);
  // The first key vouches for itself: `by` is null and the signature its own.
  const statement = { platform, key: key.key, nbf: now, exp: null, by: null };
  const signature = key.sign("key", keyHash(statement));
  return prisma.platformKey.create({ data: { ...statement, sealed: seal(seed, secret), signature } });
}

function newestKey(prisma: Keys) {
  return prisma.platformKey.findFirst({ where: { revoked: null }, orderBy: { nbf: "desc" } });
}

// AES-256-GCM: 12 bytes of nonce, 16 of tag, then the sealed seed.
function seal(seed: Uint8Array, secret: string): Uint8Array<ArrayBuffer> {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", sealingKey(secret), nonce);
  const sealed = Buffer.concat([cipher.update(seed), cipher.final()]);
  return new Uint8Array(Buffer.concat([nonce, cipher.getAuthTag(), sealed]));
}

function unseal(bytes: Uint8Array, secret: string): Uint8Array {
  const sealed = Buffer.from(bytes);
  const decipher = createDecipheriv("aes-256-gcm", sealingKey(secret), sealed.subarray(0, 12));
  decipher.setAuthTag(sealed.subarray(12, 28));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]);
  } catch (cause) {
    throw new PlatformKeyError(
      "The platform's private key does not open with this PARLEY_SECRET. Set the secret that it was sealed with.",
      { cause },
    );
  }
}

function sealingKey(secret: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", "parley/platform-key/1", 32));
}
