// The checks that only the store on PostgreSQL makes, each switched off: the simulation has a store in memory, so the suites that
// both pass fail, and those of races.
import type { Mutation } from "./mutations.ts";

const races = "test/races/append.test.ts";
const peers = "test/store/postgres-peer-store.test.ts";
const log = "test/store/postgres-store.test.ts";

type Change = readonly [without: string, by: string, file: string, from: string, to: string];

const all: readonly Change[] = [
  [
    "that a head is as it was decided on",
    races,
    "write.ts",
    "WHERE c.head = (SELECT parent FROM head WHERE head.id = excluded.id) AND c.frozen_at IS NULL",
    "WHERE c.frozen_at IS NULL",
  ],
  [
    "that nothing is written in doubt",
    peers,
    "write.ts",
    "\n      AND NOT (c.in_doubt AND (SELECT is_sequenced FROM head WHERE head.id = excluded.id))",
    "",
  ],
  ["that a draft is as it was read", races, "write.ts", "AND (d.version IS NULL OR draft.version = d.version)", ""],
  [
    "that a discarded draft is not published",
    races,
    "write.ts",
    '"AND (draft_hash IS NULL OR draft_hash NOT IN (SELECT hash FROM draft_kept))"',
    '""',
  ],
  [
    "that a conversation is out once",
    races,
    "append.ts",
    "const isFree = [conversation, ...keys].every((key) => !out.has(key) && !held.has(key));",
    "const isFree = true;",
  ],
  [
    "what may be tried again after a failure",
    races,
    "append.ts",
    "const mayTryAgain = isRefusal(error) && (batch.length > 1 || isWorthRetrying(error));",
    "const mayTryAgain = true;",
  ],
  [
    "that an answer is of what was written",
    races,
    "decide-batch.ts",
    "if (!isUnproven || proven.has(conversation)) answer();",
    "if (true) answer();",
  ],
  [
    "that what was not followed is looked at once more",
    "test/store/follow-race.test.ts",
    "decide-batch.ts",
    "if (taken.stopped && entries.length === 0) stopped.add(conversation);",
    "",
  ],
  ["that a platform tells of its own people's receipts", peers, "foreign-receipts.ts", "p.via = $1 AND p.status", "p.status"],
];

export const mutationsOfStore: readonly Mutation[] = all.map(
  ([without, by, file, from, to]): Mutation => ({ without, by, changes: [[`src/store/${file}`, from, to]] }),
);
