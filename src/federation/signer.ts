// Which of the platform's keys signs now: the newest that may, read again every half minute, so that a key that is made or
// revoked anywhere is taken up by every process.
import type { Logger } from "../observe/logger.ts";
import type { Timestamp } from "../protocol/event.ts";
import type { Signer } from "../protocol/seal.ts";
import type { PublicKey, SigningKey } from "../protocol/signature.ts";
import { timeAfter } from "../protocol/time-after.ts";
import { ensureKeys, type KeyKeeping, maySign, type OwnKey, openOf, PlatformKeyError, readKeys } from "./keys.ts";

const readEveryMs = 30_000;

/** A process that has read no keys for so long, for it slept, say, might sign with one that was revoked meanwhile. */
const staleMs = 5 * 60_000;

/** So long before its end a key is given up where there is another: an event may be dated ahead, by the one before it. */
const giveUpBeforeMs = 5 * 60_000;

/** The key that signs at `now`, or null. @param keys in the order in which they were made */
export function signingNow(keys: readonly OwnKey[], now: Timestamp): OwnKey | null {
  const lasting = keys.findLast((key) => maySign(key, now) && maySign(key, timeAfter(now, giveUpBeforeMs)));
  return lasting ?? keys.findLast((key) => maySign(key, now)) ?? null;
}

/**
 * The platform's signer as of `now`, for what does not run long; makes the first key where there is none.
 * @throws PlatformKeyError where no key may sign, none opens, or the database is another platform's
 */
export async function loadSigner(keeping: KeyKeeping, now: Timestamp): Promise<Signer> {
  const key = signingKeyOf(await ensureKeys(keeping, now), keeping, now);
  return { platform: keeping.platform, key };
}

export interface SignerOptions extends KeyKeeping {
  now(): Timestamp;
  readonly log: Logger;
  /** @default 30_000 */
  readonly readEveryMs?: number;
}

/** The signer of a process that runs on. */
export interface RunningSigner extends Signer, AsyncDisposable {
  /**
   * To be awaited before anything is signed that stays. Null where the keys were read within five minutes, and there is nothing to wait for.
   * @throws Error where they cannot be read
   */
  ready(): Promise<void> | null;
}

/**
 * The same for what runs on. Its `key` changes between two turns of the event loop, never within one, so what is
 * made and signed at once has one key. `key` throws where none may sign.
 */
export async function openSigner(options: SignerOptions): Promise<RunningSigner> {
  const { platform, prisma, now, log } = options;
  let staleFrom = timeAfter(now(), staleMs);
  let keys = await ensureKeys(options, now());
  let current: SigningKey | PlatformKeyError = signingKeyOf(keys, options, now());
  let reading: Promise<void> | null = null;
  const read = async () => {
    try {
      const at = now();
      keys = await readKeys(prisma, platform);
      staleFrom = timeAfter(at, staleMs);
      const before = current;
      current = tryFor(() => signingKeyOf(keys, options, now()));
      if (current instanceof PlatformKeyError) log.error(current.message);
      else if (before instanceof PlatformKeyError || before.key !== current.key)
        log.info({ key: current.key }, "signs with another key from now on");
    } catch (error) {
      log.warn({ err: error }, "could not read the platform's keys; will try again");
    }
    reading = null;
  };
  const readSoon = (): Promise<void> => (reading ??= read());
  const timer = setInterval(() => void readSoon(), options.readEveryMs ?? readEveryMs);
  const untilRead = async () => {
    await readSoon();
    if (staleFrom <= now()) throw new Error("the platform's keys could not be read for five minutes");
  };
  return {
    platform,
    get key() {
      if (current instanceof PlatformKeyError) throw current;
      return current;
    },
    former: (key: PublicKey) => {
      const found = keys.find((one) => one.key === key && maySign(one, now()));
      return found ? openOf(found, options.secret) : null;
    },
    ready: () => (staleFrom <= now() ? untilRead() : null),
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await reading;
    },
  };
}

function signingKeyOf(keys: readonly OwnKey[], { secret }: KeyKeeping, now: Timestamp): SigningKey {
  // With a secret that was lost, there may be older keys that do not open any more.
  const opening = keys.filter((key) => key.sealed === null || openOf(key, secret) !== null);
  const key = signingNow(opening, now);
  const opened = key && openOf(key, secret);
  if (opened) return opened;
  throw new PlatformKeyError(
    opening.length < keys.length
      ? "The platform's private key does not open with this PARLEY_SECRET. Set the secret that it was sealed with; " +
          "where that is lost: parley keys rotate --spare FILE"
      : "No key of this platform may sign now. Make one: parley keys rotate",
  );
}

function tryFor<T>(make: () => T): T | PlatformKeyError {
  try {
    return make();
  } catch (error) {
    if (error instanceof PlatformKeyError) return error;
    throw error;
  }
}
