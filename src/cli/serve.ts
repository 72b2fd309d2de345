// parley start, parley api, parley worker: processes that run until they are told to stop.
import type { Config } from "../config/config.ts";
import type { LoggerFactory } from "../observe/logger.ts";
import { locateDatabase } from "./database.ts";
import { isLoopback, makeNewcomers } from "./first-start.ts";
import { openApi, openCore, openWorker } from "./parts.ts";

export interface Running extends AsyncDisposable {
  /** Where the API listens; null where this process has none. */
  readonly url: string | null;
}

/** Runs the parts. Disposing stops them: requests in flight are answered, jobs begun are finished. */
export async function serve(
  parts: { readonly api: boolean; readonly worker: boolean },
  config: Config,
  log: LoggerFactory,
): Promise<Running> {
  const stack = new AsyncDisposableStack();
  try {
    const { url, secret, isEmbedded } = await locateDatabase(
      stack,
      config,
      parts.api && parts.worker ? "own" : "share",
      log("postgres"),
    );
    const core = await openCore(stack, config, url, secret, log);
    // The worker first, so that it is the last to stop: what requests commit at the end is still announced.
    if (parts.worker) await openWorker(stack, core);
    if (!parts.api) return { url: null, [Symbol.asyncDispose]: () => stack.disposeAsync() };
    const { port } = await openApi(stack, core);
    const origin = config.origin ?? `http://${config.host.includes(":") ? `[${config.host}]` : config.host}:${port}`;
    console.log(`Parley serves ${config.platform} at ${origin}/graphql`);
    if (isEmbedded && isLoopback(config.host)) {
      const newcomers = await makeNewcomers(core);
      for (const { address, token } of newcomers) {
        console.log(`\n${address}\n  token     ${token}\n  GraphiQL  ${origin}/graphql#token=${token}`);
      }
      if (newcomers.length > 0)
        console.log("\nThese tokens are shown only now. Open both links, each in a window of its own, and talk.");
      else console.log("For a new token: npx parley account create alice@localhost --token");
    }
    return { url: origin, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
