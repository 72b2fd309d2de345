// The SDK as its users have it: built, packed, and installed from the tarball into an empty folder.
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../", import.meta.url));

export interface InstalledSdk extends AsyncDisposable {
  /** With the SDK and what it needs in `node_modules`, and nothing else. */
  readonly folder: string;
  /** What is in the tarball. */
  readonly files: readonly string[];
}

/** @throws Error what npm says, where it needs a registry and reaches none */
export async function installSdk(): Promise<InstalledSdk> {
  const made = await mkdtemp(join(tmpdir(), "parley-sdk-"));
  const source = join(made, "source");
  const folder = join(made, "elsewhere");
  // A copy, so that the tree stays as it is, and two tests may pack at once.
  await cp(join(root, "sdk"), join(source, "sdk"), { recursive: true, filter: (path) => !path.endsWith("dist") });
  await cp(join(root, "tsconfig.json"), join(source, "tsconfig.json"));
  await symlink(join(root, "node_modules"), join(source, "node_modules"));
  await mkdir(folder);
  await writeFile(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  const packed = JSON.parse(await npm(join(source, "sdk"), "pack", "--json", "--silent", "--pack-destination", made));
  const [{ filename, files }] = packed as [{ filename: string; files: { path: string }[] }];
  const { version } = JSON.parse(await readFile(join(root, "node_modules/graphql/package.json"), "utf8"));
  // What `npm ci` has fetched once is in npm's cache.
  const quick = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
  await npm(folder, "install", ...quick, join(made, filename), `graphql@${version}`);
  return {
    folder,
    files: files.map(({ path }) => path),
    [Symbol.asyncDispose]: () => rm(made, { recursive: true, force: true }),
  };
}

async function npm(cwd: string, ...args: readonly string[]): Promise<string> {
  try {
    return (await run("npm", args, { cwd })).stdout;
  } catch (cause) {
    const said = typeof cause === "object" && cause !== null && "stderr" in cause ? cause.stderr : cause;
    const hint = "Its packages come from npm's cache, or else from the registry, which has to be within reach.";
    throw new Error(`npm ${args[0]} failed. ${hint}\n${said}`, { cause });
  }
}
