// parley conformance BASE_URL [--address ADDRESS] [--name NAME] [--listen HOST:PORT] [--keys FILE] [--wait SECONDS] [--json]
import { join } from "node:path";
import { readConfig } from "../config/config.ts";
import { ConformanceError } from "../conformance/conformance-error.ts";
import { reportOf, reportText } from "../conformance/report.ts";
import { allTries, runConformance } from "../conformance/run.ts";
import { isAddress } from "../conversation/address.ts";
import { platformNameSchema } from "../protocol/form.ts";
import { parseArguments } from "./arguments.ts";
import { makeFolder } from "./database.ts";
import { progressLine } from "./progress-line.ts";
import { UsageError } from "./usage.ts";

const options = {
  address: { type: "string" },
  name: { type: "string", default: "conformance.localhost" },
  listen: { type: "string", default: "127.0.0.1:4099" },
  keys: { type: "string" },
  wait: { type: "string", default: "0" },
  json: { type: "boolean", default: false },
} as const;

/** Prints what a platform gets right and wrong of docs/federation.md; the process ends with 1 where something is wrong, or hardly anything could be tried. */
export async function conformance(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArguments(args, options);
  const [url, ...more] = positionals;
  if (url === undefined || more.length > 0 || !/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new UsageError("Say: parley conformance https://PLATFORM [--address ADDRESS]");
  const { address = null, name, json } = values;
  if (address !== null && !isAddress(address)) throw new UsageError(`"${address}" is not an address.`);
  if (!platformNameSchema.safeParse(name).success) throw new UsageError(`"${name}" is not a name of a platform.`);
  const [, host, port] = /^(.+):(\d+)$/.exec(values.listen) ?? [];
  if (host === undefined || Number(port) > 65_535) throw new UsageError("Say: --listen HOST:PORT");
  const waitSeconds = Number(values.wait);
  if (!Number.isInteger(waitSeconds) || waitSeconds < 0) throw new UsageError("Say: --wait SECONDS, a whole number");
  // Some tries wait for half a minute: whoever watches sees that it goes on.
  using progress = progressLine("tried");
  let count = 0;
  const keysFile = values.keys ?? (await keysFileOf(name));
  const tried = await runConformance({
    base: new URL(url),
    address,
    name,
    host: host.replace(/^\[|\]$/g, ""),
    port: Number(port),
    keysFile,
    leadWithinMs: waitSeconds * 1_000,
    onLeadWanted: (own) =>
      console.error(
        `Now let ${address ?? "somebody there"} begin a conversation with ${own}, within ${waitSeconds} s.`,
      ),
    onTried: () => progress.show(++count, allTries.length),
  });
  const report = reportOf(tried);
  const kept = `The keys of ${name} are in ${keysFile}. Keep them: who has seen them takes no others under that name.`;
  console.log(json ? JSON.stringify(report, null, 2) : `${reportText(report)}\n${kept}`);
  if (report.wrong > 0 || report.stopped !== null) process.exitCode = 1;
}

/** In the data folder, where what is secret is neither published nor lost with the folder that one happens to be in. @throws ConformanceError */
async function keysFileOf(name: string): Promise<string> {
  const folder = join(readConfig().dataFolder, "conformance");
  await makeFolder(folder, 0o700).catch((cause: unknown) => {
    throw new ConformanceError(`the folder ${folder} cannot be made: ${String(cause)}. Say --keys FILE.`, { cause });
  });
  return join(folder, `${name}.keys.json`);
}
