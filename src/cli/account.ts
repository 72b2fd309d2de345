// parley account create ADDRESS [--token] | list | revoke ADDRESS [--json]
import { ensureAccount, findViewer } from "../accounts/accounts.ts";
import { issueToken, revokeTokens } from "../accounts/tokens.ts";
import type { Config } from "../config/config.ts";
import { ExplainedError } from "../observe/explained-error.ts";
import { parseArguments } from "./arguments.ts";
import { openShared, type SharedDatabase } from "./open-shared.ts";
import { UsageError } from "./usage.ts";

/** There is no such account. The message says what to do. */
class NoAccountError extends ExplainedError {
  override readonly name = "NoAccountError";
}

/** Makes, lists and signs out accounts; beside a running platform, or without one. Prints what it did, and where. */
export async function account(args: readonly string[], config: Config): Promise<void> {
  const { values, positionals } = parseArguments(args, {
    token: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  });
  const [action, address, ...more] = positionals;
  const isKnown = action === "list" ? address === undefined : (action === "create" || action === "revoke") && address;
  if (!isKnown || more.length > 0 || (values.token && action !== "create")) {
    throw new UsageError(
      "Say: parley account create ADDRESS [--token] [--json], parley account list [--json] or parley account revoke ADDRESS [--json]",
    );
  }
  await using stack = new AsyncDisposableStack();
  const shared = await openShared(stack, config, action === "create" ? "share" : "find");
  const tell = (value: object, text: string) => console.log(values.json ? JSON.stringify(value) : text);
  if (address === undefined) {
    const accounts = await listed(shared);
    const lines = accounts.map((one) => `${one.address}  made ${one.createdAt}, ${counted(one.tokens)}`);
    tell(accounts, lines.join("\n") || "There are no accounts. Make one: parley account create ADDRESS --token");
  } else if (action === "revoke") {
    const { prisma } = shared.database;
    const viewer = await findViewer(prisma, address);
    if (viewer === null)
      throw new NoAccountError(`There is no account "${address}" here. Which there are: parley account list`);
    const tokens = await revokeTokens(prisma, viewer.accountId, new Date());
    tell(
      { address: viewer.address, tokens },
      `Revoked ${counted(tokens)} of ${viewer.address}, void in five seconds at most. A new one: parley account create ${viewer.address} --token`,
    );
  } else await create(shared, config, address, values);
}

const counted = (tokens: number): string => `${tokens} ${tokens === 1 ? "token" : "tokens"}`;

async function listed({ database }: SharedDatabase) {
  const valid = { OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }] };
  const accounts = await database.prisma.account.findMany({
    select: {
      createdAt: true,
      recipient: { select: { address: true } },
      _count: { select: { tokens: { where: valid } } },
    },
    orderBy: { recipient: { address: "asc" } },
  });
  return accounts.map(({ createdAt, recipient, _count }) => ({
    address: recipient.address,
    createdAt: createdAt.toISOString(),
    tokens: _count.tokens,
  }));
}

async function create(
  { database, embedded }: SharedDatabase,
  config: Config,
  address: string,
  values: { readonly token: boolean; readonly json: boolean },
): Promise<void> {
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
