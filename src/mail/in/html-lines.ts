// A mail's HTML as the lines that people see, with what each line is by the marks of the program that wrote it; and back.
import { Parser } from "htmlparser2";
import { escapeHtml, shownTags } from "../../html/message-html.ts";
import { isHtmlCut, isQuoteContainer, isQuoteHead, isQuoteRoot, isSignatureBlock, isUnseen } from "./html-marks.ts";
import type { MailLine } from "./mail-lines.ts";
import { isForwardMark, quoteHeadEndingAt } from "./quote-heads.ts";

/** Of a page so long, people read the beginning. In characters. */
const htmlMax = 512 * 1024;
/** Below this, there are quotes of quotes. A parser compares each closing tag with all that is open. */
const depthMax = 1_000;

type Token =
  | { readonly kind: "open"; readonly name: string; readonly attributes: string }
  | { readonly kind: "close" }
  | { readonly kind: "text"; readonly line: number; readonly html: string; readonly isEnd: boolean };

export interface HtmlLines {
  readonly lines: readonly MailLine[];
  /** Whether there was nothing else in it that people see: no signature, no more than is read. */
  readonly isWhole: boolean;
  /** The same mail's HTML with the lines that are kept: the tags that are shown, without empty ones. */
  toHtml(isKept: (line: number) => boolean): string;
}

interface OpenLine {
  text: string;
  isQuoted: boolean;
  isHead: boolean;
  /** Whether people see anything of it. */
  hasWords: boolean;
  /** The innermost container of a quote that it stands in, or -1. */
  container: number;
}

interface Opened {
  readonly isBlock: boolean;
  readonly isQuote: boolean;
  readonly isHead: boolean;
  readonly isUnseen: boolean;
  readonly isSignature: boolean;
  readonly isPre: boolean;
  readonly container: number;
}

/** What Gmail calls a quote has the quote within it, and answers between; where it has none, all of it is one. */
interface Container {
  readonly token: { name: string; attributes: string };
  hasQuote: boolean;
  isForward: boolean;
}

type Attributes = Readonly<Record<string, string>>;

// A kept quote stays one, whatever it was before.
const quoteTag = { name: "blockquote", attributes: ' type="cite"' };

const blocks = new Set(
  "address article aside blockquote body center dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table tbody td tfoot th thead tr ul".split(
    " ",
  ),
);

export function htmlLines(html: string): HtmlLines {
  const reader = new LineReader();
  const parser = new Parser(reader, { decodeEntities: true });
  reader.stop = () => parser.pause();
  parser.end(html.length > htmlMax ? html.slice(0, htmlMax) : html);
  const lines = reader.finished();
  const isWhole = !reader.hasMore && html.length <= htmlMax;
  return { lines, isWhole, toHtml: (isKept) => writeHtml(reader.tokens, isKept) };
}

class LineReader {
  readonly tokens: Token[] = [];
  hasMore = false;
  readonly #lines: OpenLine[] = [{ text: "", isQuoted: false, isHead: false, hasWords: false, container: -1 }];
  readonly #open: Opened[] = [];
  readonly #containers: Container[] = [];
  #quotes = 0;
  #heads = 0;
  #unseen = 0;
  #signatures = 0;
  #pre = 0;
  #isOver = false;
  stop: () => void = () => {};

  finished(): readonly MailLine[] {
    for (const { text, container } of this.#lines) {
      const found = this.#containers[container];
      if (found !== undefined && isForwardMark(text)) found.isForward = true;
    }
    const whole = this.#containers.map(({ hasQuote, isForward }) => !hasQuote && !isForward);
    for (const [index, { token }] of this.#containers.entries()) if (whole[index]) Object.assign(token, quoteTag);
    return this.#lines.map(({ text, isQuoted, isHead, container }) => ({
      ...{ text, isHead, isQuoted: isQuoted || (whole[container] === true && text.trim() !== "") },
    }));
  }

  onopentag(name: string, attributes: Attributes): void {
    if (this.#isOver) return;
    const isBlock = blocks.has(name);
    if (isBlock) this.#endLine();
    if (name === "br") this.#breakLine();
    else if (this.#open.length >= depthMax || this.#isCut(name, attributes)) this.#finish();
    else this.#enter(name, attributes, isBlock);
  }

  #enter(name: string, attributes: Attributes, isBlock: boolean): void {
    const shown = shownAs(name, attributes);
    const token = { kind: "open" as const, ...shown };
    const container = this.#containerOf(name, attributes, token);
    const isQuote = container === null && this.#isQuote(name, attributes);
    const current = this.#open.at(-1)?.container ?? -1;
    const enclosing = this.#containers[current];
    if (isQuote && enclosing !== undefined) enclosing.hasQuote = true;
    const opened = {
      isBlock,
      isQuote,
      isHead: isQuoteHead(attributes),
      isUnseen: isUnseen(name, attributes),
      isSignature: isSignatureBlock(attributes),
      isPre: name === "pre",
      container: container ?? current,
    };
    this.#open.push(opened);
    if (isQuote) this.#quotes++;
    if (opened.isHead) this.#heads++;
    if (opened.isUnseen) this.#unseen++;
    if (opened.isSignature) this.#signatures++;
    if (opened.isPre) this.#pre++;
    if (isQuote) Object.assign(token, quoteTag);
    this.tokens.push(token);
    if (name === "hr") this.#write("", "<hr>");
  }

  onclosetag(name: string): void {
    if (this.#isOver || name === "br") return;
    const opened = this.#open.pop();
    if (opened === undefined) return;
    if (opened.isBlock) this.#endLine();
    if (opened.isQuote) this.#quotes--;
    if (opened.isHead) this.#heads--;
    if (opened.isUnseen) this.#unseen--;
    if (opened.isSignature) this.#signatures--;
    if (opened.isPre) this.#pre--;
    this.tokens.push({ kind: "close" });
  }

  ontext(data: string): void {
    if (this.#isOver || this.#unseen > 0) return;
    if (this.#signatures > 0) {
      if (data.trim() !== "") this.hasMore = true;
      return;
    }
    if (this.#pre === 0) {
      const blank = data.replace(/[ \t\r\n\f]+/g, " ");
      // At the beginning of a line, nobody sees it.
      const text = this.#lines.at(-1)?.text === "" ? blank.replace(/^ /, "") : blank;
      if (text !== "") this.#write(text, escapeHtml(text));
      return;
    }
    for (const [index, text] of data.split("\n").entries()) {
      if (index > 0) this.#breakLine("\n");
      this.#write(text, escapeHtml(text));
    }
  }

  #write(text: string, html: string): void {
    const line = this.#lines.at(-1);
    if (line === undefined) return;
    if (!line.hasWords) line.container = this.#open.at(-1)?.container ?? -1;
    line.text += text;
    if (text.trim() !== "") {
      line.hasWords = true;
      if (this.#quotes > 0) line.isQuoted = true;
      if (this.#heads > 0) line.isHead = true;
    }
    this.tokens.push({ kind: "text", line: this.#lines.length - 1, html, isEnd: html === "<hr>" });
  }

  #endLine(): void {
    if (this.#lines.at(-1)?.hasWords)
      this.#lines.push({ text: "", isQuoted: false, isHead: false, hasWords: false, container: -1 });
  }

  #breakLine(html = "<br>"): void {
    this.tokens.push({ kind: "text", line: this.#lines.length - 1, html, isEnd: true });
    this.#lines.push({ text: "", isQuoted: false, isHead: false, hasWords: false, container: -1 });
  }

  #containerOf(name: string, attributes: Attributes, token: Container["token"]): number | null {
    const isWithin = this.#quotes > 0 || (this.#open.at(-1)?.container ?? -1) !== -1;
    if (isWithin || !isQuoteContainer(name, attributes)) return null;
    return this.#containers.push({ token, hasQuote: false, isForward: false }) - 1;
  }

  /** Whether a quote begins: by its marks, or because it stands below "On … wrote:". */
  #isQuote(name: string, attributes: Attributes): boolean {
    if (this.#quotes > 0 || this.#unseen > 0 || this.#signatures > 0) return false;
    if (isQuoteRoot(name, attributes)) return true;
    if (name !== "blockquote") return false;
    let last = this.#lines.length - 1;
    while (last >= 0 && last > this.#lines.length - 5 && !this.#lines[last]?.hasWords) last--;
    return quoteHeadEndingAt((index) => this.#lines[index]?.text ?? null, last) !== null;
  }

  /** Below words, everything else is quoted. With none above, it is all that there is. */
  #isCut(name: string, attributes: Attributes): boolean {
    if (this.#quotes > 0 || !isHtmlCut(name, attributes)) return false;
    return this.#lines.some(({ hasWords }) => hasWords);
  }

  #finish(): void {
    this.#isOver = true;
    this.hasMore = true;
    this.stop();
  }
}

function shownAs(name: string, attributes: Attributes) {
  const shown = Object.hasOwn(shownTags, name) ? shownTags[name] : undefined;
  if (shown === undefined || name === "hr") return { name: "", attributes: "" };
  const written = shown.flatMap((key) =>
    attributes[key] === undefined ? [] : [` ${key}="${escapeHtml(attributes[key])}"`],
  );
  return { name, attributes: written.join("") };
}

/** Writes a tag once something within it is kept. */
function writeHtml(tokens: readonly Token[], isKept: (line: number) => boolean): string {
  const html: string[] = [];
  const open: Extract<Token, { kind: "open" }>[] = [];
  let written = 0;
  let line = -1;
  // Whether what was written last ends a line. Elsewhere a tag did that is not written.
  let isEnded = true;
  const writeTag = (name: string, tag: string) => {
    if (name === "") return;
    html.push(tag);
    isEnded ||= blocks.has(name);
  };
  for (const token of tokens) {
    if (token.kind === "open") open.push(token);
    else if (token.kind === "close") {
      const closed = open.pop();
      if (open.length >= written) continue;
      written = open.length;
      if (closed !== undefined) writeTag(closed.name, `</${closed.name}>`);
    } else if (isKept(token.line)) {
      for (; written < open.length; written++) {
        const { name, attributes } = open[written] ?? { name: "", attributes: "" };
        writeTag(name, `<${name}${attributes}>`);
      }
      if (token.line !== line && !isEnded) html.push("<br>");
      html.push(token.html);
      line = token.line;
      isEnded = token.isEnd;
    }
  }
  for (const { name } of open.slice(0, written).reverse()) if (name !== "") html.push(`</${name}>`);
  return html.join("");
}
