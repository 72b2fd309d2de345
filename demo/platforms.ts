// The platforms of the demo: each a `parley start` with a database of its own, and wires between them.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { createParley, type Parley } from "../sdk/src/index.ts";
import { ensureAccount } from "../src/accounts/accounts.ts";
import { issueToken } from "../src/accounts/tokens.ts";
import { silentLogger } from "../src/observe/logger.ts";
import { type Database, openDatabase } from "../src/store/database.ts";
import { startEmbeddedPostgres } from "../src/store/embedded-postgres.ts";
import { openWire, type Wire } from "./wire.ts";

export interface Platform {
  /** A DNS name. */
  readonly name: string;
  readonly url: string;
  readonly database: Database;
  /** Makes an account, and signs in. */
  person(name: string): Promise<Person>;
  /** Runs `parley ARGS` beside it. Returns what that printed. @throws where it fails */
  run(...args: readonly string[]): Promise<string>;
}

export interface Person {
  readonly address: string;
  readonly parley: Parley;
}

export interface Platforms extends AsyncDisposable {
  /** In the order of their names. */
  readonly all: readonly Platform[];
  /** Where files may be left: it goes with the platforms. */
  readonly folder: string;
  /** From now on it reaches nobody, and nobody reaches it, but for the people on it. */
  cutOff(platform: Platform): void;
  joinAgain(platform: Platform): void;
}

const parley = fileURLToPath(new URL("../src/cli/parley.ts", import.meta.url));

/** Starts them side by side. Disposing stops them, and takes away all that they left. */
export async function startPlatforms(...names: readonly string[]): Promise<Platforms> {
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "parley-demo-"));
  opening.defer(() => rm(folder, { recursive: true, force: true }));
  const postgres = opening.use(await startEmbeddedPostgres({ folder: join(folder, "postgres"), log: silentLogger }));
  const wires: { readonly from: string; readonly to: string; readonly wire: Wire }[] = [];
  for (const from of names) {
    for (const to of names) if (from !== to) wires.push({ from, to, wire: opening.use(await openWire()) });
  }
  // Takes more while the platforms run, which `opening` does not once it is moved.
  const living = opening.use(new AsyncDisposableStack());
  const databases = await createDatabases(postgres.url, names);
  const all = await Promise.all(
    names.map(async (name) => {
      const peers = wires.filter(({ from }) => from === name).map(({ to, wire }) => `${to}=${wire.origin}`);
      const platform = await startPlatform(living, name, databases.get(name) ?? "", peers);
      for (const { to, wire } of wires) if (to === name) wire.leadTo(Number(new URL(platform.url).port));
      return platform;
    }),
  );
  const wiresOf = ({ name }: Platform) => wires.filter(({ from, to }) => from === name || to === name);
  const stack = opening.move();
  return {
    all,
    folder,
    cutOff: (platform) => {
      for (const { wire } of wiresOf(platform)) wire.cut();
    },
    joinAgain: (platform) => {
      for (const { wire } of wiresOf(platform)) wire.join();
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function createDatabases(url: string, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const urls = new Map<string, string>();
  for (const name of names) {
    await client.query(`CREATE DATABASE "${name}"`);
    const own = new URL(url);
    own.pathname = `/${name}`;
    urls.set(name, own.href);
  }
  await client.end();
  return urls;
}

async function startPlatform(
  stack: AsyncDisposableStack,
  name: string,
  databaseUrl: string,
  peers: readonly string[],
): Promise<Platform> {
  const settings = {
    DATABASE_URL: databaseUrl,
    PARLEY_SECRET: randomBytes(32).toString("base64"),
    PARLEY_PLATFORM: name,
    PARLEY_PEERS: peers.join(","),
    PARLEY_PORT: "0",
    PARLEY_LOG_LEVEL: "error",
  };
  const url = await startProcess(stack, settings);
  const database = stack.use(await openDatabase({ url: databaseUrl, poolSize: 1, log: silentLogger }));
  return {
    name,
    url,
    database,
    person: async (person) => {
      const { viewer } = await ensureAccount(database.prisma, `${person}@${name}`, { platform: name, domains: [name] });
      const token = await issueToken(database.prisma, viewer.accountId);
      return { address: viewer.address, parley: stack.use(createParley({ url: `${url}/graphql`, token })) };
    },
    run: async (...args) => {
      const child = spawn(process.execPath, [parley, ...args], { env: settings, stdio: ["ignore", "pipe", "pipe"] });
      const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
      if (code !== 0) throw new Error(`parley ${args.join(" ")} ended with ${code}:\n${output}${errors}`);
      return output;
    },
  };
}

/** Runs `parley start` until disposed. Returns where it listens. @throws where it ends before it does */
async function startProcess(stack: AsyncDisposableStack, settings: Readonly<Record<string, string>>): Promise<string> {
  const child = spawn(process.execPath, [parley, "start"], { env: settings, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit");
  stack.defer(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  let output = "";
  return new Promise((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      output += chunk.toString();
      const url = /(http:\/\/\S+)\/graphql/.exec(output)?.[1];
      if (url !== undefined) resolve(url);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    void ended.then(([code]) => reject(new Error(`parley start ended with ${code}:\n${output}`)));
  });
}
