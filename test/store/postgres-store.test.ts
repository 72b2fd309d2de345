import { createTestDatabase } from "../support/database.ts";
import { postgresSetting } from "../support/postgres-setting.ts";
import { describeStore } from "./contract.ts";

describeStore("the store on PostgreSQL", async (run) => {
  await using database = await createTestDatabase();
  await run(postgresSetting(database.pool));
});
