// A random secret in a file: made where there is none, and then the same for everybody who asks.
import { randomBytes } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";

/**
 * The secret in `path`: 43 characters, base64url. Only its owner may read the file. Safe to call from several processes
 * at once: it comes to its place whole, and the first to put it there wins.
 */
export async function secretFile(path: string): Promise<string> {
  const secret = randomBytes(32).toString("base64url");
  const unplaced = `${path}.${randomBytes(8).toString("hex")}`;
  try {
    await writeFile(unplaced, `${secret}\n`, { flag: "wx", mode: 0o600, flush: true });
    await link(unplaced, path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  } finally {
    await rm(unplaced, { force: true });
  }
  return (await readFile(path, "utf8")).trim();
}
