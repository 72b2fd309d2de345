// What a report says of a mail of ours: to whom it could not be delivered, and why; or who complained of it.
import { toAddress } from "../../accounts/accounts.ts";
import type { Address } from "../../conversation/address.ts";
import { oneLine } from "../mail-text.ts";
import type { IncomingFile, IncomingMail } from "./parse-incoming.ts";

/** What is said of one recipient (RFC 3464 §2.3). */
export interface FailedRecipient {
  /** The one that we wrote to, where the report still knows it; null where it names none that can be one. */
  readonly address: Address | null;
  /**
   * `failed` for good; `delayed`, so that another try is under way; `temporary`, given up for now; `delivered`, and no
   * fault. What is not for good says nothing of the address.
   */
  readonly outcome: "failed" | "delayed" | "temporary" | "delivered";
  /** `5.1.1` (RFC 3463); null where there is none. */
  readonly status: string | null;
  /** One line, at most 512 characters; empty where there is none. */
  readonly diagnostic: string;
}

export interface Report {
  readonly kind: "bounce" | "complaint";
  readonly recipients: readonly FailedRecipient[];
  /** The Message-ID of the mail that it is about, without angle brackets; null where it does not say. */
  readonly messageId: string | null;
  /** Headers of that mail, as far as the report has them: a name in lower case may be there more than once. */
  readonly about: readonly { readonly name: string; readonly value: string }[];
}

/** Of more, nobody reads them. */
const recipientsMax = 100;
const fieldsMax = 1_000;
const partBytesMax = 256 * 1024;

/**
 * What a mail reports, or null where it is no report: RFC 3464 (delivery), RFC 5965 (complaints), and the
 * X-Failed-Recipients of those who write no form. Nothing proves who sent it: it counts only with the delivery's token.
 */
export function reportOf(mail: IncomingMail): Report | null {
  const textOf = (types: readonly string[]) => mail.files.filter(({ type }) => types.includes(type)).map(wordsOf);
  const about = fieldsOf(
    textOf(["text/rfc822-headers", "message/rfc822-headers", "message/rfc822", "message/global"])[0] ?? "",
  );
  const original = { about, messageId: messageIdIn(about) };
  const complaint = textOf(["message/feedback-report"])[0];
  if (complaint !== undefined) return { kind: "complaint", recipients: complainedOf(complaint, about), ...original };
  const statuses = textOf(["message/delivery-status", "message/global-delivery-status"]);
  if (statuses.length > 0) {
    return { kind: "bounce", recipients: statuses.flatMap(recipientsOf).slice(0, recipientsMax), ...original };
  }
  const failed = mail.headers
    .filter(({ name }) => name === "x-failed-recipients")
    .flatMap(({ value }) => value.split(","));
  if (failed.length === 0) return null;
  return {
    kind: "bounce",
    recipients: failed.slice(0, recipientsMax).map((one) => ofNoForm(one, mail.text)),
    ...original,
  };
}

function wordsOf({ bytes }: IncomingFile): string {
  return Buffer.from(bytes.subarray(0, partBytesMax)).toString("utf8").replace(/\r\n?/g, "\n");
}

type Field = { readonly name: string; readonly value: string };

/** The fields up to the first empty line. */
function fieldsOf(text: string): readonly Field[] {
  const block = text.replace(/^\n+/, "").split(/\n[ \t]*\n/, 1)[0] ?? "";
  return block
    .split(/\n(?![ \t])/)
    .slice(0, fieldsMax)
    .flatMap((line) => {
      const colon = line.indexOf(":");
      if (colon < 1) return [];
      return [
        {
          name: line.slice(0, colon).trim().toLowerCase(),
          value: line
            .slice(colon + 1)
            .replace(/\s+/g, " ")
            .trim(),
        },
      ];
    });
}

const firstOf = (fields: readonly Field[], name: string): string =>
  fields.find((field) => field.name === name)?.value ?? "";

/** Without its `rfc822;`. */
const typed = (value: string): string => value.slice(value.indexOf(";") + 1).trim();

const addressIn = (value: string): Address | null => toAddress(/<([^<>]+)>/.exec(value)?.[1] ?? value);

function messageIdIn(fields: readonly Field[]): string | null {
  return /<([^<>\s]+)>/.exec(firstOf(fields, "message-id"))?.[1] ?? null;
}

/** A group of fields for each recipient, after the one for the mail. */
function recipientsOf(status: string): readonly FailedRecipient[] {
  return status
    .split(/\n[ \t]*\n+/)
    .slice(0, fieldsMax)
    .map(fieldsOf)
    .filter((fields) =>
      ["final-recipient", "original-recipient", "action"].some((name) => firstOf(fields, name) !== ""),
    )
    .map((fields) => {
      const said = firstOf(fields, "action").toLowerCase();
      const code = /(?<!\d)([245])\.(\d{1,3})\.(\d{1,3})(?!\d)/.exec(firstOf(fields, "status"));
      // Of the two, the original one is whom we wrote to; the final one is where that forwards to.
      const address =
        addressIn(typed(firstOf(fields, "original-recipient"))) ?? addressIn(typed(firstOf(fields, "final-recipient")));
      return {
        address,
        outcome: outcomeOf(said, code?.[1] ?? ""),
        status: code?.[0] ?? null,
        diagnostic: oneLine(typed(firstOf(fields, "diagnostic-code")), 512),
      };
    });
}

/** For good only where both say so: some report what they will try again as failed, with a status of 4. */
function outcomeOf(action: string, statusClass: string): FailedRecipient["outcome"] {
  if (["delivered", "relayed", "expanded"].includes(action)) return "delivered";
  if (action === "delayed") return "delayed";
  if (statusClass === "2") return "delivered";
  return statusClass === "4" ? "temporary" : "failed";
}

function complainedOf(report: string, about: readonly Field[]): readonly FailedRecipient[] {
  const fields = fieldsOf(report);
  const named = [
    ...fields.filter(({ name }) => name === "original-rcpt-to"),
    ...fields.filter(({ name }) => name === "removal-recipient"),
  ];
  const values = named.length > 0 ? named.map(({ value }) => value) : [firstOf(about, "to")];
  const type = firstOf(fields, "feedback-type");
  return values
    .slice(0, recipientsMax)
    .map((value) => ({ address: addressIn(value), outcome: "failed", status: null, diagnostic: oneLine(type, 512) }));
}

function ofNoForm(recipient: string, text: string | null): FailedRecipient {
  const line = /[^\n]{0,300}(?<!\d)([45])(?:\d{2}[ -]\1)?\.\d{1,3}\.\d{1,3}(?!\d)[^\n]{0,300}/.exec(
    (text ?? "").slice(0, 16_384),
  );
  const status = /(?<!\d)[45]\.\d{1,3}\.\d{1,3}(?!\d)/.exec(line?.[0] ?? "")?.[0] ?? null;
  return {
    address: addressIn(recipient),
    outcome: status?.startsWith("4") ? "temporary" : "failed",
    status,
    diagnostic: oneLine(line?.[0] ?? "", 512),
  };
}
