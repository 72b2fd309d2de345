// The file of a spare key: all that there is of its private key, to be kept away from the platform.
import { readFile, rm, writeFile } from "node:fs/promises";
import { z } from "zod";
import { ExplainedError } from "../observe/explained-error.ts";
import { decodeBase64url, encodeBase64url } from "../protocol/encoding.ts";
import type { PlatformName } from "../protocol/event.ts";
import { newSeed, type PublicKey, type SigningKey, signingKey } from "../protocol/signature.ts";

/** The file cannot be written, or is none. The message says what to do. */
class SpareFileError extends ExplainedError {
  override readonly name = "SpareFileError";
}

const spareSchema = z.object({ platform: z.string(), key: z.string(), seed: z.string() });

/**
 * Makes a key and writes it, for the file's owner alone; it is on disk before `list` makes the key known, and gone where that fails.
 * @throws SpareFileError where the file is there already, or cannot be written
 */
export async function writeSpareFile<T>(
  path: string,
  platform: PlatformName,
  list: (key: PublicKey) => Promise<T>,
): Promise<T> {
  const seed = newSeed();
  const { key } = signingKey(seed);
  const text = `${JSON.stringify({ platform, key, seed: encodeBase64url(seed) }, null, 2)}\n`;
  await writeFile(path, text, { flag: "wx", mode: 0o600, flush: true }).catch((error: unknown) => {
    throw new SpareFileError(
      `The file "${path}" cannot be made: ${messageOf(error)}\nSay another FILE, where there is none and you may write.`,
      { cause: error },
    );
  });
  try {
    return await list(key);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** @throws SpareFileError where it is none of this platform's */
export async function readSpareFile(path: string, platform: PlatformName): Promise<SigningKey> {
  const advice = `Use the file that \`parley keys spare\` wrote for "${platform}".`;
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw new SpareFileError(`The file "${path}" cannot be read: ${messageOf(error)}\n${advice}`, { cause: error });
  });
  const spare = spareIn(text);
  const seed = spare && decodeBase64url(spare.seed, 32);
  const key = seed && signingKey(seed);
  if (!spare || !key || key.key !== spare.key)
    throw new SpareFileError(`The file "${path}" is no spare key, or was changed. ${advice}`);
  if (spare.platform !== platform)
    throw new SpareFileError(`The file "${path}" is a spare of "${spare.platform}". ${advice}`);
  return key;
}

function spareIn(text: string): z.infer<typeof spareSchema> | null {
  try {
    return spareSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
