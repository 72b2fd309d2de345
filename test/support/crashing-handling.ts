// A process of its own: works through the mail that its first argument names, and is killed before the first statement whose
// name begins with the second. Settings come from the environment.
import { beforeStatements } from "./before-statements.ts";
import { openCoreWith } from "./open-core.ts";

const [, , inbound = "", point = ""] = process.argv;
await using stack = new AsyncDisposableStack();
const core = await openCoreWith(stack, process.env);
beforeStatements(core.database.pool, (name) => {
  if (name.startsWith(point)) process.kill(process.pid, "SIGKILL");
  return null;
});
await core.mail.inbound.handle(inbound);
