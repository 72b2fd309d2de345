// parley start, parley api, parley worker: processes that run until they are told to stop.
import type { Config } from "../config/config.ts";
import type { LoggerFactory } from "../observe/logger.ts";
import { locateDatabase, watchBorrowed } from "./database.ts";
import { makeNewcomers, tokenCommand } from "./first-start.ts";
import { isLoopback } from "./loopback.ts";
import { showsSentMails } from "./open-mail-pages.ts";
import { openApi, openCore, openMetrics, openWorker } from "./parts.ts";

export interface Running extends AsyncDisposable {
  /** Where the API listens; null where this process has none. */
  readonly url: string | null;
  /** Rejects where it cannot go on. Then there is nothing left to stop in order. */
  readonly failed: Promise<never> | null;
}

/** Runs the parts. Disposing stops them: requests in flight are answered, jobs begun are finished. */
export async function serve(
  parts: { readonly api: boolean; readonly worker: boolean },
  config: Config,
  log: LoggerFactory,
): Promise<Running> {
  const stack = new AsyncDisposableStack();
  try {
    const located = await locateDatabase(stack, config, parts.api && parts.worker ? "own" : "share", log("postgres"));
    const { url, embedded } = located;
    if (config.redisUrl === undefined && !(parts.api && parts.worker))
      log("bus").warn(
        "without REDIS_URL, processes beside this one hear of its events only every few seconds, and it of theirs",
      );
    const core = await openCore(stack, config, located, log);
    const metrics = await openMetrics(stack, core);
    if (metrics) log("http").info({ port: metrics.port }, "metrics are served");
    // The last to stop: what requests commit at the end is still announced. But it begins once this process is what it says
    // that it is: one that cannot listen would mail links that lead nowhere.
    const working = stack.use(new AsyncDisposableStack());
    const listening = parts.api ? await openApi(stack, core) : null;
    if (parts.worker) await openWorker(working, core);
    const running = (origin: string | null): Running => {
      const stopping = new AbortController();
      stack.defer(() => stopping.abort());
      const failed = embedded?.isBorrowed ? watchBorrowed(embedded.folder, url, stopping.signal) : null;
      return { url: origin, failed, [Symbol.asyncDispose]: () => stack.disposeAsync() };
    };
    if (!listening) return running(null);
    const { port } = listening;
    const origin = config.origin ?? `http://${config.host.includes(":") ? `[${config.host}]` : config.host}:${port}`;
    console.log(`Parley serves ${config.platform} at ${origin}/graphql`);
    if (embedded && isLoopback(config.host)) {
      const newcomers = await makeNewcomers(core);
      for (const { address, token } of newcomers) {
        console.log(`\n${address}\n  token     ${token}\n  GraphiQL  ${origin}/graphql#token=${token}`);
      }
      if (newcomers.length > 0)
        console.log("\nThese tokens are shown only now. Open each link in a window of its own, and talk.");
      if (showsSentMails(config)) console.log(`\nMails that went out, to be read and answered: ${origin}/mail/`);
      if (newcomers.length < 2) console.log(`For a new token: ${tokenCommand(config)}`);
    }
    return running(origin);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
