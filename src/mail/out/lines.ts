// What people wrote, as it may stand in a line of a mail's head: names and subjects can hold anything.
import { limits } from "../../conversation/limits.ts";

/** Above this, in characters that people see, a name is cut: some programs show nothing of a From that is longer. */
const nameMax = 60;

/**
 * One line of it: no line breaks, no control characters, nothing that turns the text around it, no half characters. And
 * nothing that reads as an encoded word (RFC 2047 §2): programs decode those even between quotes.
 */
export function lineOf(text: string): string {
  return (
    text
      .toWellFormed()
      .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")
      // But for those that join letters and emoji.
      .replace(/(?![\u200c\u200d])\p{Cf}/gu, "")
      .replaceAll("=?", "= ?")
      .replace(/\s+/gu, " ")
      .trim()
  );
}

/** Making one takes longer than asking it. */
const segmenter = new Intl.Segmenter("en");

/** What a name comes to where it is shown; `fallback` where nothing of it can be. */
export function nameOf(name: string | null, fallback = "Somebody"): string {
  const line = lineOf(name ?? "");
  if (line === "") return fallback;
  // No need to look at all of what is far too long.
  const seen = [...segmenter.segment(line.slice(0, 40 * nameMax))].map(({ segment }) => segment);
  return seen.length > nameMax
    ? `${seen
        .slice(0, nameMax - 1)
        .join("")
        .trimEnd()}…`
    : line;
}

/** `Ann`; `Ann and Bob`; `Ann, Bob and 2 others`. @param others how many there are besides */
export function listOf(names: readonly string[], others = 0): string {
  const all = others > 0 ? [...names, `${others} ${others === 1 ? "other" : "others"}`] : names;
  return all.length < 2 ? (all[0] ?? "") : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
}

/** `2026-01-31 09:30 UTC`. @param at as RFC 3339 in UTC */
export const shownMinute = (at: string): string => `${at.slice(0, 16).replace("T", " ")} UTC`;

/** Who a mail is from, for people: whose words it has, in their order. */
export function fromName(authors: readonly (string | null)[]): string {
  const [first, ...more] = [...new Set(authors.map((name) => nameOf(name)))].map(withoutDomain);
  if (first === undefined) return "Parley";
  return `${more.length === 1 ? listOf([first, ...more]) : listOf([first], more.length)} via Parley`;
}

/** Of who has no name but an address. A name with an address in it is taken for forgery where the mail comes from another. */
const withoutDomain = (name: string): string => name.replace(/^([^\s@]+)@[^\s@]+$/, "$1");

/**
 * The subject of all mails of a conversation to somebody: what begins it, and `Re: ` before that in the rest. All programs
 * take `Re: ` away before they compare; and so do answers read that people write, which are between ours.
 */
export function subjectOf(subject: string | null, isFirst: boolean): string {
  const line = [...lineOf(subject ?? "")].slice(0, limits.subjectCharacters).join("") || "A conversation";
  return isFirst || /^re:/i.test(line) ? line : `Re: ${line}`;
}

const weekday = new Intl.DateTimeFormat("en-GB", { weekday: "long", timeZone: "UTC" });

/** The same with its day of the week, by which people remember. */
export const dayAndMinuteOf = (at: Date): string => `${weekday.format(at)} ${shownMinute(at.toISOString())}`;
