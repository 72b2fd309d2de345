// What a conversation was at a place in the past.
import { expect, test } from "vitest";
import { fold } from "../../src/conversation/evolve.ts";
import { boundedQuery, type Query } from "../../src/store/read/bounded-query.ts";
import { createFoldUpTo } from "../../src/store/read/fold-up-to.ts";
import { createTestDatabase } from "../support/database.ts";
import { postgresSetting } from "../support/postgres-setting.ts";

test.each([1, 4, 5, 6, 100])(
  "is the fold of the log up to there, of which %i events are read at once",
  async (pageMax) => {
    await using database = await createTestDatabase({ poolSize: 2 });
    const setting = postgresSetting(database.pool);
    const [alice, bob] = await setting.persons("alice", "bob");
    const conversation = await setting.published(alice, [[bob, "WRITER"]], { subject: "Lunch" });
    for (let count = 0; count < 10; count++) await setting.says(conversation, count % 2 === 0 ? alice : bob);
    const pages: number[] = [];
    const query = boundedQuery(database.pool);
    const counted: Query = async (...asked) => {
      const rows = await query(...asked);
      pages.push(rows.length);
      // The same rows, whose type the caller said.
      return rows as never;
    };
    const foldUpTo = createFoldUpTo(database.pool, counted, pageMax);
    const log = await setting.log(conversation);
    for (const horizon of [1, 5, 6, log.length]) {
      pages.length = 0;
      expect(await foldUpTo(conversation, horizon)).toEqual(fold(log.slice(0, horizon)));
      expect(Math.max(...pages)).toBeLessThanOrEqual(pageMax);
      expect(pages.reduce((sum, one) => sum + one, 0)).toBe(horizon);
    }
    pages.length = 0;
    await foldUpTo(conversation, log.length);
    expect(pages).toEqual([]);
  },
);
