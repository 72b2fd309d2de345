// The people whom events of another platform add: made recipients, and those with an account here are told, in INBOX or,
// where they do not know who adds them, in REQUESTS.
import type pg from "pg";
import { type Address, domainOf } from "../conversation/address.ts";
import type { PlatformName } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type { Person } from "../store/conversation-store.ts";
import { findPeople } from "./accounts.ts";
import type { PlatformOf } from "./find-recipients.ts";
import { ensureRecipients } from "./recipients.ts";

/** Somebody whom an event adds. */
export interface Added {
  readonly address: Address;
  readonly name: string | null;
  readonly via: PlatformName;
  readonly mail: boolean;
  readonly imported: boolean;
  /** Who adds them: the participant, and their address where the events at hand say it. */
  readonly by: Hash | null;
  readonly byAddress: Address | null;
}

interface AddedPeopleOptions {
  readonly pool: pg.Pool;
  readonly platform: PlatformName;
  readonly domains: readonly PlatformName[];
  readonly platformOf: PlatformOf;
}

const askedAtOnce = 8;

export function createAddedPeople({ pool, platform, domains, platformOf }: AddedPeopleOptions) {
  /** Who serves each domain; a few are asked at once. */
  const platformsOf = async (names: ReadonlySet<PlatformName>, source: string | undefined) => {
    const found = new Map<PlatformName, Awaited<ReturnType<PlatformOf>>>();
    const left = names.values();
    const askNext = async () => {
      // Each asks what none of the others has.
      for (const domain of left) found.set(domain, await platformOf(domain, source));
    };
    await Promise.all(Array.from({ length: askedAtOnce }, askNext));
    return found;
  };

  /** @param source as of `PlatformOf` */
  return async (
    conversation: Hash,
    added: readonly Added[],
    source?: string,
  ): Promise<ReadonlyMap<Address, Person>> => {
    // What a platform says of an address is believed where the address's own domain says so, too.
    const isClaimed = ({ address, via, mail, imported }: Added) =>
      !mail && !imported && via !== platform && !domains.includes(domainOf(address));
    const claimed = added.filter(isClaimed);
    const found = await platformsOf(new Set(claimed.map(({ address }) => domainOf(address))), source);
    const recipients = added.map((one) => {
      const { address, name, via } = one;
      const answer = isClaimed(one) ? found.get(domainOf(address)) : undefined;
      const isConfirmed = answer?.kind === "platform" && answer.platform === via;
      return { address, name, ...(isConfirmed && { platform: via }) };
    });
    const ids = await ensureRecipients(pool, recipients, { platform, domains });
    const ours = added.filter(({ via, mail, imported }) => via === platform && !mail && !imported);
    const accounts = await findPeople(
      { pool },
      ours.map(({ address }) => address),
    );
    const adders = new Map(ours.map(({ address, by, byAddress }) => [address, { by, byAddress }]));
    const people = new Map<Address, Person>();
    for (const [address, recipientId] of ids) {
      const { accountId = null } = accounts.get(address) ?? {};
      const adder = adders.get(address);
      if (accountId === null || !adder) people.set(address, { recipientId, accountId: null });
      else if (await isKnown(pool, accountId, conversation, adder)) people.set(address, { recipientId, accountId });
      else people.set(address, { recipientId, accountId, folder: "REQUESTS" });
    }
    return people;
  };
}

/** Whether the account keeps another conversation in which who adds it takes part, or wrote to them itself. */
export async function isKnown(
  pool: Pick<pg.Pool, "query">,
  accountId: string,
  conversation: Hash,
  { by, byAddress }: Pick<Added, "by" | "byAddress">,
): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: "knows_adder",
    text: `WITH adder AS MATERIALIZED (
        SELECT recipient_id AS id FROM participant WHERE conversation_id = $2 AND id = $3 AND recipient_id IS NOT NULL
        UNION SELECT id FROM recipient WHERE address = $4)
      SELECT FROM adder CROSS JOIN LATERAL (
        SELECT p.conversation_id FROM participant AS p
        JOIN participation AS own ON own.conversation_id = p.conversation_id AND own.account_id = $1
        WHERE p.recipient_id = adder.id AND p.conversation_id <> $2 AND own.folder IN ('INBOX', 'ARCHIVE') LIMIT 1) AS kept
      LIMIT 1`,
    values: [accountId, conversation, by, byAddress],
  });
  return rowCount === 1;
}
