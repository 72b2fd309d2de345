// Writes down what became of a mail, and asks for the mail that tells its sender: both or neither.
import { isErasedSql } from "../../store/read/erased-sql.ts";
import { inTransaction } from "../../store/transaction.ts";
import { askMail } from "../out/ask-mail.ts";
import { spend } from "./budgets.ts";
import { settleInbound } from "./inbound-rows.ts";
import { eraseFiles } from "./original.ts";
import type { PlaceOptions, Settled } from "./received.ts";

type SettleOptions = Pick<PlaceOptions, "pool" | "blobs" | "mailDomain" | "now">;

/** Safe to repeat: what was settled stays, and is asked about once. */
export async function settle(options: SettleOptions, id: string, settled: Settled): Promise<void> {
  const { pool, mailDomain, now } = options;
  const { asks, conversation, participant } = settled;
  if (!asks || !conversation || !participant) {
    await settleInbound(pool, id, settled);
    return eraseWhatIsGone(options, settled);
  }
  const { about, address, upTo } = asks;
  await inTransaction(pool, async (client) => {
    if (!(await settleInbound(client, id, settled))) return;
    const budget = about.kind === "CONFIRM" ? "confirmations" : "notices";
    if (await spend(client, budget, address, now()))
      await askMail(client, mailDomain, { conversation, participant, upTo, about });
  });
}

/**
 * Whoever erased the message before it was written down which mail it was could not know of these bytes. From then on who erases
 * it does.
 */
async function eraseWhatIsGone(options: SettleOptions, { status, conversation, message }: Settled): Promise<void> {
  if (status !== "POSTED" || !conversation || !message) return;
  const { rowCount } = await options.pool.query({
    name: "is_posted_erased",
    text: `SELECT FROM event AS e WHERE e.conversation_id = $1 AND e.id = $2 AND ${isErasedSql("e")}`,
    values: [conversation, message],
  });
  if (rowCount !== 0) await eraseFiles(options, conversation);
}
