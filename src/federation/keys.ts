// The platform's own keys: made, given up, and listed for others. Each but the first is vouched for by an earlier one. Private
// keys lie sealed in the database, for all its processes share them.
import { ExplainedError } from "../observe/explained-error.ts";
import type { PlatformName, Timestamp } from "../protocol/event.ts";
import { isInWindow, type KeyList, keyHash, type ListedKey } from "../protocol/key-list.ts";
import { newSeed, type PublicKey, type SigningKey, signingKey } from "../protocol/signature.ts";
import { timeAfter } from "../protocol/time-after.ts";
import type { Database } from "../store/database.ts";
import { openKey, sealKey } from "./sealed-key.ts";

/** A key of ours. `sealed` is null of a spare, whose private key is kept elsewhere: it vouches, and never signs. */
export interface OwnKey extends ListedKey {
  readonly sealed: Uint8Array | null;
}

/** The keys are of a platform of another name, or do not open, or the last one would go. The message says what to do. */
export class PlatformKeyError extends ExplainedError {
  override readonly name = "PlatformKeyError";
}

/** How long what we say of ourselves may be kept by whoever asks, and lie in caches on the way. */
export const wellKnownMaxAgeMs = 5 * 60_000;

/** A new key signs from then on, when no cache has the list without it any more, and all our processes have read it. */
const beginsAfterMs = wellKnownMaxAgeMs;

/**
 * A revoked key signs until then: time for the key before it to begin, and for all our processes to give it up, each some time before
 * its end (`signer.ts`). Else others would find our own events signed by a key that was revoked.
 */
const revokedAfterMs = 10 * 60_000;

export interface KeyKeeping {
  readonly prisma: Database["prisma"];
  readonly platform: PlatformName;
  /** PARLEY_SECRET, which seals private keys. */
  readonly secret: string;
}

/** What of Prisma's client, or of a transaction's, this needs. */
type Table = Pick<Database["prisma"], "platformKey">;

/**
 * This platform's keys, in the order in which they were made; the first is made where there is none. Safe to call from several
 * processes at once: they end up with the same.
 * @throws PlatformKeyError where the database is another platform's
 */
export function ensureKeys(keeping: KeyKeeping, now: Timestamp): Promise<readonly OwnKey[]> {
  return oneAtATime(keeping, async (table) => {
    const keys = await readKeys(table, keeping.platform);
    return keys.length > 0 ? keys : [await makeKey(table, keeping, null, now)];
  });
}

/** What others are told of our keys. */
export async function ownKeyList(table: Table, platform: PlatformName): Promise<KeyList> {
  return { platform, keys: (await readKeys(table, platform)).map(listedOf) };
}

/** Without what is ours alone. */
export function listedOf({ key, nbf, exp, by, signature, revoked }: OwnKey): ListedKey {
  return { key, nbf, exp, by, signature, revoked };
}

/**
 * Makes the key that signs from a little later on; at once, where none does now. Older keys stay valid.
 * @param spare vouches for it; left out, the newest key that opens does
 * @throws PlatformKeyError
 */
export function rotateKey(keeping: KeyKeeping, now: Timestamp, spare?: SigningKey): Promise<OwnKey> {
  return oneAtATime(keeping, async (table) => {
    const keys = await readKeys(table, keeping.platform);
    const voucher = spare ? listedSpare(keys, spare) : newestOpening(keys, keeping.secret);
    const isSigning = keys.some((key) => maySign(key, now) && openOf(key, keeping.secret) !== null);
    return makeKey(table, keeping, voucher, isSigning ? timeAfter(now, beginsAfterMs) : now);
  });
}

/**
 * Lists a key whose private key is kept elsewhere, and never seen here.
 * @throws PlatformKeyError
 */
export function listSpare(keeping: KeyKeeping, key: PublicKey, now: Timestamp): Promise<OwnKey> {
  return oneAtATime(keeping, async (table) => {
    const voucher = newestOpening(await readKeys(table, keeping.platform), keeping.secret);
    return listKey(table, keeping.platform, { key, voucher, nbf: now, sealed: null });
  });
}

/**
 * Gives a key up, for ever: it signs no more from a little later on, a spare at once. Once more changes nothing.
 * @throws PlatformKeyError where there is no such key, or no other would sign
 */
export function revokeKey(keeping: KeyKeeping, key: PublicKey, now: Timestamp): Promise<OwnKey> {
  const { platform, secret } = keeping;
  return oneAtATime(keeping, async (table) => {
    const keys = await readKeys(table, platform);
    const found = keys.find((one) => one.key === key);
    if (!found) throw new PlatformKeyError(`${platform} has no key ${key}. See them with: parley keys list`);
    if (found.revoked !== null) return found;
    const revoked = found.sealed === null ? now : timeAfter(now, revokedAfterMs);
    const isOther = (one: OwnKey) => one.key !== key && maySign(one, revoked) && openOf(one, secret) !== null;
    if (found.sealed !== null && !keys.some(isOther))
      throw new PlatformKeyError("No other key would sign. Make one first: parley keys rotate");
    await table.platformKey.update({ where: { key }, data: { revoked } });
    return { ...found, revoked };
  });
}

/** Whether we sign with it at this time, its window allowing. */
export function maySign(key: OwnKey, at: Timestamp): boolean {
  return key.sealed !== null && isInWindow(key, at);
}

/** The private key; null of a spare, and where it was sealed with another secret. */
export function openOf({ sealed }: OwnKey, secret: string): SigningKey | null {
  return sealed === null ? null : openKey(sealed, secret);
}

/** Of several processes that make or change keys at once, each sees what the one before it left. */
function oneAtATime<T>({ prisma }: KeyKeeping, work: (table: Table) => Promise<T>): Promise<T> {
  return prisma.$transaction(async (transaction) => {
    await transaction.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('parley platform key'))`;
    return work(transaction);
  });
}

/**
 * This platform's keys, in the order in which they were made.
 * @throws PlatformKeyError where the database is another platform's
 */
export async function readKeys(table: Table, platform: PlatformName): Promise<readonly OwnKey[]> {
  const rows = await table.platformKey.findMany({ orderBy: { place: "asc" } });
  const [first] = rows;
  if (first && first.platform !== platform) {
    throw new PlatformKeyError(
      `This database belongs to the platform "${first.platform}", but PARLEY_PLATFORM says "${platform}". ` +
        `A platform's name is fixed at its first start: set PARLEY_PLATFORM=${first.platform}, or use another database.`,
    );
  }
  return rows.map(ownKeyOf);
}

type Row = Awaited<ReturnType<Table["platformKey"]["findMany"]>>[number];

function ownKeyOf({ key, nbf, exp, by, signature, revoked, sealed }: Row): OwnKey {
  return {
    ...{ key, nbf: nbf.toISOString(), exp: exp?.toISOString() ?? null, by, signature },
    ...{ revoked: revoked?.toISOString() ?? null, sealed },
  };
}

/** @param voucher null for the first key, which vouches for itself */
function makeKey(
  table: Table,
  { platform, secret }: KeyKeeping,
  voucher: SigningKey | null,
  nbf: Timestamp,
): Promise<OwnKey> {
  const seed = newSeed();
  const made = signingKey(seed);
  return listKey(table, platform, { key: made.key, voucher: voucher ?? made, nbf, sealed: sealKey(seed, secret) });
}

async function listKey(
  table: Table,
  platform: PlatformName,
  made: {
    readonly key: PublicKey;
    readonly voucher: SigningKey;
    readonly nbf: Timestamp;
    readonly sealed: Uint8Array<ArrayBuffer> | null;
  },
): Promise<OwnKey> {
  const { key, voucher, nbf, sealed } = made;
  const statement = { platform, key, nbf, exp: null, by: voucher.key === key ? null : voucher.key };
  const signature = voucher.sign("key", keyHash(statement));
  return ownKeyOf(await table.platformKey.create({ data: { ...statement, sealed, signature } }));
}

/** The newest key that may vouch for another: others take none that one vouches for that was revoked. */
function newestOpening(keys: readonly OwnKey[], secret: string): SigningKey {
  for (const key of keys.toReversed()) {
    const opened = key.revoked === null ? openOf(key, secret) : null;
    if (opened !== null) return opened;
  }
  throw new PlatformKeyError(
    "No key of this platform opens with this PARLEY_SECRET. Set the secret that they were sealed with; " +
      "or, where it is lost, let a spare vouch for a new key: parley keys rotate --spare FILE",
  );
}

function listedSpare(keys: readonly OwnKey[], spare: SigningKey): SigningKey {
  const listed = keys.find(({ key }) => key === spare.key);
  if (!listed) throw new PlatformKeyError(`${spare.key} is no key of this platform. See them with: parley keys list`);
  if (listed.revoked !== null)
    throw new PlatformKeyError(`${spare.key} was revoked, and can vouch for no other key any more.`);
  return spare;
}
