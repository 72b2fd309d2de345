// How often mails may have an effect. Guards against machines that answer look at a mail; these bound what happens when a
// machine looks like a person, and what a stranger can make us send or show. docs/operating.md tells them.
import type pg from "pg";

export interface Budget {
  /** How often, */
  readonly most: number;
  /** within so long. The window begins with the first time. */
  readonly windowMs: number;
}

const hourMs = 3_600 * 1_000;
const dayMs = 24 * hourMs;

export const budgets = {
  /**
   * Mails of one participant that become messages of one conversation. A person in a hurry writes ten in an hour. Two machines
   * that answer each other are stopped by it: what is above it waits for a click, which no machine makes, and nothing is lost.
   */
  postedInHour: { most: 10, windowMs: hourMs },
  postedInDay: { most: 30, windowMs: dayMs },
  /** Mails that ask an address whether a mail is theirs. Whoever forges it makes us send them. */
  confirmations: { most: 3, windowMs: dayMs },
  /** Mails that tell an address why its mail was not posted: once is enough, twice for two conversations. */
  notices: { most: 2, windowMs: dayMs },
  /** Mails by strangers that are kept for one account to decide about. */
  kept: { most: 50, windowMs: dayMs },
  /** Conversations that one address begins with one account. What is above goes to SPAM. */
  begun: { most: 10, windowMs: dayMs },
  /** Conversations that strangers begin in one account's SPAM. What is above is refused. */
  spam: { most: 50, windowMs: dayMs },
} as const satisfies Readonly<Record<string, Budget>>;

/** How often the same words of one participant become messages of one conversation in a day. People do not repeat themselves; machines do. */
export const sameWordsMax = 2;
export const sameWordsWithinMs = dayMs;

/** One row, if there is something left, of the budget whose key, beginning of the window and most are these parameters; $1 is now. */
const spendSql = (key: string, since: string, most: string, condition: string): string =>
  `INSERT INTO mail_budget AS b (key, window_at, spent) SELECT ${key}::text, $1::timestamptz, 1 WHERE ${condition}
    ON CONFLICT (key) DO UPDATE SET
      window_at = CASE WHEN b.window_at > ${since} THEN b.window_at ELSE excluded.window_at END,
      spent = CASE WHEN b.window_at > ${since} THEN b.spent + 1 ELSE 1 END
    WHERE b.window_at <= ${since} OR b.spent < ${most} RETURNING key`;

type BudgetName = keyof typeof budgets;

function parametersOf(name: BudgetName, key: string, now: string): readonly [string, string, number] {
  const { most, windowMs } = budgets[name];
  return [`${name} ${key}`, new Date(Date.parse(now) - windowMs).toISOString(), most];
}

/**
 * Takes one from the budget of `key`. False where nothing is left. Processes that ask at once get no more than there is.
 * @param name what is bounded: keys of different ones do not meet
 */
export async function spend(
  client: Pick<pg.ClientBase, "query">,
  name: BudgetName,
  key: string,
  now: string,
): Promise<boolean> {
  const { rowCount } = await client.query({
    name: "spend_mail_budget",
    text: spendSql("$2", "$3::timestamptz", "$4::int", "true"),
    values: [now, ...parametersOf(name, key, now)],
  });
  return rowCount === 1;
}

/** Takes one from both budgets of `key`; where nothing is left of the first, none from the second. Else as `spend`. */
export async function spendBoth(
  client: Pick<pg.ClientBase, "query">,
  [first, second]: readonly [BudgetName, BudgetName],
  key: string,
  now: string,
): Promise<boolean> {
  const { rowCount } = await client.query({
    name: "spend_mail_budgets",
    text: `WITH first AS (${spendSql("$2", "$3::timestamptz", "$4::int", "true")})
      ${spendSql("$5", "$6::timestamptz", "$7::int", "EXISTS (SELECT FROM first)")}`,
    values: [now, ...parametersOf(first, key, now), ...parametersOf(second, key, now)],
  });
  return rowCount === 1;
}
