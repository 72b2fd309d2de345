// When a mail says that it was sent.

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

// RFC 5322 §4.3; other names say nothing sure, and count as UTC.
const zoneHours: Readonly<Record<string, number>> = {
  ...{ EST: -5, EDT: -4, CST: -6, CDT: -5, MST: -7, MDT: -6, PST: -8, PDT: -7 },
  ...{ CET: 1, MET: 1, CEST: 2, MEST: 2, BST: 1, IST: 1, JST: 9 },
};

// `Fri, 1 Feb 2002 10:29:23 +0100`, and what programs made of it: dashes, no seconds, no zone.
const sent =
  /^(?:[a-z]+,?\s+)?(\d{1,2})[\s-]+([a-z]{3})[a-z]*\.?[\s-]+(\d{2,4}),?\s+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:[.,]\d+)?\s*(.*)$/i;
// `Mon Sep  9 17:57:43 2002`, with or without a zone before or after the year.
const asctime =
  /^(?:[a-z]{3},?\s+)?([a-z]{3})[a-z]*\s+(\d{1,2}),?\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s+(?:([a-z]{1,5}|[+-]\d{4})\s+)?(\d{4})\b\s*([+-]\d{4})?/i;

/** Milliseconds since 1970 of a date as mails and `From ` lines write them (RFC 5322 §3.3, §4.3); null where it is none. */
export function parseMailDate(text: string): number | null {
  const plain = text.replace(/\([^()]*\)/g, " ").trim();
  const inMail = sent.exec(plain);
  if (inMail) {
    const [, day, month, year, hour, minute, second, zone] = inMail;
    return timeOf(year, month, day, [hour, minute, second], zone);
  }
  const byC = asctime.exec(plain);
  if (byC) {
    const [, month, day, hour, minute, second, before, year, after] = byC;
    return timeOf(year, month, day, [hour, minute, second], after ?? before);
  }
  const isIso = /^\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:?\d{2})$/.test(plain);
  const ms = isIso ? Date.parse(plain) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

type Text = string | undefined;

function timeOf(year: Text, month: Text, day: Text, time: readonly Text[], zone: Text): number | null {
  const at = months.indexOf((month ?? "").toLowerCase());
  const [hour = 0, minute = 0, second = 0] = time.map((part) => Number(part ?? 0));
  if (at === -1 || Number(day) < 1 || Number(day) > 31 || hour > 23 || minute > 59 || second > 60) return null;
  return Date.UTC(fullYear(year ?? ""), at, Number(day), hour, minute, second) - zoneMs(zone ?? "");
}

/** RFC 5322 §4.3: two digits are of 1950 to 2049, three count from 1900. */
function fullYear(digits: string): number {
  const year = Number(digits);
  if (digits.length === 2) return year < 50 ? 2000 + year : 1900 + year;
  return digits.length === 3 ? 1900 + year : year;
}

function zoneMs(zone: string): number {
  const offset = /^([+-])(\d{2}):?(\d{2})/.exec(zone);
  if (!offset) return (zoneHours[/^[a-z]+/i.exec(zone)?.[0]?.toUpperCase() ?? ""] ?? 0) * 3_600_000;
  const ms = (Number(offset[2]) * 60 + Number(offset[3])) * 60_000;
  return offset[1] === "-" ? -ms : ms;
}
