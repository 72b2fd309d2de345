// Appends that compete: in one process, between processes, and with what goes wrong meanwhile.
import pg from "pg";
import { expect, test } from "vitest";
import { silentLogger } from "../../src/observe/logger.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import { openDatabase } from "../../src/store/database.ts";
import { messageBody, someHash } from "../conversation/given.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { postgresSetting } from "../support/postgres-setting.ts";
import { expectProjected } from "../support/projections.ts";
import { type Answer, entriesOf, rejectionOf, repeatOf, type Setting, type Somebody } from "../support/setting.ts";

/** Another process on the same database, as far as PostgreSQL can tell: a pool and a store of its own. */
async function anotherProcess(database: TestDatabase) {
  const other = await openDatabase({ url: database.url, poolSize: 4, log: silentLogger });
  return { setting: postgresSetting(other.pool), [Symbol.asyncDispose]: () => other[Symbol.asyncDispose]() };
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

async function textsOf(setting: Setting, conversation: Hash): Promise<readonly string[]> {
  const log = await setting.log(conversation);
  return log.flatMap(({ body }) => (body !== null && "text" in body ? [body.text] : []));
}

/** Says it again until it is told that it stands, as a client does whose connection broke. */
async function insists(ask: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await ask().catch(() => null);
    if (answer !== null) return answer;
  }
}

test("two processes give 200 writers of one conversation the places 1…n, in one chain", async () => {
  await using database = await createTestDatabase();
  await using other = await anotherProcess(database);
  const settings = [postgresSetting(database.pool), other.setting] as const;
  const alice = await settings[0].person("alice");
  const conversation = await settings[0].published(alice);
  const results = await Promise.all(numbers(200).map((n) => settings[n % 2 ? 0 : 1].says(conversation, alice, `${n}`)));
  const seqs = results.map((result) => entriesOf(result)[0]?.event.seq ?? 0);
  expect(seqs.toSorted((a, b) => a - b)).toEqual(numbers(200).map((n) => n + 2));
  expect(await expectProjected(database.pool, settings[0], conversation)).toMatchObject({ conversation: { seq: 201 } });
  // What either process was told to announce is all there is, each once.
  const told = settings.flatMap(({ circumstances }) => circumstances.committed.map(({ seq }) => seq));
  expect(told.toSorted((a, b) => a - b)).toEqual(numbers(201).map((n) => n + 1));
});

test("two processes whose batches overlap lose nothing, and nobody hears of a deadlock", async () => {
  await using database = await createTestDatabase();
  await using other = await anotherProcess(database);
  const settings = [postgresSetting(database.pool), other.setting] as const;
  const [alice, bob] = await settings[0].persons("alice", "bob");
  const conversations: Hash[] = [];
  for (const n of numbers(7)) {
    conversations.push(await settings[0].published(alice, [[bob, "WRITER"]], { subject: `conversation ${n}` }));
  }
  // The one goes through the conversations forwards, the other backwards.
  const asked = numbers(200).flatMap((n) => {
    const [one = "", another = ""] = [conversations.at(n % 7), conversations.at(-1 - (n % 7))];
    return [settings[0].says(one, alice, `alice ${n}`, `${n}`), settings[1].says(another, bob, `bob ${n}`, `${n}`)];
  });
  for (const result of await Promise.all(asked)) expect(entriesOf(result)).toHaveLength(1);
  const said = [];
  for (const conversation of conversations) {
    await expectProjected(database.pool, settings[0], conversation);
    said.push(...(await textsOf(settings[0], conversation)));
  }
  expect(said.sort()).toEqual(
    numbers(200)
      .flatMap((n) => [`alice ${n}`, `bob ${n}`])
      .sort(),
  );
});

test("one client request that comes to two processes appends once, in whichever conversation", async () => {
  await using database = await createTestDatabase();
  await using other = await anotherProcess(database);
  const settings = [postgresSetting(database.pool), other.setting] as const;
  const alice = await settings[0].person("alice");
  const [one, another] = [
    await settings[0].published(alice, [], { subject: "one" }),
    await settings[0].published(alice, [], { subject: "another" }),
  ];
  // In opposite orders: each process takes first what the other takes last.
  const results = await Promise.all(
    numbers(60).flatMap((n) => [
      settings[0].says(one, alice, `${n}`, `${n}`),
      settings[1].says(another, alice, `${59 - n}`, `${59 - n}`),
    ]),
  );
  expect(results.filter((result) => "entries" in result)).toHaveLength(60);
  expect(results.filter((result) => "repeatOf" in result)).toHaveLength(60);
  const said = [...(await textsOf(settings[0], one)), ...(await textsOf(settings[0], another))];
  expect(said.toSorted((a, b) => Number(a) - Number(b))).toEqual(numbers(60).map(String));
});

test("one draft that comes to two processes is published once, and is gone", async () => {
  await using database = await createTestDatabase();
  await using other = await anotherProcess(database);
  const settings = [postgresSetting(database.pool), other.setting] as const;
  const alice = await settings[0].person("alice");
  await other.setting.person("alice");
  for (const n of numbers(20)) {
    const draft = someHash(`draft ${n}`);
    await database.pool.query("INSERT INTO draft (hash, account_id, content) VALUES ($1, $2, '{}')", [
      draft,
      alice.accountId,
    ]);
    const publish = (setting: Setting, subject: string) =>
      setting.store.append({ ...setting.publication(alice, { subject: `${subject} ${n}` }), draft });
    const results = await Promise.all([publish(settings[0], "this"), publish(settings[1], "that")]);
    expect(results.filter((result) => "entries" in result)).toHaveLength(1);
    expect(results.filter((result) => "repeatOf" in result).map(repeatOf)).toEqual([2]);
    expect(new Set(results.map((result) => "conversation" in result && result.conversation)).size).toBe(1);
  }
  const { rows } = await database.pool.query(
    "SELECT (SELECT count(*) FROM draft) AS drafts, count(*) FROM conversation",
  );
  expect(rows).toEqual([{ drafts: 0, count: 20 }]);
});

test("a draft that was edited or discarded since it was read is not published", async () => {
  await using database = await createTestDatabase();
  const setting = postgresSetting(database.pool);
  const alice = await setting.person("alice");
  const draft = someHash("a draft");
  const publish = (draftVersion: number) =>
    setting.store.append({
      ...setting.publication(alice, { subject: `version ${draftVersion}` }),
      draft,
      draftVersion,
    });
  await database.pool.query("INSERT INTO draft (hash, account_id, content) VALUES ($1, $2, '{}')", [
    draft,
    alice.accountId,
  ]);
  const before = await setting.contents();
  expect(rejectionOf(await publish(7)).code).toBe("CONFLICT");
  expect(await setting.contents()).toEqual(before);

  // Also where the edit comes between looking and writing.
  onNextWrite(database.pool, async (_client, write) => {
    await database.pool.query("UPDATE draft SET version = 2");
    return write();
  });
  expect(rejectionOf(await publish(1)).code).toBe("CONFLICT");
  entriesOf(await publish(2));
  expect(repeatOf(await publish(2))).toBe(2);
  const { rows } = await database.pool.query(
    "SELECT (SELECT count(*) FROM draft) AS drafts, count(*) FROM conversation",
  );
  expect(rows).toEqual([{ drafts: 0, count: 1 }]);
});

test("a request that the database refuses fails alone, and the others of its batch are appended in order", async () => {
  await using database = await createTestDatabase();
  const setting = postgresSetting(database.pool);
  const [alice, bob] = await setting.persons("alice", "bob");
  const conversation = await setting.published(alice);
  const nobody: Somebody = { ...alice, accountId: "no uuid" };
  const badPerson = {
    conversation,
    accountId: alice.accountId,
    command: {
      action: "add",
      model: "participant",
      value: { role: "WRITER", via: "a.example", mail: false, imported: false },
      body: { address: bob.address, name: null },
    },
    people: new Map([[bob.address, { recipientId: "no uuid either", accountId: null }]]),
  } as const;
  const asked = await Promise.allSettled([
    setting.says(conversation, alice, "1"),
    setting.store.append(badPerson),
    setting.says(conversation, alice, "2"),
    setting.says(conversation, nobody, "by nobody"),
    setting.asks(conversation, alice, {
      action: "add",
      model: "message",
      item: "\u0000",
      body: messageBody("to nothing"),
    }),
    setting.says(conversation, alice, "3", "no \u0000 client's id"),
    setting.says(conversation, alice, "4"),
  ]);
  expect(asked.map(({ status }) => status)).toEqual([
    ...["fulfilled", "rejected", "fulfilled", "rejected", "rejected", "rejected", "fulfilled"],
  ]);
  expect(await textsOf(setting, conversation)).toEqual(["1", "2", "4"]);
  await expectProjected(database.pool, setting, conversation);
});

test("connections killed in a burst fail requests or let them through; retried, each is there once", async () => {
  await using database = await createTestDatabase();
  const setting = postgresSetting(database.pool, { batchMax: 8 });
  const alice = await setting.person("alice");
  const conversations = await Promise.all(
    numbers(4).map((n) => setting.published(alice, [], { subject: `conversation ${n}` })),
  );
  const killer = new pg.Client({ connectionString: database.url });
  await killer.connect();
  let isDone = false;
  let killed = 0;
  let failures = 0;
  const asked = Promise.all(
    numbers(400).map((n) =>
      insists(() =>
        setting.says(conversations[n % 4] ?? "", alice, `${n}`, `${n}`).catch((error: unknown) => {
          failures++;
          throw error;
        }),
      ),
    ),
  ).finally(() => {
    isDone = true;
  });
  while (!isDone && killed < 30) {
    const { rowCount } = await killer.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    killed += rowCount ?? 0;
  }
  await asked;
  await killer.end();
  expect(killed).toBeGreaterThan(0);
  expect(failures).toBeGreaterThan(0);
  const said = [];
  for (const conversation of conversations) {
    await expectProjected(database.pool, setting, conversation);
    said.push(...(await textsOf(setting, conversation)));
  }
  expect(said.map(Number).sort((a, b) => a - b)).toEqual(numbers(400));
});

test("an answer that is lost after the commit is a failure, and nothing is appended a second time", async () => {
  await using database = await createTestDatabase();
  const setting = postgresSetting(database.pool);
  const alice = await setting.person("alice");
  const conversation = await setting.published(alice);
  onNextWrite(database.pool, async (_client, write) => {
    await write();
    throw new Error("Connection terminated unexpectedly");
  });
  const asked = await Promise.allSettled(numbers(10).map((n) => setting.says(conversation, alice, `${n}`)));
  expect(asked.map(({ status }) => status)).toEqual(Array(10).fill("rejected"));
  expect(await textsOf(setting, conversation)).toEqual(numbers(10).map(String));
  entriesOf(await setting.says(conversation, alice, "on"));
});

test("a connection that breaks between two statements fails the request, and nothing else", async () => {
  await using database = await createTestDatabase();
  // As pg makes it, with nobody listening on its connections.
  const pool = new pg.Pool({ connectionString: database.url, max: 2 });
  pool.on("error", () => {});
  const setting = postgresSetting(pool);
  const alice = await setting.person("alice");
  const conversation = await setting.published(alice);
  onNextWrite(pool, async (client, write) => {
    const ended = new Promise<void>((resolve) => void client.once("end", resolve));
    const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    await database.pool.query("SELECT pg_terminate_backend($1)", [rows[0]?.pid]);
    await ended;
    return write();
  });
  await expect(setting.says(conversation, alice, "lost")).rejects.toThrow(/connection/i);
  entriesOf(await setting.says(conversation, alice, "on"));
  expect(await textsOf(setting, conversation)).toEqual(["on"]);
  await pool.end();
});

/** What happens in place of the pool's next write. */
function onNextWrite(
  pool: pg.Pool,
  meddle: (client: pg.PoolClient, write: () => Promise<unknown>) => Promise<unknown>,
): void {
  let isDue = true;
  const isWrite = (config: unknown) =>
    typeof config === "object" && config !== null && "name" in config && String(config.name).startsWith("write_");
  pool.on("acquire", (client) => {
    const query: (...args: unknown[]) => unknown = client.query.bind(client);
    Object.assign(client, {
      query: (...args: unknown[]) => {
        if (!isDue || !isWrite(args[0])) return query(...args);
        isDue = false;
        return meddle(client, () => Promise.resolve(query(...args)));
      },
    });
  });
}

test("with the database out of reach requests fail, each once and all at once", async () => {
  let connects = 0;
  const pool = new pg.Pool({ connectionString: "postgresql://nobody@127.0.0.1:1/nothing" });
  const connect = pool.connect.bind(pool);
  Object.assign(pool, {
    connect: () => {
      connects++;
      return connect();
    },
  });
  const setting = postgresSetting(pool);
  const asked = numbers(200).map((n) =>
    setting.store.append({
      conversation: someHash(`${n}`),
      accountId: "00000000-0000-4000-8000-000000000000",
      command: { action: "add", model: "message", body: messageBody() },
    }),
  );
  for (const result of await Promise.allSettled(asked))
    expect(result).toMatchObject({ reason: { code: "ECONNREFUSED" } });
  // A batch is 64 requests.
  expect(connects).toBe(4);
  await pool.end();
});

test("requests that wait when the pool is closed are answered, one way or the other", async () => {
  await using database = await createTestDatabase();
  const pool = new pg.Pool({ connectionString: database.url, max: 4 });
  const setting = postgresSetting(pool, { batchMax: 4 });
  const alice = await setting.person("alice");
  const conversation = await setting.published(alice);
  const asked = numbers(100).map((n) => setting.says(conversation, alice, `${n}`));
  await asked[0];
  await pool.end();
  const results = await Promise.allSettled(asked);
  const appended = results.filter(({ status }) => status === "fulfilled").length;
  expect(appended).toBeGreaterThan(0);
  expect(appended).toBeLessThan(100);
  expect(await textsOf(postgresSetting(database.pool), conversation)).toHaveLength(appended);
});

test("a request that cannot be appended does not keep others waiting", async () => {
  await using database = await createTestDatabase();
  const setting = postgresSetting(database.pool, { batchMax: 4 });
  const alice = await setting.person("alice");
  const conversation = await setting.published(alice);
  const nobody: Somebody = { ...alice, accountId: "no uuid" };
  const asked = numbers(200).map((n) => setting.says(conversation, n % 4 === 0 ? nobody : alice, `${n}`));
  const results = await Promise.allSettled(asked);
  expect(results.filter(({ status }) => status === "rejected")).toHaveLength(50);
  const said = (await textsOf(setting, conversation)).map(Number);
  expect(said).toEqual(numbers(200).filter((n) => n % 4 !== 0));
});
