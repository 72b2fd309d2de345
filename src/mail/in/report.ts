// Reports about mails of ours: delivery status notifications (RFC 3464) and complaints (RFC 5965).
import PostalMime from "postal-mime";
import type { Report } from "./handle-bounce.ts";

/** What a mail reports, of the first recipient that it names: ours have one. Null where it is no report, or is not to be read. */
export async function readReport(raw: Buffer): Promise<Report | null> {
  const email = await PostalMime.parse(raw).catch(() => null);
  for (const { mimeType, content } of email?.attachments ?? []) {
    const text = typeof content === "string" ? content : new TextDecoder().decode(content);
    if (mimeType === "message/delivery-status" || mimeType === "message/global-delivery-status")
      return deliveryIn(text);
    if (mimeType === "message/feedback-report") return complaintIn(text);
  }
  return null;
}

// RFC 3464 §2.3.3; expanded and relayed: it arrived somewhere.
const kinds: ReadonlyMap<string, Report["kind"]> = new Map([
  ["failed", "bounced"],
  ["delayed", "delayed"],
  ["delivered", "delivered"],
  ["relayed", "delivered"],
  ["expanded", "delivered"],
]);

function deliveryIn(text: string): Report | null {
  // The first block is about the mail, each further one about a recipient.
  const blocks = text.split(/\r?\n[ \t]*\r?\n/).map(fieldsIn);
  const recipient = blocks.find((block) => block.has("action"));
  const kind = kinds.get(recipient?.get("action")?.toLowerCase() ?? "");
  if (recipient === undefined || kind === undefined) return null;
  const [code = ""] = /\d\.\d{1,3}\.\d{1,3}/.exec(recipient.get("status") ?? "") ?? [];
  const answer = recipient.get("diagnostic-code") ?? recipient.get("status") ?? "";
  return { kind, isPermanent: kind === "bounced" && isOfTheAddress(code), code: code || kind, answer };
}

/**
 * Whether the status (RFC 3463 §3) says that the address takes no mail, now and later: bad destination mailbox or system, mailbox disabled. A
 * full mailbox, a policy, a size or a network say nothing of tomorrow.
 */
function isOfTheAddress(code: string): boolean {
  return /^5\.1\.\d+$/.test(code) || code === "5.2.1" || code === "5.0.0" || code === "5.7.13";
}

function complaintIn(text: string): Report {
  const fields = fieldsIn(text);
  const type = fields.get("feedback-type") ?? "abuse";
  // RFC 5965 §3.1, RFC 6430: of others, `not-spam` and `auth-failure` are no complaints.
  const isComplaint = ["abuse", "fraud", "virus", "other", "opt-out"].includes(type.toLowerCase());
  const answer = `${type} ${fields.get("user-agent") ?? ""}`.trim();
  return { kind: isComplaint ? "complained" : "delivered", isPermanent: isComplaint, code: type.slice(0, 40), answer };
}

/** Names in lower case; of several of a name, the first. */
function fieldsIn(block: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of block.split(/\r?\n(?![ \t])/)) {
    const [, name, value] = /^([!-9;-~]+)[ \t]*:(.*)$/s.exec(line) ?? [];
    if (name === undefined || value === undefined || fields.has(name.toLowerCase())) continue;
    fields.set(name.toLowerCase(), value.replace(/\s+/g, " ").trim());
  }
  return fields;
}
