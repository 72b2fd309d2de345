// What an archive is ordered by, from a mail's headers alone: its id, what it refers to, when it was sent.
import { parseMailDate } from "./mail-date.ts";

export interface MailHead {
  /** Without angle brackets; null where the mail has none. */
  readonly messageId: string | null;
  /** Ids that the mail names in References, oldest first. */
  readonly references: readonly string[];
  /** What stands in angle brackets in In-Reply-To. RFC 5256: among ids there may be addresses, and nothing tells them apart. */
  readonly inReplyTo: readonly string[];
  /** Milliseconds since 1970; null where no header says a time that can be. */
  readonly sentMs: number | null;
  /** Whether `sentMs` is what the mail's own Date says. */
  readonly isDated: boolean;
  /** Whether there is any header that makes it a mail. */
  readonly isMail: boolean;
}

const named = /^(message-id|references|in-reply-to|date|received|from|to|subject)[ \t]*:(.*)$/is;

/**
 * @param head the mail's first bytes, with all of its headers
 * @param fromLine of the mbox, which has the time at which the mail arrived
 * @param latestMs no mail was sent after this: a clock that says so was wrong
 */
export function readMailHead(head: Buffer, fromLine: string, latestMs: number): MailHead {
  const headers = new Map<string, string>();
  const block = head.toString("latin1", 0, headersEnd(head));
  // A line that begins with a blank goes on with the one before (RFC 5322 §2.2.3).
  for (const line of block.split(/\r?\n(?![ \t])/)) {
    const [, name, value] = named.exec(line) ?? [];
    if (name === undefined || value === undefined || headers.has(name.toLowerCase())) continue;
    headers.set(name.toLowerCase(), value);
  }
  const received = headers.get("received") ?? "";
  const plausible = (text: string): number | null => {
    const ms = parseMailDate(text.replace(/\s+/g, " "));
    return ms !== null && ms >= 0 && ms <= latestMs ? ms : null;
  };
  const ownMs = plausible(headers.get("date") ?? "");
  return {
    messageId: messageIdIn(headers.get("message-id") ?? ""),
    references: idsIn(headers.get("references") ?? ""),
    inReplyTo: idsIn(headers.get("in-reply-to") ?? ""),
    sentMs:
      ownMs ??
      plausible(received.slice(received.lastIndexOf(";") + 1)) ??
      plausible(fromLine.replace(/^From \S*\s+/, "")),
    isDated: ownMs !== null,
    isMail: headers.size > 0,
  };
}

/** Where the empty line after the headers begins; the end where there is none. */
export function headersEnd(mail: Buffer): number {
  const ends = [mail.indexOf("\n\n"), mail.indexOf("\n\r\n")].filter((at) => at !== -1);
  return ends.length === 0 ? mail.length : Math.min(...ends) + 1;
}

function idsIn(value: string): readonly string[] {
  // Where a line was folded within an id, the blanks are the folding's.
  const ids = [...value.matchAll(/<([^<>]+)>/g)].map(([, id = ""]) => id.replace(/\r?\n[ \t]*/g, "").trim());
  return [...new Set(ids.filter((id) => id !== ""))];
}

function messageIdIn(value: string): string | null {
  // Some programs leave the brackets out.
  return idsIn(value)[0] ?? (/^\s*([^\s<>]+)\s*$/.exec(value)?.[1] || null);
}
