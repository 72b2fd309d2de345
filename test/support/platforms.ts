// Several platforms in the process of the test, that know of each other: each with a database and a port of its own.
import { createParley, type Parley } from "../../sdk/src/index.ts";
import { diagnose } from "../../src/store/doctor.ts";
import { createDatabase } from "./database.ts";
import { freePort } from "./free-port.ts";
import { type Person, type PlatformOptions, startPlatform, type TestPlatform } from "./platform.ts";

/** Somebody on one of them, signed in. */
export interface Someone extends Person {
  readonly parley: Parley;
}

export interface Platforms extends AsyncDisposable {
  /** The platform of that name, running. */
  on(name: string): TestPlatform;
  someone(name: string, platform: string): Promise<Someone>;
  /** Stops one as SIGTERM does. Its database stays. */
  stop(name: string): Promise<void>;
  /** Starts it again, where it was, on the same database. */
  start(name: string, options?: Partial<PlatformOptions>): Promise<TestPlatform>;
}

/** @param names such as `a.localhost` */
export async function startPlatforms(...names: readonly string[]): Promise<Platforms> {
  const stack = new AsyncDisposableStack();
  const running = new Map<string, TestPlatform>();
  const places = new Map<string, { readonly port: number; readonly databaseUrl: string }>();
  for (const name of names) {
    places.set(name, { port: await freePort(), databaseUrl: stack.use(await createDatabase()).url });
  }
  const peers = Object.fromEntries([...places].map(([name, { port }]) => [name, `http://127.0.0.1:${port}`]));
  const start: Platforms["start"] = async (name, options = {}) => {
    const place = places.get(name);
    if (!place) throw new Error(`there is no platform ${name}`);
    const platform = await startPlatform({ name, peers, ...place, ...options });
    running.set(name, platform);
    return platform;
  };
  const on: Platforms["on"] = (name) => {
    const platform = running.get(name);
    if (!platform) throw new Error(`the platform ${name} is not running`);
    return platform;
  };
  const stop: Platforms["stop"] = async (name) => {
    const platform = on(name);
    running.delete(name);
    const { differences } = await diagnose(platform.core.database.pool);
    if (differences.length > 0)
      throw new Error(`rows on ${name} are other than its logs say: ${JSON.stringify(differences)}`);
    await platform[Symbol.asyncDispose]();
  };
  stack.defer(async () => {
    for (const name of [...running.keys()]) await stop(name);
  });
  for (const name of names) await start(name);
  return {
    on,
    start,
    stop,
    someone: async (name, at) => {
      const platform = on(at);
      const person = await platform.person(name);
      return { ...person, parley: createParley({ url: `${platform.url}/graphql`, token: person.token }) };
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
