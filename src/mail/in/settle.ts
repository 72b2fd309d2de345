// Writes down what became of a mail, and asks for the mail that tells its sender: both or neither.
import { inTransaction } from "../../store/transaction.ts";
import { askMail } from "../out/ask-mail.ts";
import { spend } from "./budgets.ts";
import { settleInbound } from "./inbound-rows.ts";
import type { PlaceOptions, Settled } from "./received.ts";

/** Safe to repeat: what was settled stays, and is asked about once. */
export async function settle(
  { pool, mailDomain, now }: Pick<PlaceOptions, "pool" | "mailDomain" | "now">,
  id: string,
  settled: Settled,
): Promise<void> {
  const { asks, conversation, participant } = settled;
  if (!asks || !conversation || !participant) return void (await settleInbound(pool, id, settled));
  const { about, address, upTo } = asks;
  await inTransaction(pool, async (client) => {
    if (!(await settleInbound(client, id, settled))) return;
    const budget = about.kind === "CONFIRM" ? "confirmations" : "notices";
    if (await spend(client, budget, address, now()))
      await askMail(client, mailDomain, { conversation, participant, upTo, about });
  });
}
