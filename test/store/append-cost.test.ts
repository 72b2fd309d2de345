// An append costs the same in a short log and in a long one: counted in what PostgreSQL reads.
import type pg from "pg";
import { expect, test } from "vitest";
import type { Command } from "../../src/conversation/accept.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import { openDatabase } from "../../src/store/database.ts";
import { attachmentBody, messageBody } from "../conversation/given.ts";
import { createTestDatabase } from "../support/database.ts";
import { postgresSetting } from "../support/postgres-setting.ts";
import { entriesOf, type Setting, type Somebody } from "../support/setting.ts";

const tables = ["event", "message", "participant", "attachment", "participation", "outbox", "client_request"];

interface Reads {
  readonly scans: number;
  readonly rows: number;
  readonly blocks: number;
}

/** What has been read so far. A connection tells its counts when it is asked to, or a second later. */
async function readsOf(pool: pg.Pool, watcher: pg.Pool): Promise<Reads> {
  await pool.query("SELECT pg_stat_force_next_flush()");
  const { rows } = await watcher.query<Reads>(
    `SELECT sum(seq_scan)::int AS scans, sum(seq_tup_read + idx_tup_fetch)::int AS rows,
      sum(heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read)::int AS blocks
    FROM pg_stat_user_tables JOIN pg_statio_user_tables USING (relid, relname) WHERE relname = ANY($1)`,
    [tables],
  );
  return rows[0] ?? expect.fail("no counts");
}

test("what an append reads grows neither with the log nor with the participants, and it scans no table", async () => {
  await using database = await createTestDatabase({ poolSize: 1 });
  await using watching = await openDatabase({ url: database.url, poolSize: 1, log: silentLogger });
  const setting = postgresSetting(database.pool);
  const people = await setting.persons(...Array.from({ length: 600 }, (_, index) => `p${index}`));
  const small = await grown(setting, people.slice(0, 40), 20);
  const large = await grown(setting, people, 2_000);
  await database.pool.query("ANALYZE");

  const cost = async (conversation: Hash, participants: readonly Somebody[]): Promise<Reads> => {
    // Looked up beforehand, for that reads the log.
    const added = new Map(
      (await setting.log(conversation)).flatMap(({ id, body }) =>
        body !== null && "address" in body ? [[body.address, id]] : [],
      ),
    );
    const rounds = participants.slice(-20).map((who) => [who, added.get(who.address) ?? ""] as const);
    // The plans of named statements settle after five runs.
    for (const round of rounds.slice(0, 8)) await everything(setting, conversation, ...round);
    const before = await readsOf(database.pool, watching.pool);
    for (const round of rounds.slice(8)) await everything(setting, conversation, ...round);
    const after = await readsOf(database.pool, watching.pool);
    return { scans: after.scans - before.scans, rows: after.rows - before.rows, blocks: after.blocks - before.blocks };
  };
  const inSmall = await cost(small, people.slice(0, 40));
  const inLarge = await cost(large, people);
  expect(inLarge).toMatchObject({ scans: 0, rows: inSmall.rows });
  // The indexes are shared, so only pages that happen to split make a difference.
  expect(Math.abs(inLarge.blocks / inSmall.blocks - 1)).toBeLessThan(0.1);
});

/** A conversation of these people, with so many messages and a quarter as many attachments. */
async function grown(setting: Setting, people: readonly Somebody[], messages: number): Promise<Hash> {
  const [creator, ...others] = people;
  if (!creator) throw new Error("somebody has to begin");
  const cast = others.map((who) => [who, "WRITER"] as const);
  const conversation = await setting.published(creator, cast, { subject: `${messages} messages` });
  const said = await Promise.all(
    Array.from({ length: messages }, (_, n) => setting.says(conversation, creator, `${n}`)),
  );
  const attached = said
    .flatMap(entriesOf)
    .slice(messages * 0.75)
    .map(({ id: item }) =>
      setting.does(conversation, creator, { action: "add", model: "attachment", item, body: attachmentBody() }),
    );
  await Promise.all(attached);
  return conversation;
}

/** An append of every kind. `who` is gone afterwards. */
async function everything(setting: Setting, conversation: Hash, who: Somebody, participant: Hash): Promise<void> {
  const creator = await setting.person("p0");
  const does = (command: Command, by = who) => setting.does(conversation, by, command);
  const body = messageBody(who.address);
  const { id: item } = await does({ action: "add", model: "message", body });
  await does({ action: "add", model: "message", item, body });
  await does({ action: "lock", model: "message", item });
  await does({ action: "modify", model: "message", item, body });
  await does({ action: "add", model: "attachment", item, body: attachmentBody() });
  await does({ action: "remove", model: "message", item });
  await does({ action: "modify", model: "subject", body: { subject: who.address } });
  const label = await does({ action: "add", model: "label", body: { name: who.address } });
  await does({ action: "remove", model: "label", item: label.id });
  await does({ action: "modify", model: "participant", item: participant, value: { role: "READER" } }, creator);
  await does({ action: "remove", model: "participant", item: participant });
  const value = { role: "WRITER", via: "localhost", mail: false, imported: false } as const;
  const again = await does(
    { action: "add", model: "participant", value, body: { address: who.address, name: null } },
    creator,
  );
  await does({ action: "remove", model: "participant", item: again.id }, creator);
}
