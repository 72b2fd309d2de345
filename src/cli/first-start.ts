// The first start for a newcomer: two people who can talk at once.
import { stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ensureAccount } from "../accounts/accounts.ts";
import { issueToken } from "../accounts/tokens.ts";
import { type Config, readConfig } from "../config/config.ts";
import type { Core } from "./parts.ts";

export interface Newcomer {
  readonly address: string;
  readonly token: string;
}

/** Makes alice and bob, or who of them is missing, once for a data folder: who was there keeps the tokens that they have. */
export async function makeNewcomers({ database: { prisma }, config }: Core): Promise<readonly Newcomer[]> {
  const marker = join(config.dataFolder, "newcomers-made");
  const isDone = await stat(marker).then(
    () => true,
    () => false,
  );
  if (isDone) return [];
  const newcomers: Newcomer[] = [];
  for (const name of ["alice", "bob"]) {
    const { viewer, isNew } = await ensureAccount(prisma, `${name}@${config.domains[0]}`, config);
    if (isNew) newcomers.push({ address: viewer.address, token: await issueToken(prisma, viewer.accountId) });
  }
  await writeFile(marker, "");
  return newcomers;
}

/** The command that makes a token for alice on this platform, with the settings that it needs to find it. */
export function tokenCommand({ dataFolder, platform, domains, secret }: Config): string {
  const defaults = readConfig({});
  const settings = [
    ...(dataFolder === defaults.dataFolder ? [] : [`PARLEY_DATA=${quoted(resolve(dataFolder))}`]),
    ...(platform === defaults.platform ? [] : [`PARLEY_PLATFORM=${platform}`]),
    ...(domains.length === 1 && domains[0] === platform ? [] : [`PARLEY_DOMAINS=${domains.join(",")}`]),
    // Not on the screen: it opens the platform's keys.
    ...(secret === undefined ? [] : ["PARLEY_SECRET=…"]),
  ];
  return [...settings, `npx parley account create alice@${domains[0]} --token`].join(" ");
}

const quoted = (text: string): string => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
