// The language that people type into a search box: parsed into a tree, or a fault that says where it is and what to do.
//
//   query  = and *( "OR" and )
//   and    = 1*term                      ; side by side: all of them
//   term   = [ "-" ] ( "(" query ")" / key ":" value / value )
//   value  = word / DQUOTE text DQUOTE  ; also what phones make of it: “text”, „text“, «text», »text«
import { isUnspaced, wordsOf } from "./fold.ts";

export const searchFolders = ["INBOX", "ARCHIVE", "SPAM", "TRASH", "REQUESTS", "SENT", "ANYWHERE"] as const;
export type SearchFolder = (typeof searchFolders)[number];
export const searchStates = ["UNREAD", "READ", "MUTED", "PINNED", "HIDDEN"] as const;
export type SearchState = (typeof searchStates)[number];

/** What a conversation's texts are asked. Words are folded. */
export type SearchNode =
  | { readonly kind: "and" | "or"; readonly nodes: readonly SearchNode[] }
  | { readonly kind: "not"; readonly node: SearchNode }
  /** One word, or part of one. */
  | { readonly kind: "word"; readonly word: string }
  /** These words, side by side and whole. */
  | { readonly kind: "phrase"; readonly words: readonly string[] }
  | { readonly kind: "subject"; readonly words: readonly string[] }
  /** An address, a name, or part of either; `me`. Lower case. */
  | { readonly kind: "from" | "to"; readonly person: string }
  | { readonly kind: "label"; readonly name: string }
  | { readonly kind: "has"; readonly what: "ATTACHMENT" }
  /** From 00:00 UTC of that day on, or before it. */
  | { readonly kind: "before" | "after"; readonly at: string }
  | { readonly kind: "is"; readonly state: SearchState }
  | { readonly kind: "in"; readonly folder: SearchFolder };

/** What cannot be understood. Places are UTF-16 units of the query, from 0; `end` is behind the last. */
export interface SearchFault {
  readonly message: string;
  readonly start: number;
  readonly end: number;
}

export type ParsedSearch = { readonly node: SearchNode } | { readonly fault: SearchFault };

export const searchBounds = {
  characters: 1_000,
  terms: 30,
  depth: 10,
  /** Of a word, folded: PostgreSQL takes 2,046 bytes. Scripts without spaces are looked for by pairs of characters. */
  wordCharacters: 500,
} as const;

interface Token {
  readonly kind: "(" | ")" | "or" | "not" | "key" | "value";
  readonly text: string;
  readonly isQuoted?: boolean;
  readonly start: number;
  readonly end: number;
}

class Fault extends Error {
  readonly fault: SearchFault;
  constructor(message: string, { start, end }: { readonly start: number; readonly end: number }) {
    super(message);
    this.fault = { message, start, end };
  }
}

const keys = ["from", "to", "subject", "has", "before", "after", "is", "label", "in"] as const;
type Key = (typeof keys)[number];
const keyPattern = new RegExp(`(${keys.join("|")}):`, "iy");

const closingMarks: Readonly<Record<string, RegExp>> = {
  '"': /"/,
  ...{ "“": /[“”]/, "„": /[“”]/, "”": /”/ },
  ...{ "«": /»/, "»": /«/ },
};

/** Parses a query. Never throws. */
export function parseSearch(query: string): ParsedSearch {
  try {
    if (query.length > searchBounds.characters) {
      throw new Fault(`A search has ${searchBounds.characters} characters at most. Leave something out.`, {
        start: searchBounds.characters,
        end: query.length,
      });
    }
    return { node: parse(tokensOf(query), query.length) };
  } catch (error) {
    if (error instanceof Fault) return { fault: error.fault };
    throw error;
  }
}

function tokensOf(query: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const add = (kind: Token["kind"], text: string, start: number, isQuoted = false) =>
    tokens.push({ kind, text, start, end: at, isQuoted });
  while (at < query.length) {
    const start = at;
    const character = query.charAt(at);
    if (/\s/u.test(character)) {
      at++;
      continue;
    }
    if (character === "(" || character === ")") {
      at++;
      add(character, character, start);
      continue;
    }
    const closing = closingMarks[character];
    if (closing !== undefined) {
      const length = query.slice(at + 1).search(closing);
      if (length >= 0) {
        at += length + 2;
        add("value", query.slice(start + 1, at - 1), start, true);
        continue;
      }
      // Of another mark one alone is a sign like others: it comes with what is pasted.
      if (character === '"')
        throw new Fault('This quotation has no end. Close it with ".', { start, end: query.length });
    }
    // A hyphen before something takes it out; within a word it is part of it.
    if (character === "-" && /^-+[^\s\-)]/u.test(query.slice(at))) {
      at++;
      add("not", "-", start);
      continue;
    }
    keyPattern.lastIndex = at;
    const key = keyPattern.exec(query)?.[1];
    if (key !== undefined && tokens.at(-1)?.kind !== "key") {
      at += key.length + 1;
      add("key", key.toLowerCase(), start);
      continue;
    }
    const word = /[^\s()"]+/uy;
    word.lastIndex = at;
    const text = word.exec(query)?.[0] ?? character;
    at += text.length;
    add(text === "OR" ? "or" : "value", text, start);
  }
  return tokens;
}

function parse(tokens: readonly Token[], length: number): SearchNode {
  let at = 0;
  let terms = 0;
  const query = (depth: number): SearchNode => {
    const first = tokens[at];
    if (depth > searchBounds.depth && first) throw new Fault("There are too many brackets within each other.", first);
    const nodes = [and(depth)];
    while (tokens[at]?.kind === "or") {
      at++;
      nodes.push(and(depth));
    }
    return joined("or", nodes);
  };
  const and = (depth: number): SearchNode => {
    const nodes: SearchNode[] = [];
    let signs: Token | undefined;
    for (let token = tokens[at]; token && token.kind !== "or" && token.kind !== ")"; token = tokens[at]) {
      // Among words they come with what is pasted, and nothing is found by them.
      const count = isSigns(token) ? 1 : token.kind === "not" && isSigns(tokens[at + 1]) ? 2 : 0;
      if (count === 0) nodes.push(term(depth));
      else signs ??= tokens[at + count - 1];
      at += count;
    }
    if (nodes.length > 0) return joined("and", nodes);
    if (signs) throw new Fault(signsAlone, signs);
    const token = tokens[at];
    const before = tokens[at - 1];
    if (token?.kind === "or" || before?.kind === "or") {
      const or = token?.kind === "or" ? token : before;
      throw new Fault(
        'OR stands between two things to look for. To look for the word itself, write "OR".',
        or ?? nowhere,
      );
    }
    if (token?.kind === ")" && before?.kind !== "(") throw new Fault("This bracket closes none. Take it out.", token);
    if (before?.kind === "(")
      throw new Fault("There is nothing between these brackets.", { start: before.start, end: token?.end ?? length });
    throw new Fault("There is nothing to look for. Type a word.", { start: 0, end: length });
  };
  const term = (depth: number): SearchNode => {
    const token = tokens[at++] ?? nowhere;
    if (++terms > searchBounds.terms)
      throw new Fault(`A search has ${searchBounds.terms} parts at most. Leave some out.`, token);
    if (token.kind === "not") {
      const negated = tokens[at];
      if (negated?.kind === "not") throw new Fault("One hyphen is enough to leave something out.", negated);
      return { kind: "not", node: term(depth) };
    }
    if (token.kind === "(") {
      const node = query(depth + 1);
      if (tokens[at]?.kind !== ")") throw new Fault("This bracket has no end. Close it with ).", token);
      at++;
      return node;
    }
    if (token.kind === "key") {
      const value = tokens[at];
      if (value?.kind !== "value" || value.start !== token.end) {
        throw new Fault(`Say what ${token.text}: is to be, without a space: ${examples[token.text as Key]}.`, token);
      }
      at++;
      return keyed(token.text as Key, value, { start: token.start, end: value.end });
    }
    return worded(token);
  };
  const node = query(0);
  const left = tokens[at];
  if (left) throw new Fault("This bracket closes none. Take it out.", left);
  return node;
}

const signsAlone = "There is no letter or digit in this. Signs alone cannot be looked for.";

function isSigns(token: Token | undefined): boolean {
  return token?.kind === "value" && token.isQuoted !== true && wordsOf(token.text).length === 0;
}

const nowhere: Token = { kind: "value", text: "", start: 0, end: 0 };

function joined(kind: "and" | "or", nodes: readonly SearchNode[]): SearchNode {
  const [only] = nodes;
  return nodes.length === 1 && only ? only : { kind, nodes };
}

const examples: Readonly<Record<Key, string>> = {
  from: "from:alice",
  to: "to:bob@example.org",
  subject: "subject:lunch",
  has: "has:attachment",
  before: "before:2026-01-31",
  after: "after:2026-01-31",
  is: "is:unread",
  label: "label:work",
  in: "in:archive",
};

/** What is typed without a key: words in quotation marks, or with signs between them, belong together. */
function worded(token: Token): SearchNode {
  const words = wordsOf(token.text);
  const [word] = words;
  if (word === undefined) throw new Fault(signsAlone, token);
  if (words.some((one) => !isUnspaced(one) && [...one].length > searchBounds.wordCharacters)) {
    throw new Fault(`A word has ${searchBounds.wordCharacters} characters at most. Leave some of it out.`, token);
  }
  return words.length > 1 || (token.isQuoted === true && !isUnspaced(word))
    ? { kind: "phrase", words }
    : { kind: "word", word };
}

function keyed(
  key: Key,
  { text, ...place }: Token,
  whole: { readonly start: number; readonly end: number },
): SearchNode {
  switch (key) {
    case "from":
    case "to": {
      const person = text.trim().normalize("NFC").toLowerCase();
      if (person === "") throw new Fault(`Say who: ${examples[key]}.`, whole);
      return { kind: key, person };
    }
    case "subject": {
      const words = wordsOf(text);
      if (words.length === 0) throw new Fault("There is no letter or digit in this subject.", whole);
      return { kind: "subject", words };
    }
    case "label":
      if (text.trim() === "") throw new Fault("Say which label: label:work.", whole);
      return { kind: "label", name: text };
    case "has":
      if (!/^(attachments?|files?)$/i.test(text))
        throw new Fault("has: can be asked of attachments alone: has:attachment.", place);
      return { kind: "has", what: "ATTACHMENT" };
    case "before":
    case "after":
      return { kind: key, at: dayOf(text, place) };
    case "is":
      return { kind: "is", state: oneOf(searchStates, "is", text, place) };
    case "in":
      return { kind: "in", folder: oneOf(searchFolders, "in", text, place) };
  }
}

function dayOf(text: string, place: { readonly start: number; readonly end: number }): string {
  const [, year, month = "01", day = "01"] = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?$/.exec(text) ?? [];
  const time = year === undefined || year === "0000" ? Number.NaN : Date.parse(`${year}-${month}-${day}T00:00:00.000Z`);
  const iso = Number.isNaN(time) ? "" : new Date(time).toISOString();
  // Date takes the 30th of February for the 2nd of March.
  if (!iso.startsWith(`${year}-${month}-${day}`)) {
    throw new Fault("Write a day as 2026-01-31, a month as 2026-01, a year as 2026.", place);
  }
  return iso;
}

function oneOf<Name extends string>(
  names: readonly Name[],
  key: Key,
  text: string,
  place: { readonly start: number; readonly end: number },
): Name {
  const found = names.find((name) => name === text.toUpperCase());
  if (found) return found;
  throw new Fault(`${key}: knows ${names.map((name) => name.toLowerCase()).join(", ")}.`, place);
}
