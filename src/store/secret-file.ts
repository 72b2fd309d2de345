// A random secret in a file: made where there is none, and then the same for everybody who asks.
import { randomBytes } from "node:crypto";
import { link, open, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "./error-code.ts";

/**
 * The secret in `path`: 43 characters, base64url. Only its owner may read the file. Safe to call from several processes
 * at once: it comes to its place whole, and the first to put it there wins.
 */
export async function secretFile(path: string): Promise<string> {
  // First, for the folder may be read-only once the secret is there.
  const found = await readFile(path, "utf8").catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  });
  if (found !== null) return found.trim();
  const secret = randomBytes(32).toString("base64url");
  const unplaced = `${path}.${randomBytes(8).toString("hex")}`;
  try {
    await writeFile(unplaced, `${secret}\n`, { flag: "wx", mode: 0o600, flush: true });
    await link(unplaced, path);
    // Its name too has to survive a power cut: the database keeps keys that nothing else opens.
    await using folder = await open(dirname(path));
    await folder.sync();
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  } finally {
    await rm(unplaced, { force: true });
  }
  return (await readFile(path, "utf8")).trim();
}
