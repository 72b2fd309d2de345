import { postgresPeerStore } from "../../src/store/postgres-peer-store.ts";
import { home } from "../conversation/given.ts";
import { createTestDatabase } from "../support/database.ts";
import { postgresSetting } from "../support/postgres-setting.ts";
import { describePeerStore } from "./peer-store-contract.ts";

describePeerStore("peers on PostgreSQL", async (run) => {
  await using database = await createTestDatabase();
  await run(postgresSetting(database.pool), postgresPeerStore(database.pool, home));
});
