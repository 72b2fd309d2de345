// How large a mail may be that comes in, judged before it is taken apart.
import { headersEnd } from "../mail-head.ts";
import { inboundBytesMax } from "./inbound-mail.ts";

export const incomingLimits = {
  /** The whole mail, in bytes: no larger one is taken, so none that is stored is refused for it. */
  bytes: inboundBytesMax,
  /** Each costs the same, however short it is. */
  lines: 1_000_000,
  /** Headers of all parts together, in bytes. */
  headerBytes: 512 * 1024,
  /** Parts within parts. */
  depth: 50,
  parts: 1_000,
  /** In To and Cc together. */
  addresses: 1_000,
} as const;

/** Why a mail is not taken apart. None of them is worth another try: the same bytes get the same answer. */
export type Refusal =
  | "TOO_LARGE"
  | "TOO_MANY_LINES"
  | "HEADERS_TOO_LARGE"
  | "TOO_DEEP"
  | "TOO_MANY_PARTS"
  | "TOO_MANY_ADDRESSES";

/** Why these bytes are not even to be parsed, or null. It looks at each byte a few times, and keeps next to nothing. */
export function refusalOf(raw: Buffer): Refusal | null {
  if (raw.length > incomingLimits.bytes) return "TOO_LARGE";
  if (headersEnd(raw) > incomingLimits.headerBytes) return "HEADERS_TOO_LARGE";
  return partsAtMost(raw) > incomingLimits.parts ? "TOO_MANY_PARTS" : null;
}

/**
 * A bound of the number of parts, whatever the boundaries are and however their names are written: each part begins with
 * a line that begins with `--` and is the same for all parts of its parent, and each parent has a Content-Type. So there
 * are not more than the most frequent such lines, as many of them as there are Content-Types, have occurrences.
 */
function partsAtMost(raw: Buffer): number {
  const text = raw.toString("latin1");
  const parents = text.match(/^[ \t]*content-type[ \t]*:/gim)?.length ?? 0;
  if (parents === 0) return 0;
  const first = text.startsWith("--") ? 0 : after(text, 0);
  let lines = 0;
  for (let at = first; at !== -1 && lines <= incomingLimits.parts; at = after(text, at)) lines++;
  if (lines <= incomingLimits.parts) return lines;
  // Lines by their hash: where two have the same, the bound is only higher.
  const occurrences = new Uint32Array(65_536);
  for (let at = first; at !== -1; at = after(text, at)) {
    const hash = lineHash(text, at + 2);
    // Only dashes are no boundary.
    if (hash !== -1) occurrences[hash] = (occurrences[hash] ?? 0) + 1;
  }
  return occurrences
    .sort()
    .slice(-parents)
    .reduce((sum, count) => sum + count, 0);
}

/** Where the next line begins that begins with `--`. */
function after(text: string, from: number): number {
  const at = text.indexOf("\n--", from);
  return at === -1 ? -1 : at + 1;
}

/** Of a line from `start` on, without the dashes and blanks at its end; -1 where nothing is left. */
function lineHash(text: string, start: number): number {
  let end = text.indexOf("\n", start);
  if (end === -1) end = text.length;
  while (end > start && /[-\s]/.test(text.charAt(end - 1))) end--;
  let hash = 0;
  // Boundaries that differ only beyond are counted as one.
  for (let at = start; at < Math.min(end, start + 256); at++) hash = (hash * 31 + text.charCodeAt(at)) | 0;
  return end === start ? -1 : (hash ^ (hash >>> 16)) & 0xffff;
}
