import { createTestDatabase } from "../support/database.ts";
import { postgresSetting } from "../support/postgres-setting.ts";
import type { Setting } from "../support/setting.ts";
import { describeStore } from "./contract.ts";
import { describeFollowing } from "./follow-contract.ts";

const inSetting = async (run: (setting: Setting) => Promise<void>) => {
  await using database = await createTestDatabase();
  await run(postgresSetting(database.pool));
};

describeStore("the store on PostgreSQL", inSetting);
describeFollowing("the store on PostgreSQL", inSetting);
