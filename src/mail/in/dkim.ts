// DKIM signatures of a mail: which of them can say whose it is, and whether they are true. Bounded, whatever the mail has.
import { dkimVerify } from "mailauth/lib/dkim/verify.js";
import { z } from "zod";
import { headersEnd } from "../mail-head.ts";
import type { ResolveRecords } from "./bounded-resolver.ts";

export interface Signed {
  /** Whose it is. */
  readonly domain: string;
  readonly isTrue: boolean;
  /** For people. */
  readonly said: string;
}

/** Each costs a look-up, and the first passes. */
const signaturesMax = 4;

/**
 * The signatures of domains that count, at most four.
 * @param counts whether a domain's signature says anything about whose the mail is
 * @param replyTo reply addresses of ours that it came to: whoever was sent a signed mail can send it on to one of them. So where
 * a signature is also over whom the mail was to, that has to be one of these. Some (Outlook's) are not.
 */
export async function verifyDkim(
  raw: Buffer,
  resolver: ResolveRecords,
  counts: (domain: string) => boolean,
  replyTo: readonly string[] = [],
): Promise<readonly Signed[]> {
  const end = headersEnd(raw);
  let count = 0;
  let isFound = false;
  const fields = fieldsOf(raw.toString("latin1", 0, end)).filter((field) => {
    // Chains of forwarders are not followed: they say what others say they saw.
    if (/^arc-/i.test(field)) return false;
    if (!/^dkim-signature[ \t]*:/i.test(field)) return true;
    const domain = tagOf(field, "d");
    if (domain === null || !counts(domain)) return false;
    isFound = true;
    // RFC 8301 §3.1: no SHA-1. RFC 6376 §8.2: to what is signed in part, anybody adds words.
    const isWeak = /sha1/i.test(tagOf(field, "a") ?? "") || tagOf(field, "l") !== null;
    return !isWeak && count++ < signaturesMax;
  });
  if (count === 0) return isFound ? [{ domain: "", isTrue: false, said: "only weak signatures" }] : [];
  const body = raw.subarray(end);
  if (!isQuicklyHashed(body))
    return [{ domain: "", isTrue: false, said: "not verified: it has too many or too long lines" }];
  const { results } = await dkimVerify(Buffer.concat([Buffer.from(fields.join(""), "latin1"), body]), { resolver });
  return results.map((result) => {
    const { signingDomain: domain, status } = result;
    const { data } = signedHeadersSchema.safeParse(result);
    // RFC 6376 §5.4: From has to be among what is signed.
    const names = data?.signingHeaders.keys.toLowerCase().split(": ") ?? [];
    const isFromSigned = names.includes("from");
    const isSentOn = replyTo.length > 0 && names.includes("to") && !isAddressed(fields, names, replyTo);
    const isTrue = status.result === "pass" && isFromSigned && !status.underSized && !isSentOn;
    const not = isSentOn ? "sent on: it was to others" : "not of the From";
    const why = status.result === "pass" && !isTrue ? not : (status.comment ?? "");
    return { domain: domain ?? "", isTrue, said: [status.result, domain, why].filter(Boolean).join(" ") };
  });
}

/** Whether one of the addresses stands in those of To and Cc that are signed: the last of each (RFC 6376 §5.4.2). */
function isAddressed(fields: readonly string[], names: readonly string[], addresses: readonly string[]): boolean {
  const signed = ["to", "cc"]
    .filter((name) => names.includes(name))
    .map((name) => fields.findLast((field) => new RegExp(`^${name}[ \\t]*:`, "i").test(field)) ?? "")
    .map((field) => field.toLowerCase().replace(/\s+/g, ""));
  return addresses.some((address) => signed.some((field) => field.includes(address.toLowerCase())));
}

const signedHeadersSchema = z.object({ signingHeaders: z.object({ keys: z.string() }) });

/** With the lines that go on with them, and their ends. */
function fieldsOf(head: string): readonly string[] {
  return head.split(/(?<=\n)(?![ \t])/);
}

/** RFC 6376 §3.2. */
function tagOf(field: string, name: string): string | null {
  for (const tag of field.slice(field.indexOf(":") + 1).split(";")) {
    const at = tag.indexOf("=");
    if (at > 0 && tag.slice(0, at).trim() === name) return tag.slice(at + 1).replace(/\s+/g, "");
  }
  return null;
}

const quicklyHashedBytes = 1024 * 1024;
const linesMax = 500_000;
const lineBytesMax = 2_000;

/**
 * Whether hashing it takes moments, as it does for mails that people's programs make: RFC 5322 §2.1.1 allows 998 bytes a line. mailauth
 * takes longer the longer lines are: 25 MiB of blanks in one line took it 49 s, in lines of a thousand 1.3 s; half a million lines of 50 took 2.6 s.
 */
function isQuicklyHashed(body: Buffer): boolean {
  if (body.length <= quicklyHashedBytes) return true;
  let begin = 0;
  for (let lines = 0; lines < linesMax; lines++) {
    const end = body.indexOf(10, begin);
    if ((end === -1 ? body.length : end) - begin > lineBytesMax) return false;
    if (end === -1) return true;
    begin = end + 1;
  }
  return false;
}
