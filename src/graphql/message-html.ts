// The text of a message as HTML that is safe to show. The one place that makes HTML out of what people write.
import { marked } from "marked";
import sanitizeHtml from "sanitize-html";
import type { MessageBody } from "../protocol/event.ts";

// Structure and emphasis. Nothing that runs, styles, fetches or submits: images stay links until somebody asks for them.
const allowed: sanitizeHtml.IOptions = {
  allowedTags: [
    ...["p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "ul", "ol", "li"],
    ...[
      "strong",
      "b",
      "em",
      "i",
      "u",
      "s",
      "del",
      "sub",
      "sup",
      "a",
      "table",
      "thead",
      "tbody",
      "tr",
      "th",
      "td",
      "div",
      "span",
    ],
  ],
  allowedAttributes: {
    a: ["href", "rel", "target"],
    ol: ["start"],
    th: ["colspan", "rowspan"],
    td: ["colspan", "rowspan"],
  },
  allowedSchemes: ["http", "https", "mailto"],
  allowProtocolRelative: false,
  transformTags: { a: sanitizeHtml.simpleTransform("a", { rel: "noopener noreferrer nofollow", target: "_blank" }) },
};

/** @returns sanitized HTML; of plain text, escaped with its line breaks kept */
export function toHtml({ format, text }: Pick<MessageBody, "format" | "text">): string {
  switch (format) {
    case "PLAIN":
      return `<p>${escapeHtml(text).replaceAll("\n", "<br>")}</p>`;
    case "MARKDOWN":
      return sanitizeHtml(marked.parse(text, { async: false, gfm: true, breaks: true }), allowed);
    case "HTML":
      return sanitizeHtml(text, allowed);
  }
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
