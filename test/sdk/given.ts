// What the SDK's tests are given: a pace that is told what to do, and items of a stream.
import type { StreamItem } from "../../sdk/src/index.ts";
import type { Pace } from "../../sdk/src/pace.ts";

export interface TestPace extends Pace {
  /** How long was waited, each time. */
  readonly waits: number[];
  nowMs: number;
}

/** Waits for nothing, and notes for how long it should have. @param chance what `random` gives, one after the other, then 1 */
export function testPace(...chance: number[]): TestPace {
  const pace: TestPace = {
    waits: [],
    nowMs: 0,
    now: () => pace.nowMs,
    random: () => chance.shift() ?? 1,
    wait: async (ms) => {
      pace.waits.push(ms);
      pace.nowMs += ms;
    },
  };
  return pace;
}

/** An event of a stream, as far as the SDK looks at it. Its cursor tells what it is of. */
export const eventAdded = (conversation: string, seq: number) =>
  ({
    __typename: "EventAdded",
    cursor: `${conversation}${seq}`,
    conversation: { id: conversation },
    event: { seq },
  }) as StreamItem;

export const gapAfter = (cursor: string): StreamItem => ({ __typename: "Gap", cursor });

/** `conversation` and `seq` of each event in short; of others their kind. */
export const inShort = (item: StreamItem): string =>
  item.__typename === "EventAdded" ? `${item.conversation.id}${item.event.seq}` : item.__typename;
