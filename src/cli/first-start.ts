// The first start for a newcomer: two people who can talk at once.
import { isIP } from "node:net";
import { ensureAccount } from "../accounts/accounts.ts";
import { issueToken } from "../accounts/tokens.ts";
import type { Core } from "./parts.ts";

/** Whether only this machine can reach the address: then tokens may stand on the screen. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

export interface Newcomer {
  readonly address: string;
  readonly token: string;
}

/** Makes alice and bob where there is no account at all. Empty where there are some. */
export async function makeNewcomers({ database: { prisma }, config }: Core): Promise<readonly Newcomer[]> {
  if ((await prisma.account.count()) > 0) return [];
  const newcomers: Newcomer[] = [];
  for (const name of ["alice", "bob"]) {
    const { viewer } = await ensureAccount(prisma, `${name}@${config.platform}`, [config.platform]);
    newcomers.push({ address: viewer.address, token: await issueToken(prisma, viewer.accountId) });
  }
  return newcomers;
}
