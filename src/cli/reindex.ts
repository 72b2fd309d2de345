// parley reindex [--json]
import type { Config } from "../config/config.ts";
import { reindex } from "../store/reindex.ts";
import { parseArguments } from "./arguments.ts";
import { openShared } from "./open-shared.ts";
import { progressBar } from "./progress-bar.ts";
import { Stopped, stoppedBySignals } from "./stopping.ts";
import { UsageError } from "./usage.ts";

/** Indexes every text anew, beside a running platform or without one. Stops at SIGINT and SIGTERM, after what it has begun. */
export async function reindexTexts(args: readonly string[], config: Config): Promise<void> {
  const { values, positionals } = parseArguments(args, { json: { type: "boolean", default: false } });
  if (positionals.length > 0) throw new UsageError("Say: parley reindex [--json]");
  const stopped = new Stopped("What is indexed stays. Said again, it begins anew.");
  const signal = stoppedBySignals(stopped);
  await using stack = new AsyncDisposableStack();
  const { database } = await openShared(stack, config);
  using bar = progressBar({ title: "Indexing", what: "texts" });
  const done = await reindex({
    pool: database.pool,
    signal,
    onProgress: (texts, total) => bar.show(texts, total, texts),
  });
  bar[Symbol.dispose]();
  const { texts, surplus, refused, isStopped } = done;
  if (values.json) console.log(JSON.stringify(done));
  else {
    console.log(
      `${texts.toLocaleString("en")} texts indexed anew, ${surplus.toLocaleString("en")} of nothing taken out.`,
    );
    for (const { conversation, seq } of refused)
      console.log(`The database refuses to index ${conversation} ${seq}: search does not find it.`);
  }
  if (isStopped) throw stopped;
}
