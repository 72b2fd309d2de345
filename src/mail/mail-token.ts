// Tokens in addresses and links of mails. Each says whose it is and proves that we made it for one purpose: so that what
// stands in a mail's text is good for nothing that stands in its headers.
//
// In lower case and of few characters: local parts of addresses have at most 64, and some pass through programs that change
// the case.
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

export const tokenPurposes = [
  /** Of a MailParticipation, in the reply address: names them. */
  "reply",
  /** Of a Mail, in its envelope's sender. */
  "bounce",
  /** Of a Mail: opens the conversation up to it. */
  "link",
  /** Of a Mail, in its headers: mutes. */
  "mute",
  /** Of an InboundMail: confirms that it is theirs. */
  "confirm",
] as const;
export type TokenPurpose = (typeof tokenPurposes)[number];

/** A row that tokens are made of. */
export interface TokenSource {
  /** A UUID. */
  readonly id: string;
  readonly secret: Uint8Array;
}

const idBytes = 16;
const proofBytes = 10;
const alphabet = "abcdefghijklmnopqrstuvwxyz234567";
/** 208 bits in RFC 4648's base32, lower case, without padding. */
const tokenForm = /^[a-z2-7]{42}$/;

export function newSecret(): Buffer {
  return randomBytes(32);
}

/** 42 characters of `a-z2-7`. */
export function mailToken(purpose: TokenPurpose, source: TokenSource): string {
  return toBase32(Buffer.concat([Buffer.from(source.id.replaceAll("-", ""), "hex"), proofOf(purpose, source)]));
}

/** Of which row a token is, if it is one; whatever its case. */
export function idOfToken(token: string): string | null {
  const bytes = fromBase32(token);
  if (bytes === null) return null;
  const hex = bytes.toString("hex", 0, idBytes);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Whether the token was made of this row for this purpose. Takes the same time whatever is wrong. */
export function isTokenOf(purpose: TokenPurpose, token: string, source: TokenSource): boolean {
  const bytes = fromBase32(token);
  return (
    bytes !== null &&
    idOfToken(token) === source.id &&
    timingSafeEqual(bytes.subarray(idBytes), proofOf(purpose, source))
  );
}

function proofOf(purpose: TokenPurpose, { secret }: TokenSource): Buffer {
  return createHmac("sha256", secret).update(`parley/mail-token/1\n${purpose}`).digest().subarray(0, proofBytes);
}

function toBase32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(value >>> (bits - 5)) & 31];
    value &= 31;
  }
  return bits > 0 ? text + alphabet[(value << (5 - bits)) & 31] : text;
}

/** Null for what is no token's text. */
function fromBase32(token: string): Buffer | null {
  const text = token.toLowerCase();
  if (!tokenForm.test(text)) return null;
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const character of text) {
    value = (value << 5) | alphabet.indexOf(character);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((value >>> bits) & 255);
    value &= (1 << bits) - 1;
  }
  // Two texts for one token would be two keys for one lock.
  return value === 0 ? Buffer.from(bytes) : null;
}
