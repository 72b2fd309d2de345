// Reads an export part by part, so that a long one never stands in memory. Takes any JSON of that form, however it is
// laid out; what its parts say is judged elsewhere.
import { partCharactersMax } from "./export-form.ts";

/** A member of the whole, or one of its events. */
export type ExportPart =
  | { readonly name: string; readonly value: unknown }
  | { readonly name: "events"; readonly event: unknown };

/** The file is no export, whatever its log says. The message says why, for people. */
export class UnreadableExportError extends Error {
  override readonly name = "UnreadableExportError";
}

/** @throws UnreadableExportError where the file is not UTF-8, not JSON, or of another shape; first gives what it could read */
export async function* readExport(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ExportPart> {
  // Broken UTF-8 is an error, and not U+FFFD, which may have been written there.
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const reader = new PartReader();
  for await (const chunk of chunks) yield* reader.read(decoded(decoder, chunk));
  yield* reader.read(decoded(decoder, null));
  reader.end();
}

function decoded(decoder: InstanceType<typeof TextDecoder>, chunk: Uint8Array | null): string {
  try {
    return chunk === null ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch (cause) {
    throw new UnreadableExportError("It is not UTF-8.", { cause });
  }
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

const notOfTheForm = "It is not JSON of the form of an export, which stands in the .json beside a page.";

/** What may come next, spaces aside. */
type Next =
  | "object"
  | "name"
  | "name or end"
  | "colon"
  | "value"
  | "comma or end"
  | "event"
  | "event or end"
  | "comma or end of events"
  | "nothing";

/** Cuts the text into names, values and events by quotes and brackets; JSON.parse reads each. RFC 8259. */
class PartReader {
  #next: Next = "object";
  readonly #names = new Set<string>();
  #name = "";
  /** The part that is being read, as far as it has come; null between parts. */
  #held: string | null = null;
  #depth = 0;
  #isText = false;
  #isEscaped = false;
  /** Of the part: one for each member that an object in it names. */
  #colons = 0;

  *read(text: string): Generator<ExportPart> {
    let from = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (this.#held === null) {
        if (isSpace(code) || this.#took(code)) continue;
        this.#held = "";
        from = at;
        this.#begin(code);
        continue;
      }
      const end = this.#endAt(code, at);
      if (end === null) continue;
      this.#hold(text.slice(from, end));
      yield* this.#done();
      // A number ends with what comes after it.
      at = end - 1;
    }
    if (this.#held !== null) this.#hold(text.slice(from));
  }

  end(): void {
    if (this.#next !== "nothing") throw new UnreadableExportError("It ends in the middle.");
  }

  /** Takes a character of punctuation; false where a part begins. */
  #took(code: number): boolean {
    switch (this.#next) {
      case "object":
        return this.#step(code === openBrace, "name or end");
      case "colon":
        return this.#step(code === colon, "value");
      case "comma or end":
        return this.#step(code === comma || code === closeBrace, code === comma ? "name" : "nothing");
      case "comma or end of events":
        return this.#step(code === comma || code === closeBracket, code === comma ? "event" : "comma or end");
      case "nothing":
        return this.#step(false, "nothing");
      case "value":
        return this.#name === "events" && this.#step(code === openBracket, "event or end");
      case "name or end":
        return code === closeBrace && this.#step(true, "nothing");
      case "event or end":
        return code === closeBracket && this.#step(true, "comma or end");
      default:
        return false;
    }
  }

  #step(isRight: boolean, next: Next): true {
    if (!isRight) throw new UnreadableExportError(notOfTheForm);
    this.#next = next;
    return true;
  }

  #begin(code: number): void {
    this.#isText = code === quote;
    this.#isEscaped = false;
    this.#colons = 0;
    this.#depth = code === openBrace || code === openBracket ? 1 : 0;
  }

  /** Where the part that is being read ends, if it does with this character. */
  #endAt(code: number, at: number): number | null {
    if (this.#isText) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (code === backslash) this.#isEscaped = true;
      else if (code === quote) {
        this.#isText = false;
        if (this.#depth === 0) return at + 1;
      }
      return null;
    }
    if (code === quote) this.#isText = true;
    else if (code === colon) this.#colons++;
    else if (code === openBrace || code === openBracket) this.#depth++;
    else if (this.#depth > 0) {
      if (code === closeBrace || code === closeBracket) this.#depth--;
      if (this.#depth === 0) return at + 1;
    } else if (isSpace(code) || code === comma || code === closeBrace || code === closeBracket) return at;
    return null;
  }

  #hold(text: string): void {
    this.#held = (this.#held ?? "") + text;
    if (this.#held.length > partCharactersMax)
      throw new UnreadableExportError(`A part of it is longer than ${partCharactersMax} characters.`);
  }

  *#done(): Generator<ExportPart> {
    const value = parsed(this.#held ?? "");
    this.#held = null;
    // Readers of JSON differ in which of the two they take: what is proved might not be what is read.
    if (memberCount(value) !== this.#colons)
      throw new UnreadableExportError("An object in it says the same name twice.");
    if (this.#next === "name" || this.#next === "name or end") {
      if (typeof value !== "string") throw new UnreadableExportError(notOfTheForm);
      if (this.#names.has(value)) throw new UnreadableExportError(`It says "${value}" twice.`);
      this.#names.add(value);
      this.#name = value;
      this.#next = "colon";
    } else if (this.#next === "value") {
      this.#next = "comma or end";
      yield { name: this.#name, value };
    } else {
      this.#next = "comma or end of events";
      yield { name: "events", event: value };
    }
  }
}

function memberCount(value: unknown): number {
  let count = 0;
  const left = [value];
  // No recursion: what it reads may be nested as deep as a part is long.
  while (left.length > 0) {
    const one = left.pop();
    if (typeof one !== "object" || one === null) continue;
    const inner = Object.values(one);
    if (!Array.isArray(one)) count += inner.length;
    for (const next of inner) left.push(next);
  }
  return count;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UnreadableExportError("It is not JSON.", { cause });
  }
}
