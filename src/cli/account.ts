// parley account create ADDRESS [--token] [--json]
import { parseArgs } from "node:util";
import { ensureAccount } from "../accounts/accounts.ts";
import { issueToken } from "../accounts/tokens.ts";
import type { Config } from "../config/config.ts";
import { loadSigner } from "../federation/keys.ts";
import type { LoggerFactory } from "../observe/logger.ts";
import { openDatabase } from "../store/database.ts";
import { migrate } from "../store/migrate.ts";
import { locateDatabase } from "./database.ts";
import { UsageError } from "./usage.ts";

/** Makes an account, or finds it; beside a running platform, or without one. Prints what it did. */
export async function account(args: readonly string[], config: Config, log: LoggerFactory): Promise<void> {
  const { values, positionals } = parse(args);
  const [action, address, ...more] = positionals;
  if (action !== "create" || address === undefined || more.length > 0) {
    throw new UsageError("Say: parley account create ADDRESS [--token] [--json]");
  }
  await using stack = new AsyncDisposableStack();
  const { url, secret } = await locateDatabase(stack, config, "share", log("postgres"));
  await migrate(url);
  const database = stack.use(await openDatabase({ url, poolSize: 1, log: log("store") }));
  // Whose database it is: an address of another platform would be nobody's.
  await loadSigner(database.prisma, config.platform, secret, new Date().toISOString());
  const { viewer, isNew } = await ensureAccount(database.prisma, address, [config.platform]);
  const token = values.token ? await issueToken(database.prisma, viewer.accountId) : null;
  if (values.json) {
    console.log(JSON.stringify({ address: viewer.address, isNew, token }));
    return;
  }
  console.log(isNew ? `Made the account ${viewer.address}.` : `The account ${viewer.address} was there already.`);
  if (token !== null) console.log(`A new token, shown only now: ${token}`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { token: { type: "boolean", default: false }, json: { type: "boolean", default: false } },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
