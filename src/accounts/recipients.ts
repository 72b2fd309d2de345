// Recipients of an archive: addresses that somebody wrote to or from, with nobody asked about them.
import type pg from "pg";
import { type Address, domainOf } from "../conversation/address.ts";
import type { PlatformName } from "../protocol/event.ts";

/**
 * The recipients' ids by address; those that are not known yet are made. A domain of ours makes them LOCAL, with or without
 * an account; every other EMAIL, until discovery is asked. Those that are there stay as they are.
 * @param domains which the platform serves
 */
export async function ensureRecipients(
  pool: pg.Pool,
  recipients: readonly { readonly address: Address; readonly name: string | null }[],
  domains: readonly PlatformName[],
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
  const missing = [...wanted.values()].filter(({ address }) => !ids.has(address));
  if (missing.length === 0) return ids;
  const rows = missing.map(({ address, name }) => {
    const isLocal = domains.includes(domainOf(address));
    return { address, name, kind: isLocal ? "LOCAL" : "EMAIL", platform: isLocal ? (domains[0] ?? null) : null };
  });
  await pool.query({
    name: "make_recipients",
    // In one order in every process, so that two never wait for each other.
    text: `INSERT INTO recipient (address, kind, platform, name)
      SELECT address, kind::"RecipientKind", platform, name
      FROM json_to_recordset($1::json) AS r(address text, kind text, platform text, name text) ORDER BY address
      ON CONFLICT (address) DO NOTHING`,
    values: [JSON.stringify(rows)],
  });
  // Read again and not returned: another process may have made some of them.
  await find(missing.map(({ address }) => address));
  return ids;
}
