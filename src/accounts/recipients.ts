// Recipients: addresses that somebody wrote to or from.
import type pg from "pg";
import { type Address, domainOf } from "../conversation/address.ts";
import type { PlatformName } from "../protocol/event.ts";
import type { Serving } from "./accounts.ts";

/** Who is to be known. `platform`: the one that serves them, as their domain says. */
interface Named {
  readonly address: Address;
  readonly name: string | null;
  readonly platform?: PlatformName;
}

/**
 * The recipients' ids by address; those that are not known yet are made. A domain of ours makes them LOCAL, with or without
 * an account; a platform that their domain names PLATFORM, also where they were EMAIL; everybody else EMAIL, until discovery is asked.
 */
export async function ensureRecipients(
  pool: pg.Pool,
  recipients: readonly Named[],
  serving: Serving,
): Promise<ReadonlyMap<Address, string>> {
  const ids = new Map<Address, string>();
  const find = async (addresses: readonly Address[]) => {
    const { rows } = await pool.query<{ address: Address; id: string }>({
      name: "find_recipients",
      text: "SELECT address, id FROM recipient WHERE address = ANY($1::text[])",
      values: [addresses],
    });
    for (const { address, id } of rows) ids.set(address, id);
  };
  const wanted = new Map(recipients.map((one) => [one.address, one]));
  if (wanted.size > 0) await find([...wanted.keys()]);
  const missing = [...wanted.values()].filter(({ address, platform }) => !ids.has(address) || platform !== undefined);
  if (missing.length === 0) return ids;
  const rows = missing.map(({ address, name, platform = null }) => {
    if (serving.domains.includes(domainOf(address)))
      return { address, name, kind: "LOCAL", platform: serving.platform };
    return { address, name, kind: platform === null ? "EMAIL" : "PLATFORM", platform };
  });
  await pool.query({
    name: "make_recipients",
    // In one order in every process, so that two never wait for each other.
    text: `INSERT INTO recipient (address, kind, platform, name)
      SELECT address, kind::"RecipientKind", platform, name
      FROM json_to_recordset($1::json) AS r(address text, kind text, platform text, name text) ORDER BY address
      ON CONFLICT (address) DO UPDATE SET kind = excluded.kind, platform = excluded.platform
      WHERE excluded.kind = 'PLATFORM' AND (recipient.kind, recipient.platform) IS DISTINCT FROM (excluded.kind, excluded.platform)`,
    values: [JSON.stringify(rows)],
  });
  // Read again and not returned: another process may have made some of them.
  await find(missing.map(({ address }) => address));
  return ids;
}
