// The parts that a mail is laid out of, each as text and as HTML, and how they stand under each other.
import { htmlToText } from "../../html/html-to-text.ts";
import { escapeHtml, toHtml } from "../../html/message-html.ts";
import type { MessageBody } from "../../protocol/event.ts";
import type { Passage } from "./word-diff.ts";

export interface Part {
  readonly text: string;
  readonly html: string;
}

const grey = "color:#6b7280;font-size:small";

/** A sentence of ours. */
export function sentence(text: string): Part {
  return { text, html: `<p>${escapeHtml(text)}</p>` };
}

/** A sentence beside the words, of less weight. */
export function aside(text: string): Part {
  return { text, html: `<p style="${grey}">${escapeHtml(text)}</p>` };
}

/** Whose words the next are, and when they were said where that is told. */
export function heading(name: string, when: string | null = null): Part {
  return {
    text: `${name}${when === null ? "" : `, ${when}`}:`,
    html: `<p style="margin-bottom:0"><b dir="auto">${escapeHtml(name)}</b>${when === null ? "" : ` <span style="${grey}">${when}</span>`}</p>`,
  };
}

/** Words of a message; null: they are erased, or have not come from the platform that has them. */
export function words(body: Pick<MessageBody, "format" | "text"> | null): Part {
  if (body === null)
    return aside("(These words were erased, or are not here yet. Then they will be behind the link below.)");
  const text = body.format === "HTML" ? htmlToText(body.text) : body.text.trimEnd();
  return { text, html: `<div dir="auto">${toHtml(body)}</div>` };
}

/** Words as they are compared: without how they are set. */
export function comparable({ format, text }: Pick<MessageBody, "format" | "text">): string {
  return format === "HTML" ? htmlToText(text) : text;
}

/** What changed, as lines of before and after; in HTML, struck and underlined. */
export function changes(passages: readonly Passage[]): Part {
  const sides = passages.map((passage) => {
    const side = (without: "removed" | "added") => {
      const text = passage.runs.flatMap((run) => (run.kind === without ? [] : [run.text])).join("");
      return cut(passage, text.trim()).replace(/\s*\n\s*/g, " ");
    };
    return `Before: ${side("added")}\nNow: ${side("removed")}`;
  });
  const marked = passages.map((passage) => {
    const runs = passage.runs.map(({ kind, text }) => {
      const html = escapeHtml(text).replaceAll("\n", "<br>");
      if (kind === "same") return html;
      return kind === "removed"
        ? `<del style="background:#fee2e2">${html}</del>`
        : `<ins style="background:#dcfce7">${html}</ins>`;
    });
    return `<p dir="auto">${cut(passage, runs.join(""))}</p>`;
  });
  return { text: sides.join("\n\n"), html: marked.join("\n") };
}

const cut = ({ isCutBefore, isCutAfter }: Passage, text: string): string =>
  `${isCutBefore ? "… " : ""}${text}${isCutAfter ? " …" : ""}`;

/** Names and sizes of files, which the mail itself does not have. */
export function files(list: readonly { readonly title: string; readonly size: number }[]): Part {
  const more = list.length - filesShown;
  const listed = (titled: (title: string) => string) =>
    [
      ...list.slice(0, filesShown).map(({ title, size }) => `${titled(title)} (${sizeOf(size)})`),
      ...(more > 0 ? [`${more} more`] : []),
    ].join(", ");
  return {
    text: `Attached: ${listed((title) => title)}`,
    html: `<p style="${grey}">Attached: ${listed((title) => `<span dir="auto">${escapeHtml(title)}</span>`)}</p>`,
  };
}

const filesShown = 20;

function sizeOf(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** A sentence of less weight that ends in a link. @param label what the link is called in HTML */
export function pointer(before: string, label: string, link: string): Part {
  return {
    text: `${before}${label}: ${link}`,
    html: `<p style="${grey}">${escapeHtml(before)}${anchor(label, link)}</p>`,
  };
}

const anchor = (label: string, link: string): string => `<a href="${escapeHtml(link)}">${escapeHtml(label)}</a>`;

/**
 * The last lines. Set off as a signature is, which programs show in grey, and leave out of what an answer quotes.
 * @param before what is said before the link @param label what the link is called in HTML
 */
export function foot(before: string, label: string, link: string): Part {
  return {
    text: `-- \n${before}${label}: ${link}`,
    html: `<p style="${grey}">-- <br>${escapeHtml(before)}${anchor(label, link)}</p>`,
  };
}

/** All of them under each other. */
export function laidOut(parts: readonly Part[]): Part {
  return {
    text: `${parts.map(({ text }) => text).join("\n\n")}\n`,
    html: `<!DOCTYPE html>\n<html><body>\n${parts.map(({ html }) => html).join("\n")}\n</body></html>\n`,
  };
}
