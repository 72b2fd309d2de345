import { memorySetting } from "../support/memory-setting.ts";
import type { Setting } from "../support/setting.ts";
import { describeStore } from "./contract.ts";
import { describeFollowing } from "./follow-contract.ts";

const inSetting = (run: (setting: Setting) => Promise<void>) => run(memorySetting());

describeStore("the store in memory", inSetting);
describeFollowing("the store in memory", inSetting);
