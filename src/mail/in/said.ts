// The words of a mail as those of a message.
import { isBlank } from "../../conversation/body.ts";
import { limits } from "../../conversation/limits.ts";
import type { MessageBody } from "../../protocol/event.ts";
import { sha256 } from "../../protocol/hash.ts";
import { cutTo, withoutUnseen } from "../cut-text.ts";
import { newWords } from "./new-words.ts";
import type { IncomingMail } from "./parse-incoming.ts";

/** A mail is some days on its way at most: a Date before that is of a clock that was never set. */
const agedMs = 30 * 24 * 3_600 * 1_000;

/** What somebody says with a mail; null where that is nothing. @param isFirst whether it begins a conversation */
export function saidIn(mail: IncomingMail, receivedAt: Date, isFirst: boolean): MessageBody | null {
  const words = wordsOf(mail);
  const text = isBlank(words.text) ? wordless(mail, isFirst) : words.text;
  if (text === null) return null;
  const { messageId } = mail;
  const isKept = messageId !== null && messageId.length + 2 <= limits.messageIdCharacters;
  const receivedMs = receivedAt.getTime();
  const sentMs = mail.sentMs ?? receivedMs;
  const isPlausible = sentMs <= receivedMs && sentMs > receivedMs - agedMs;
  return {
    format: isBlank(words.text) ? "PLAIN" : words.format,
    text: cutTo(text, limits.messageBytes).text,
    mentions: [],
    mail: {
      date: new Date(isPlausible ? sentMs : receivedMs).toISOString(),
      messageId: isKept ? `<${messageId}>` : "",
    },
  };
}

/** So much of a mail is looked for words in, in characters: a message has a fourth of it, and a mail of millions of lines would hold up all others. */
const readMax = 4 * limits.messageBytes;

function wordsOf({ text, html }: IncomingMail): Pick<MessageBody, "format" | "text"> {
  const isLong = html !== null && html.length > readMax;
  const words = newWords({
    text: text?.slice(0, readMax).toWellFormed() ?? null,
    html: isLong ? withoutUnseen(html).slice(0, readMax).toWellFormed() : html,
  });
  return { format: words.format, text: words.text };
}

/** Of a mail without words its files speak; of one that begins a conversation its subject. */
function wordless({ files, subject }: IncomingMail, isFirst: boolean): string | null {
  if (files.length > 0) return files.map(({ title }) => `[${title}]`).join("\n");
  return isFirst && subject !== "" ? subject : null;
}

/** The first words, for lists. */
export function previewOf(mail: IncomingMail): string {
  const body = saidIn(mail, new Date(0), true);
  const plain = body?.format === "HTML" ? body.text.replace(/<[^<>]*>/g, " ") : (body?.text ?? "");
  // The cut may go through a character, which cannot be kept halved.
  return [...plain.slice(0, 2_000).toWellFormed().replace(/\s+/g, " ").trim()].slice(0, 200).join("");
}

/** What tells whether two mails say the same: their words, whatever blanks are between them. */
export function wordsKey({ text }: MessageBody): string {
  return sha256(text.replace(/\s+/g, " ").trim());
}
