// A setting whose store is the one on PostgreSQL.
import { randomUUID } from "node:crypto";
import type pg from "pg";
import type { AppendOptions } from "../../src/store/append.ts";
import type { Person } from "../../src/store/conversation-store.ts";
import { postgresStore } from "../../src/store/postgres-store.ts";
import { home } from "../conversation/given.ts";
import { Circumstances, type Drafts, Setting } from "./setting.ts";

const tables = [
  ...["conversation", "event", "participant", "participation", "message", "label", "attachment"],
  ...["outbox", "client_request", "draft", "delivery"],
];

/** @param more what the store is opened with otherwise */
export function postgresSetting(pool: pg.Pool, more: Partial<AppendOptions> = {}): Setting {
  const circumstances = new Circumstances();
  const { signer, now, salt, onCommitted } = circumstances;
  const store = postgresStore({ pool, signer, now, salt, onCommitted, ...more });
  return new Setting(circumstances, {
    store,
    enrol: (address) => enrol(pool, address),
    contents: () => contents(pool),
    drafts: draftsIn(pool),
  });
}

/** Makes a recipient, or finds them, with an account where the address is of `home`. */
async function enrol(pool: pg.Pool, address: string): Promise<Person> {
  const isLocal = address.endsWith(`@${home}`);
  const made = await pool.query<{ id: string }>(
    `INSERT INTO recipient (address, kind) VALUES ($1, $2::"RecipientKind")
      ON CONFLICT (address) DO UPDATE SET address = excluded.address RETURNING id`,
    [address, isLocal ? "LOCAL" : "PLATFORM"],
  );
  const recipientId = made.rows[0]?.id ?? randomUUID();
  if (!isLocal) return { recipientId, accountId: null };
  const account = await pool.query<{ id: string }>(
    `INSERT INTO account (recipient_id) VALUES ($1)
      ON CONFLICT (recipient_id) DO UPDATE SET recipient_id = excluded.recipient_id RETURNING id`,
    [recipientId],
  );
  return { recipientId, accountId: account.rows[0]?.id ?? null };
}

function draftsIn(pool: pg.Pool): Drafts {
  return {
    save: async (hash, accountId) => {
      const { rows } = await pool.query<{ version: number }>(
        `INSERT INTO draft (hash, account_id, content) VALUES ($1, $2, '{}')
          ON CONFLICT (hash) DO UPDATE SET version = draft.version + 1 RETURNING version`,
        [hash, accountId],
      );
      return rows[0]?.version ?? 0;
    },
    discard: async (hash) => void (await pool.query("DELETE FROM draft WHERE hash = $1", [hash])),
    isThere: async (hash) => (await pool.query("SELECT FROM draft WHERE hash = $1", [hash])).rowCount === 1,
  };
}

async function contents(pool: pg.Pool): Promise<unknown> {
  const { rows } = await pool.query(
    tables
      .map(
        (table) =>
          `SELECT '${table}' AS name, count(*), md5(string_agg(t::text, ',' ORDER BY t::text)) FROM ${table} AS t`,
      )
      .join(" UNION ALL "),
  );
  return rows;
}
