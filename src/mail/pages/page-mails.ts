// Mails that were written on this machine's page, and what became of them, in words.
import type pg from "pg";
import type { InboundStatus } from "../in/inbound-rows.ts";

export interface PageMail {
  readonly id: string;
  readonly at: Date;
  readonly from: string;
  readonly to: string;
  /** What became of it, and why. */
  readonly became: string;
}

/** Makes the function that reads the last of them, the latest first. */
export function createReadPageMails(pool: Pick<pg.Pool, "query">, limit = 5) {
  return async (): Promise<readonly PageMail[]> => {
    const { rows } = await pool.query<{
      id: string;
      received_at: Date;
      sender: string | null;
      recipient: string | null;
      status: InboundStatus;
      reason: string | null;
    }>({
      name: "page_mails",
      text: `SELECT id, received_at, envelope->>'from' AS sender, envelope->'to'->>0 AS recipient, status, reason
        FROM inbound_mail WHERE envelope->>'source' = 'page' ORDER BY received_at DESC, id LIMIT $1`,
      values: [limit],
    });
    return rows.map(({ id, received_at: at, sender, recipient, status, reason }) => ({
      ...{ id, at, from: sender ?? "", to: recipient ?? "" },
      became: becameOf(status, reason),
    }));
  };
}

const statuses: Readonly<Record<InboundStatus, string>> = {
  WAITING: "It is being worked through",
  POSTED: "Its words are in a conversation",
  HELD: "Its sender is asked by mail whether it is theirs",
  KEPT: "Somebody who takes part is asked whether to take it in",
  IGNORED: "It was left out",
  REFUSED: "It was not taken",
};

const reasons: Readonly<Record<string, string>> = {
  ACCOUNT: "its sender's address is of this platform, where accounts write by themselves",
  PLATFORM: "its sender's address is of another platform, and they write there",
  OTHER_SENDER: "it is from somebody else than the mail that it answers was for",
  NOBODY_DECIDES: "nobody is there who could take its sender in",
  NO_RECIPIENT: "it was to nobody here",
  NO_WORDS: "there were no words in it but those that it quotes",
  TOO_MANY: "too many came in",
  SAME_WORDS: "the same words came in before",
  BOUNCE: "it tells of a mail that did not arrive",
  REPEATED: "the same mail came in before",
  UNCLEAR_SENDER: "it does not say who of several wrote it",
  DISCARDED: "whoever was asked did not want it",
  FORGOTTEN: "nobody decided in time",
  EXPIRED: "the conversation has expired",
  NOT_PARTICIPANT: "its sender does not take part",
  NOT_A_PARTICIPANT: "its sender does not take part",
};

/** @param reason a code; one that has no words here is said as it is */
export function becameOf(status: InboundStatus, reason: string | null): string {
  const why = reason === null ? null : (reasons[reason] ?? reason.toLowerCase().replaceAll("_", " "));
  return why === null ? `${statuses[status]}.` : `${statuses[status]}: ${why}.`;
}
