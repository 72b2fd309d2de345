// Whom a mail is from, where it leaves no doubt: whoever checks its signature must come to the same address.
import { isUtf8 } from "node:buffer";
import { domainToASCII } from "node:url";
import { toAddress } from "../../accounts/accounts.ts";
import { type Address, domainOf } from "../../conversation/address.ts";

/**
 * The address of a mail's only From, of its only mailbox; null where there are several headers or mailboxes, or where
 * one reader may find another address than the next: in a comment, in an encoded word, behind a control character.
 * @param head the mail's headers, as bytes: what a charset turns into something else proves nothing
 */
export function strictFrom(head: Buffer): Address | null {
  const text = head.toString("latin1");
  // A line that only some end here (RFC 5321 §2.3.8).
  if (/\r(?!\n)|\0/.test(text)) return null;
  const lines = text.split(/\r?\n(?![ \t])/).filter((line) => /^\s*from[ \t]*:/i.test(line));
  const [line, ...others] = lines;
  if (line === undefined || others.length > 0 || line.length > 2_000) return null;
  const bytes = Buffer.from(line.slice(line.indexOf(":") + 1).replace(/\r?\n/g, ""), "latin1");
  const value = bytes.toString(isUtf8(bytes) ? "utf8" : "latin1");
  // A tab may stand where a line was folded.
  return /[^\P{Cc}\t]/u.test(value) ? null : onlyAddress(value);
}

/** Of `Name <a@a.example>` or `a@a.example`, with the name as words, in quotes or in a comment. */
function onlyAddress(value: string): Address | null {
  const bare = withoutQuoted(value);
  if (bare === null) return null;
  const [, phrase = "", inBrackets] = /^([^<>]*)<([^<>]*)>\s*$/.exec(bare) ?? [];
  const written = inBrackets ?? bare;
  // In a group, a list, a route or a name with an address in it, another reader may find somebody else.
  if (/[@,:;<>]/.test(phrase) || /[,:;<>()"[\]\\]/.test(written)) return null;
  const address = toAddress(written);
  return address !== null && isAsWritten(written.trim(), address) ? address : null;
}

/** With a blank for each comment and each quoted string; null where one does not end. */
function withoutQuoted(value: string): string | null {
  let depth = 0;
  let isQuoted = false;
  let isInBrackets = false;
  let bare = "";
  for (let at = 0; at < value.length; at++) {
    const character = value.charAt(at);
    if (character === "\\" && (isQuoted || depth > 0)) at++;
    else if (isQuoted) isQuoted = character !== '"';
    else if (isInBrackets) bare += character;
    else if (character === "(") depth++;
    else if (depth > 0) depth -= character === ")" ? 1 : 0;
    else if (character === '"') isQuoted = true;
    else bare += character;
    if (depth === 0 && !isQuoted) isInBrackets = (isInBrackets || character === "<") && character !== ">";
    // A local part may not be put together from what stands around it.
    if ((isQuoted && character === '"') || (depth === 1 && character === "(")) bare += " ";
  }
  return isQuoted || depth > 0 ? null : bare;
}

/** Whether the domain is the one that is written, and not what its characters are taken for (UTS #46). */
function isAsWritten(written: string, address: Address): boolean {
  const domain = written.slice(written.lastIndexOf("@") + 1).toLowerCase();
  return domain === domainOf(address) || (/^[\p{L}\p{M}\p{N}.-]+$/u.test(domain) && isNamedSo(domain, address));
}

function isNamedSo(domain: string, address: Address): boolean {
  // Full-width letters and the like are others than what they become.
  return domain === domain.normalize("NFKC") && domainToASCII(domain) === domainOf(address);
}
