// parley conformance BASE_URL [--address ADDRESS] [--name NAME] [--listen HOST:PORT] [--keys FILE] [--wait SECONDS] [--json]
import { reportOf, reportText } from "../conformance/report.ts";
import { allTries, runConformance } from "../conformance/run.ts";
import { isAddress } from "../conversation/address.ts";
import { platformNameSchema } from "../protocol/form.ts";
import { parseArguments } from "./arguments.ts";
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

/** Prints what a platform gets right and wrong of docs/federation.md; the process ends with 1 where something is wrong. */
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
  const tried = await runConformance({
    base: new URL(url),
    address,
    name,
    host: host.replace(/^\[|\]$/g, ""),
    port: Number(port),
    keysFile: values.keys ?? `${name}.keys.json`,
    leadWithinMs: waitSeconds * 1_000,
    onLeadWanted: (own) =>
      console.error(
        `Now let ${address ?? "somebody there"} begin a conversation with ${own}, within ${waitSeconds} s.`,
      ),
    onTried: () => progress.show(++count, allTries.length),
  });
  const report = reportOf(tried);
  console.log(json ? JSON.stringify(report, null, 2) : reportText(report));
  if (report.wrong > 0) process.exitCode = 1;
}
