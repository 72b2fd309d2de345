// Several platforms, each a `parley start` of its own with a database and a port of its own, that know of each other.
import { createParley } from "../../sdk/src/index.ts";
import { ensureAccount } from "../../src/accounts/accounts.ts";
import { issueToken } from "../../src/accounts/tokens.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { diagnose } from "../../src/store/doctor.ts";
import { createDatabase } from "./database.ts";
import { freePort } from "./free-port.ts";
import { type ParleyProcess, startParley } from "./parley-process.ts";
import { testSecret } from "./platform.ts";
import type { Someone } from "./platforms.ts";

/** Where a platform is, whether its process lives or not. */
interface PlatformPlace {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Its database, as the test sees it. */
  readonly database: Database;
  /** The environment of its process, and of commands beside it. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface PlatformProcesses extends AsyncDisposable {
  on(name: string): PlatformPlace;
  someone(name: string, platform: string): Promise<Someone>;
  /** Starts it, where it was, and waits until it listens. */
  start(name: string): Promise<void>;
  /** Ends its process. SIGTERM: in order; SIGKILL: where it stands. Resolves when it is gone. */
  end(name: string, signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

/** @param names such as `a.localhost` */
export function startPlatformProcesses(...names: readonly string[]): Promise<PlatformProcesses> {
  return startBeside(new Map(), ...names);
}

/** The same, and they know of others, too. @param others their ports, by name */
export async function startBeside(
  others: ReadonlyMap<string, number>,
  ...names: readonly string[]
): Promise<PlatformProcesses> {
  const stack = new AsyncDisposableStack();
  const ports = new Map<string, number>();
  for (const name of names) ports.set(name, await freePort());
  const peers = [...ports, ...others].map(([name, port]) => `${name}=http://127.0.0.1:${port}`).join(",");
  const places = new Map<string, PlatformPlace>();
  for (const [name, port] of ports) {
    const { url } = stack.use(await createDatabase());
    const settings = {
      DATABASE_URL: url,
      PARLEY_SECRET: testSecret,
      PARLEY_PLATFORM: name,
      PARLEY_PORT: String(port),
      PARLEY_PEERS: peers,
      PARLEY_LOG_LEVEL: "warn",
    };
    const database = stack.use(await openDatabase({ url, poolSize: 2, log: silentLogger }));
    places.set(name, { url: `http://127.0.0.1:${port}`, database, settings });
  }
  const running = new Map<string, ParleyProcess>();
  const on = (name: string): PlatformPlace => {
    const place = places.get(name);
    if (!place) throw new Error(`there is no platform ${name}`);
    return place;
  };
  const processOf = (name: string): ParleyProcess => {
    const process = running.get(name);
    if (!process) throw new Error(`the platform ${name} is not running`);
    return process;
  };
  const start = async (name: string) => {
    running.set(name, await startParley(on(name).settings));
  };
  stack.defer(async () => {
    for (const [name, process] of running) {
      process.child.kill("SIGTERM");
      await process.ended;
      const { differences } = await diagnose(on(name).database.pool);
      if (differences.length > 0)
        throw new Error(`rows on ${name} are other than its logs say: ${JSON.stringify(differences)}`);
    }
  });
  await Promise.all(names.map(start));
  return {
    on,
    start,
    end: async (name, signal) => {
      const { child, ended } = processOf(name);
      running.delete(name);
      child.kill(signal);
      await ended;
    },
    someone: async (name, at) => {
      const {
        url,
        database: { prisma },
      } = on(at);
      const { viewer } = await ensureAccount(prisma, `${name}@${at}`, { platform: at, domains: [at] });
      const token = await issueToken(prisma, viewer.accountId);
      const { address, accountId } = viewer;
      return { address, accountId, token, parley: createParley({ url: `${url}/graphql`, token }) };
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
