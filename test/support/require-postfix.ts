// Vitest's global setup of the tests with a mail server: fails with the line that installs what is missing.
import { existsSync } from "node:fs";

export const postfix = "/usr/sbin/postfix";

export function setup(): void {
  if (!existsSync(postfix)) {
    throw new Error(
      `The tests with a mail server need ${postfix}: apt-get update && apt-get install -y --no-install-recommends postfix`,
    );
  }
  // It starts parts of itself as other users.
  if (process.getuid?.() !== 0) throw new Error("The tests with a mail server need to be run by root: postfix does.");
}
