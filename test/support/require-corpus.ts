// Vitest's global setup of the corpus tests: says what they need where it is missing.
import { existsSync } from "node:fs";

export function setup(): void {
  const folder = process.env["PARLEY_TEST_DATA"];
  if (folder === undefined || folder === "") {
    throw new Error(
      "The corpus tests need PARLEY_TEST_DATA, the folder of the corpora: PARLEY_TEST_DATA=… npx vitest run --project corpus",
    );
  }
  if (!existsSync(folder)) throw new Error(`PARLEY_TEST_DATA names a folder that is not there: ${folder}`);
}
