// HTML as a person would write it without: for the text part of mails.
import { toHtml } from "./message-html.ts";

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', amp: "&", "#39": "'" };

/** Deeper quotes are shown as deep as this. */
const quoteMax = 20;

/** Tags that stand on lines of their own; twice as much space around the second kind. */
const lines = /^(?:div|li|tr|ul|ol|table|thead|tbody)$/;
const blocks = /^(?:p|h[1-6]|blockquote|pre|hr)$/;

/** Takes any HTML. Its time is linear in the text. */
export function htmlToText(html: string): string {
  const out = new Lines();
  let href: string | null = null;
  let linked = "";
  let isAsWritten = false;
  // Sanitized, it is well-formed, of few tags, and has few entities.
  for (const [, close, tag = "", attributes = "", text = ""] of toHtml({ format: "HTML", text: html }).matchAll(
    /<(\/?)([a-z0-9]+)([^<>]*)>|([^<]+)/g,
  )) {
    if (tag === "") {
      const plain = text.replace(/&(lt|gt|quot|amp|#39);/g, (_, name: string) => entities[name] ?? "");
      if (href !== null) linked += plain;
      out.add(isAsWritten ? plain : plain.replace(/[ \t\r\n]+/g, " "), isAsWritten);
      continue;
    }
    const isOpening = close === "";
    if (tag === "br") out.breakLine();
    if (lines.test(tag)) out.endLine(0);
    if (blocks.test(tag)) out.endLine(1);
    if (tag === "blockquote") out.quote(isOpening ? 1 : -1);
    if (tag === "pre") isAsWritten = isOpening;
    if (tag === "li" && isOpening) out.add("- ");
    if (tag === "hr") {
      out.add("---");
      out.endLine(1);
    }
    if ((tag === "td" || tag === "th") && !isOpening) out.add(" ");
    if (tag !== "a") continue;
    if (isOpening) {
      href = /href="([^"]*)"/.exec(attributes)?.[1]?.replaceAll("&amp;", "&") ?? null;
      linked = "";
    } else if (href !== null) {
      const isSaid = linked.trim() === href || `mailto:${linked.trim()}` === href;
      if (!isSaid) out.add(` <${href}>`);
      href = null;
    }
  }
  return out.text();
}

/** Lines as they are written, with what they are quoted by. */
class Lines {
  #done: string[] = [];
  #line = "";
  #depth = 0;
  /** Empty lines that are due before the next words, and how deep they are quoted. */
  #space = 0;
  #spaceDepth = 0;

  add(text: string, isAsWritten = false): void {
    if (isAsWritten) {
      const [first = "", ...more] = text.split("\n");
      this.#line += first;
      for (const one of more) {
        this.breakLine();
        this.#line = one;
      }
      return;
    }
    this.#line += this.#line === "" ? text.trimStart() : text;
  }

  breakLine(): void {
    this.#flush();
    this.#space = 0;
  }

  endLine(space: number): void {
    if (this.#line.trim() !== "") this.#flush();
    this.#line = "";
    if (this.#done.length === 0 || space <= this.#space) return;
    this.#space = space;
    this.#spaceDepth = this.#depth;
  }

  quote(by: number): void {
    this.#depth = Math.max(0, this.#depth + by);
  }

  text(): string {
    this.endLine(0);
    return this.#done.join("\n").trim();
  }

  #flush(): void {
    const markOf = (depth: number) => ">".repeat(Math.min(depth, quoteMax));
    const mark = markOf(this.#depth);
    for (; this.#space > 0; this.#space--) this.#done.push(markOf(Math.min(this.#depth, this.#spaceDepth)));
    this.#done.push(`${mark}${mark && this.#line ? " " : ""}${this.#line.trimEnd()}`);
    this.#line = "";
  }
}
