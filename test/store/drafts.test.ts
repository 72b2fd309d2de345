import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { type Draft, emptyDraft } from "../../src/conversation/draft.ts";
import { reject } from "../../src/conversation/rejection.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import { openDatabase } from "../../src/store/database.ts";
import { changeDraft, createDraft, discardDraft, findDraft, inTurn } from "../../src/store/drafts.ts";
import { messageBody, someHash } from "../conversation/given.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

const hash = someHash("a draft");

/** A new account, with a draft that has as much text as it may. */
async function givenDraft({ prisma }: TestDatabase): Promise<string> {
  const recipient = { create: { address: `${randomUUID()}@localhost`, kind: "LOCAL" as const } };
  const { id } = await prisma.account.create({ data: { recipient } });
  const text = "x".repeat(256 * 1024);
  const messages = Array.from({ length: 8 }, (_, index) => ({
    id: someHash(`${index}`),
    parent: null,
    body: messageBody(text),
  }));
  await createDraft(prisma, id, hash, { ...emptyDraft, messages });
  return id;
}

const labelled = (draft: Draft, name: string): Draft => ({
  ...draft,
  labels: [...draft.labels, { id: someHash(name), name }],
});

test("fifty edits at once of a full draft, in two processes, are all in it, and each reads it once", async () => {
  await using database = await createTestDatabase();
  await using other = await openDatabase({ url: database.url, poolSize: 4, log: silentLogger });
  const accountId = await givenDraft(database);
  let reads = 0;
  const names = Array.from({ length: 50 }, (_, index) => `${index}`);
  const changed = await Promise.all(
    names.map((name, index) =>
      changeDraft(index % 2 === 0 ? database : other, accountId, hash, (draft) => {
        reads++;
        return labelled(draft, name);
      }),
    ),
  );
  expect(changed.map((draft) => draft && "version" in draft && draft.version)).toHaveLength(50);
  expect(reads).toBe(50);
  const draft = await findDraft(database.prisma, accountId, hash);
  expect(draft?.version).toBe(51);
  expect(draft?.content.labels.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
});

test("while edits of one draft wait for each other, the connections are free for everything else", async () => {
  await using database = await createTestDatabase({ poolSize: 2 });
  const accountId = await givenDraft(database);
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  const holding = inTurn(accountId, hash, () => held);
  const edits = Array.from({ length: 10 }, (_, index) =>
    changeDraft(database, accountId, hash, (draft) => labelled(draft, `${index}`)),
  );
  expect((await database.pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  expect(database.pool.waitingCount).toBe(0);
  letGo();
  await Promise.all([holding, ...edits]);
  expect((await findDraft(database.prisma, accountId, hash))?.content.labels).toHaveLength(10);
});

test("an edit that is rejected, or throws, leaves the draft as it was, and the next ones go on", async () => {
  await using database = await createTestDatabase();
  const accountId = await givenDraft(database);
  const before = await findDraft(database.prisma, accountId, hash);
  const fault = new Error("a fault");
  const [rejected, thrown, changed] = await Promise.allSettled([
    changeDraft(database, accountId, hash, () => reject("LABEL_EXISTS")),
    changeDraft(database, accountId, hash, () => {
      throw fault;
    }),
    changeDraft(database, accountId, hash, (draft) => labelled(draft, "food")),
  ]);
  expect(rejected).toMatchObject({ value: { code: "LABEL_EXISTS" } });
  expect(thrown).toMatchObject({ reason: fault });
  expect(changed).toMatchObject({ value: { version: 2, createdAt: before?.createdAt } });
  expect(await findDraft(database.prisma, accountId, hash)).toEqual(
    before && { ...before, content: labelled(before.content, "food"), version: 2 },
  );
});

test("a draft that is discarded, or somebody else's, is not there to be changed", async () => {
  await using database = await createTestDatabase();
  const accountId = await givenDraft(database);
  const change = (of: string) => changeDraft(database, of, hash, (draft) => draft);
  expect(await change(randomUUID())).toBeNull();
  await discardDraft(database.prisma, accountId, hash);
  expect(await change(accountId)).toBeNull();
});
