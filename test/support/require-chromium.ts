// Vitest's global setup of the browser tests: fails with the line that installs what is missing.
import { existsSync } from "node:fs";

export const chromium = "/usr/bin/chromium";

export function setup(): void {
  if (!existsSync(chromium)) {
    throw new Error(`The browser tests need ${chromium}: apt-get update && apt-get install -y chromium`);
  }
}
