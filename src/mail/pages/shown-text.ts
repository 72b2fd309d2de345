// Subjects, times, sizes and long texts, as pages say them.
import { html, type Markup } from "./page.ts";

/** Cut behind a word: the words that go into so many characters; of a word that is longer than all of that, its beginning. */
export function shortened(text: string, max: number): string {
  if (text.length <= max) return text;
  const kept = text.slice(0, max + 1).replace(/\s+\S*$/, "");
  return `${(kept.length > max ? kept.slice(0, max) : kept).replace(/[\ud800-\udbff]$/, "")} …`;
}

export const subjectOr = (subject: string | null): string => subject ?? "(no subject)";

const timeForm = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

/** A time for people. Their time zone is not known without a script, so the zone is said. */
export function shownTime(at: string): Markup {
  return Number.isNaN(Date.parse(at))
    ? html``
    : html`<time datetime="${at}">${timeForm.format(new Date(at))} UTC</time>`;
}

const units = ["bytes", "KB", "MB", "GB"] as const;

export function shownSize(bytes: number): string {
  const power = Math.min(Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1_000)), units.length - 1);
  return `${Math.round(bytes / 1_000 ** power)} ${units[power]}`;
}
