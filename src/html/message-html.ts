// The text of a message as HTML that is safe to show. The one place that makes HTML out of what people write.
import MarkdownIt from "markdown-it";
import sanitizeHtml from "sanitize-html";
import type { MessageBody } from "../protocol/event.ts";
import { plainTextOf } from "../search/plain-text.ts";

/** Structure and emphasis: the tags that are shown, each with its attributes that are. */
export const shownTags: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    [
      ...["p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "ul", "li"],
      ...["strong", "b", "em", "i", "u", "s", "del", "sub", "sup", "table", "thead", "tbody", "tr", "div", "span"],
    ].map((tag) => [tag, ["dir"]]),
  ),
  a: ["href", "dir"],
  ol: ["start", "dir"],
  th: ["colspan", "rowspan", "dir"],
  td: ["colspan", "rowspan", "dir"],
};

// Nothing that runs, styles, fetches or submits: images stay links until somebody asks for them.
const allowed: sanitizeHtml.IOptions = {
  allowedTags: Object.keys(shownTags),
  allowedAttributes: Object.fromEntries(
    Object.entries(shownTags).map(([tag, names]) => [tag, tag === "a" ? [...names, "rel", "target"] : [...names]]),
  ),
  allowedSchemes: ["http", "https", "mailto"],
  allowProtocolRelative: false,
  transformTags: {
    "*": directed,
    a: sanitizeHtml.simpleTransform("a", { rel: "noopener noreferrer nofollow", target: "_blank" }),
  },
};

/** HTML Standard, `dir`: any other value says nothing. */
function directed(tagName: string, attribs: sanitizeHtml.Attributes): sanitizeHtml.Tag {
  if (attribs["dir"] === undefined) return { tagName, attribs };
  const { dir, ...others } = attribs;
  const direction = dir?.toLowerCase() ?? "";
  return { tagName, attribs: /^(?:ltr|rtl|auto)$/.test(direction) ? { ...others, dir: direction } : others };
}

// Its time is linear in the text and its nesting bounded: another parser needed 4.8 s for 8 KB of `*_a`.
const markdown = new MarkdownIt({ html: false, linkify: true, breaks: true });

/** Texts above this, in characters, are shown without format: what nobody reads formatted must not hold up everybody else. */
const formattedMax = 64 * 1024;

/** @returns sanitized HTML; of plain text, and of the words of what is too long to format, escaped with its line breaks kept */
export function toHtml({ format, text }: Pick<MessageBody, "format" | "text">): string {
  if (format === "PLAIN" || text.length > formattedMax) {
    return `<p>${escapeHtml(plainTextOf(text, format)).replaceAll("\n", "<br>")}</p>`;
  }
  return sanitizeHtml(format === "MARKDOWN" ? markdown.render(text) : text, allowed);
}

/** Text as it may stand in an element or in a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
