// Bare CR and bare LF: what tells the end of a line to some programs, and not to others.

const lineFeed = 10;
const carriageReturn = 13;

/**
 * Whether all line ends are CR LF. RFC 5321 §2.3.8: no other way to end a line is to be sent, or taken for one. Programs on the way
 * that take another for the end of a mail can be made to pass on a second mail, in anybody's name, that stands in the first
 * (SMTP smuggling).
 */
export function hasOnlyCrLf(mail: Buffer): boolean {
  for (let at = mail.indexOf(lineFeed); at >= 0; at = mail.indexOf(lineFeed, at + 1)) {
    if (mail[at - 1] !== carriageReturn) return false;
  }
  for (let at = mail.indexOf(carriageReturn); at >= 0; at = mail.indexOf(carriageReturn, at + 1)) {
    if (mail[at + 1] !== lineFeed) return false;
  }
  return true;
}
