// parley account create ADDRESS [--token] [--json]
import { ensureAccount } from "../accounts/accounts.ts";
import { issueToken } from "../accounts/tokens.ts";
import type { Config } from "../config/config.ts";
import { parseArguments } from "./arguments.ts";
import { openShared } from "./open-shared.ts";
import { UsageError } from "./usage.ts";

/** Makes an account, or finds it; beside a running platform, or without one. Prints what it did, and where. */
export async function account(args: readonly string[], config: Config): Promise<void> {
  const { values, positionals } = parseArguments(args, {
    token: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  });
  const [action, address, ...more] = positionals;
  if (action !== "create" || address === undefined || more.length > 0) {
    throw new UsageError("Say: parley account create ADDRESS [--token] [--json]");
  }
  await using stack = new AsyncDisposableStack();
  const { database, embedded } = await openShared(stack, config);
  const { viewer, isNew } = await ensureAccount(database.prisma, address, config);
  const token = values.token ? await issueToken(database.prisma, viewer.accountId) : null;
  if (values.json) {
    console.log(JSON.stringify({ address: viewer.address, isNew, token }));
    return;
  }
  if (embedded)
    console.log(`${embedded.isNew ? "Made a new database in" : "Used"} the data folder ${embedded.folder}.`);
  console.log(isNew ? `Made the account ${viewer.address}.` : `The account ${viewer.address} was there already.`);
  if (token !== null) console.log(`A new token, shown only now: ${token}`);
}
