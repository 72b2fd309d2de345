// How much one answer may hold. A document's cost counts fields, and what is read counts once, however often aliases ask
// for it; words are long, and formatting them takes the time of everybody on this process.
import { toHtml } from "../html/message-html.ts";
import type { MessageBody } from "../protocol/event.ts";
import { AnswerTooLargeError } from "../store/read/bounded-query.ts";

export interface AnswerBudget {
  /** The text, counted. @throws AnswerTooLargeError where it is too much for one answer */
  written(text: string): string;
  /** The words as HTML, counted. @throws AnswerTooLargeError */
  formatted(body: Pick<MessageBody, "format" | "text">): string;
  /** A mail is going to be read as it came, counted. @throws AnswerTooLargeError */
  original(): void;
}

/** Mails as they came in one answer: each of them is read whole, and has 25 MiB at most. */
const originalsMax = 10;

/** Characters of words in one answer. */
const writtenMax = 16 * 1024 * 1024;

/**
 * What one answer may format: the worst texts take time by the square of their length, a third of a second for 64 Ki
 * characters. So a text counts by that square, and an answer has room for four of those, or 200 of 9,000 characters.
 */
const formattedMax = 4;
const formattedUnit = (64 * 1024) ** 2;

export function createAnswerBudget(): AnswerBudget {
  const htmlOf = new Map<object, string>();
  let written = 0;
  let formatted = 0;
  let originals = 0;
  const write = (text: string): string => {
    written += text.length;
    if (written > writtenMax) throw new AnswerTooLargeError();
    return text;
  };
  return {
    written: write,
    formatted: (body) => {
      let html = htmlOf.get(body);
      if (html === undefined) {
        formatted += Math.min(body.text.length ** 2 / formattedUnit, 1);
        if (formatted > formattedMax) throw new AnswerTooLargeError();
        html = toHtml(body);
        htmlOf.set(body, html);
      }
      return write(html);
    },
    original: () => {
      if (++originals > originalsMax) throw new AnswerTooLargeError();
    },
  };
}
