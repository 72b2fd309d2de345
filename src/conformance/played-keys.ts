// The keys of the platform that the checks play: made once, kept in a file, and shown as a list that only ever grows, for a
// platform that has seen them once holds us to them.
import { readFile, writeFile } from "node:fs/promises";
import { z } from "zod";
import type { PlatformName, Timestamp } from "../protocol/event.ts";
import { platformNameSchema } from "../protocol/form.ts";
import { type KeyList, keyHash, type ListedKey, listedKeysSchema } from "../protocol/key-list.ts";
import { newSeed, type SigningKey, signingKey } from "../protocol/signature.ts";
import { ConformanceError } from "./conformance-error.ts";

export interface PlayedKeys {
  readonly list: KeyList;
  /** What makes each key of the list sign: base64url, in its order. */
  readonly seeds: readonly string[];
  /** When a list that does not hold was last shown: who saw it may keep that for some minutes. */
  readonly brokenAt: Timestamp | null;
}

/** Long before whatever is signed: what is dated back has to be refused for its date, not for its key. */
const beginning: Timestamp = "2020-01-01T00:00:00.000Z";

const keysSchema: z.ZodType<PlayedKeys> = z.strictObject({
  list: z.strictObject({ platform: platformNameSchema, keys: listedKeysSchema }),
  seeds: z.array(z.string()),
  brokenAt: z.string().nullable(),
});

/** One more key, vouched for by `by`; the first key's `by` is itself. */
function listedKey(platform: PlatformName, key: SigningKey, by: SigningKey | null): ListedKey {
  const statement = { platform, key: key.key, nbf: beginning, exp: null, by: by?.key ?? null };
  const { platform: _, ...listed } = statement;
  return { ...listed, signature: (by ?? key).sign("key", keyHash(statement)), revoked: null };
}

export function firstKeys(platform: PlatformName): PlayedKeys {
  const seed = newSeed();
  const list = { platform, keys: [listedKey(platform, signingKey(seed), null)] };
  return { list, seeds: [seed.toString("base64url")], brokenAt: null };
}

/** The keys with a new one behind, vouched for by the first. */
export function withNewKey({ list, seeds, brokenAt }: PlayedKeys): PlayedKeys {
  const seed = newSeed();
  const added = listedKey(list.platform, signingKey(seed), keyAt({ seeds }, 0));
  return {
    list: { ...list, keys: [...list.keys, added] },
    seeds: [...seeds, seed.toString("base64url")],
    brokenAt,
  };
}

/** The keys with that one given up. */
export function withRevoked(keys: PlayedKeys, revoked: SigningKey, at: Timestamp): PlayedKeys {
  const { list } = keys;
  const given = list.keys.map((listed) => (listed.key === revoked.key ? { ...listed, revoked: at } : listed));
  return { ...keys, list: { ...list, keys: given } };
}

/** @param index of the list; −1 the last */
export function keyAt({ seeds }: Pick<PlayedKeys, "seeds">, index: number): SigningKey {
  const seed = seeds.at(index);
  if (seed === undefined) throw new Error(`there is no key ${index}`);
  return signingKey(Buffer.from(seed, "base64url"));
}

/** Those of the file; new ones where there is none. @throws ConformanceError where it holds something else */
export async function readKeys(file: string, platform: PlatformName): Promise<PlayedKeys> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return null;
    throw new ConformanceError(`the file ${file} cannot be read: ${String(cause)}`, { cause });
  });
  if (text === null) return firstKeys(platform);
  const keys = keysSchema.safeParse(jsonOf(text)).data;
  if (keys?.list.platform !== platform)
    throw new ConformanceError(`${file} does not hold the keys of ${platform}. Say another --keys FILE.`);
  return keys;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Only its owner may read the file. @throws ConformanceError where it cannot be written */
export async function writeKeys(file: string, keys: PlayedKeys): Promise<void> {
  await writeFile(file, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 }).catch((cause: unknown) => {
    throw new ConformanceError(`the file ${file} cannot be written: ${String(cause)}. Say another --keys FILE.`, {
      cause,
    });
  });
}
