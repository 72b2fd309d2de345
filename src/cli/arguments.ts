// The arguments of a command: its options, and what stands beside them.
import { type ParseArgsConfig, parseArgs } from "node:util";
import { isBase64url32 } from "../protocol/encoding.ts";
import { UsageError } from "./usage.ts";

/** @throws UsageError for an option that is not among `options` */
export function parseArguments<const Options extends NonNullable<ParseArgsConfig["options"]>>(
  args: readonly string[],
  options: Options,
) {
  // One id in 64 begins with a dash, and is no option.
  const ids = args.filter((arg) => arg.startsWith("-") && isBase64url32(arg));
  const others = args.filter((arg) => !ids.includes(arg));
  try {
    const { values, positionals } = parseArgs({ args: others, allowPositionals: true, options });
    return { values, positionals: [...ids, ...positionals] };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
