// A page that leads to the pages of all conversations that an account exported: their files are named by ids, which say nothing.
import { escapeHtml } from "../html/message-html.ts";
import type { Timestamp } from "../protocol/event.ts";
import { isolated, pageHead, time } from "./export-page.ts";

export interface ExportedPage {
  /** Its name in the folder of the index. */
  readonly file: string;
  readonly subject: string | null;
  /** Names or addresses of those who took part. */
  readonly people: readonly string[];
  /** When something was said last; of an imported mail, its date. */
  readonly saidAt: Timestamp;
}

const shownPeople = 5;

/** The page, the conversations of the latest words first. */
export function exportIndex(address: string, exportedAt: Timestamp, pages: readonly ExportedPage[]): string {
  const latestFirst = pages.toSorted((a, b) => (a.saidAt < b.saidAt ? 1 : a.saidAt > b.saidAt ? -1 : 0));
  return `${pageHead(`Conversations of ${address}`)}
<dl><dt>Exported</dt><dd>${time(exportedAt)}</dd><dt>Conversations</dt><dd>${pages.length.toLocaleString("en")}</dd></dl>
<main>
${latestFirst.map(shown).join("")}</main>
<footer class="note"><hr><p>These pages are for reading and prove nothing; the files beside them do: <code>parley verify</code> checks them, one by one or
the whole folder.</p></footer>
</body></html>
`;
}

function shown({ file, subject, people, saidAt }: ExportedPage): string {
  const others = people.length - shownPeople;
  const who = people.slice(0, shownPeople).map(isolated).join(", ");
  return `<article><a href="${escapeHtml(encodeURI(file))}" dir="auto">${escapeHtml(subject ?? "Conversation without a subject")}</a>
<header>${time(saidAt)} · ${who}${others > 0 ? ` and ${others.toLocaleString("en")} more` : ""}</header></article>
`;
}
