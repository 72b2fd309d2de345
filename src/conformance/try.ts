// One try: what is sent, what may come, and the requirement that it is about.
import type { MustNumber } from "./musts.ts";
import type { Stage } from "./stage.ts";

export interface Try {
  readonly must: MustNumber;
  /** In words. */
  readonly sent: string;
  /** Any of these is right. */
  readonly expected: readonly string[];
  /** What came, in the words of `expected`. @throws LeftOut; any other error is what came */
  came(stage: Stage): Promise<string>;
}

export const tryOf = (
  must: MustNumber,
  sent: string,
  expected: string | readonly string[],
  came: Try["came"],
): Try => ({ must, sent, expected: typeof expected === "string" ? [expected] : expected, came });
