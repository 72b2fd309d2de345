// Long texts of mails, cut to what a message may have.
import { TextDecoder } from "node:util";
import { limits } from "../conversation/limits.ts";

/** Text or HTML of a mail as it may be shown: of what is very long, style sheets and pictures that stand in it are left out, and the end. */
export function cutForShowing<Text extends string | null>(text: Text): Text | string {
  if (text === null || Buffer.byteLength(text) <= limits.messageBytes) return text;
  return cutTo(withoutUnseen(text), limits.messageBytes).text;
}

const cutMark = "\n[…]";

export function cutTo(text: string, bytesMax: number): { readonly text: string; readonly isCut: boolean } {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return { text, isCut: false };
  // As a stream, it holds back a character that was cut through.
  const kept = new TextDecoder().decode(bytes.subarray(0, bytesMax - Buffer.byteLength(cutMark)), { stream: true });
  return { text: kept + cutMark, isCut: true };
}

/** HTML without what is never shown: style sheets, scripts, comments, pictures that stand in it. */
export function withoutUnseen(html: string): string {
  const bare = (
    [
      ["<style", "</style>"],
      ["<script", "</script>"],
      ["<!--", "-->"],
    ] as const
  ).reduce((text, [opening, closing]) => without(text, opening, closing), html);
  return bare.replace(/"data:[^"]*"|'data:[^']*'/gi, '""');
}

/** Without what stands between the two, of which case does not count. */
function without(text: string, opening: string, closing: string): string {
  // Of what is longer in lower case, places would be others.
  const lower = text.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase());
  const kept: string[] = [];
  let from = 0;
  for (;;) {
    const at = lower.indexOf(opening, from);
    const end = at === -1 ? -1 : lower.indexOf(closing, at);
    if (end === -1) return kept.join("") + text.slice(from);
    kept.push(text.slice(from, at));
    from = end + closing.length;
  }
}
