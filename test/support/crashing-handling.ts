// A process of its own: works through the mail that its first argument names, and is killed before the first statement whose
// name begins with the second. Settings come from the environment.
import { openCore } from "../../src/cli/parts.ts";
import { readConfig } from "../../src/config/config.ts";
import { createLogger } from "../../src/observe/logger.ts";
import { beforeStatements } from "./before-statements.ts";

const [, , inbound = "", point = ""] = process.argv;
await using stack = new AsyncDisposableStack();
const config = readConfig(process.env);
const { databaseUrl = "", secret = "" } = config;
const core = await openCore(
  stack,
  config,
  { url: databaseUrl, secret, embedded: null },
  createLogger({ level: "warn" }),
);
beforeStatements(core.database.pool, (name) => {
  if (name.startsWith(point)) process.kill(process.pid, "SIGKILL");
  return null;
});
await core.mail.inbound.handle(inbound);
