// Addresses that get no mail: of those that do not exist, and of people who complained.
import type pg from "pg";

export interface Suppressed {
  readonly address: string;
  readonly reason: "HARD_BOUNCE" | "COMPLAINT";
  /** What the provider or the other side said; kept are the first 512 bytes. */
  readonly answer: string;
  /** The mail that told, where one did. */
  readonly mailId: string | null;
}

type Queried = Pick<pg.Pool, "query"> | Pick<pg.ClientBase, "query">;

/** From now on. A complaint counts more than a bounce. Safe to repeat. */
export async function suppress(pool: Queried, { address, reason, answer, mailId }: Suppressed): Promise<void> {
  await pool.query({
    name: "suppress",
    text: `INSERT INTO suppression AS s (address, reason, answer, mail_id) VALUES ($1, $2, $3, $4)
      ON CONFLICT (address) DO UPDATE SET reason = excluded.reason, answer = excluded.answer, mail_id = excluded.mail_id,
        at = excluded.at WHERE s.reason <> 'COMPLAINT'`,
    values: [address, reason, firstBytes(answer), mailId],
  });
}

/** The address gets mails again; those that it did not get are not sent by this. Whether it was suppressed. */
export async function liftSuppression(pool: Queried, address: string): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: "lift_suppression",
    text: "DELETE FROM suppression WHERE address = $1",
    values: [address],
  });
  return rowCount === 1;
}

/** All of them, the latest first. */
export async function readSuppressed(pool: Queried): Promise<readonly (Suppressed & { readonly at: Date })[]> {
  const { rows } = await pool.query<Suppressed & { readonly at: Date }>(
    `SELECT address, reason, answer, mail_id AS "mailId", at FROM suppression ORDER BY at DESC, address`,
  );
  return rows;
}

/** As much of an answer as is kept. */
export function firstBytes(answer: string): string {
  const bytes = Buffer.from(answer.toWellFormed().replaceAll("\0", ""));
  return bytes.length <= answerBytes
    ? bytes.toString()
    : bytes
        .subarray(0, answerBytes)
        .toString()
        .replace(/\ufffd$/, "");
}

const answerBytes = 512;
