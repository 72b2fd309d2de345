// The language of searches: what people type, and what it is taken for.
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseSearch, type SearchNode, searchBounds } from "../../src/search/grammar.ts";

/** The tree as a short text. */
function shown(node: SearchNode): string {
  switch (node.kind) {
    case "and":
    case "or":
      return `(${node.nodes.map(shown).join(node.kind === "and" ? " & " : " | ")})`;
    case "not":
      return `!${shown(node.node)}`;
    case "word":
      return node.word;
    case "phrase":
      return `<${node.words.join(" ")}>`;
    default: {
      const { kind, ...value } = node;
      return `${kind}=${Object.values(value).flat().join(" ")}`;
    }
  }
}

const parsed = (query: string): string => {
  const result = parseSearch(query);
  return "node" in result ? shown(result.node) : `${result.fault.start}-${result.fault.end} ${result.fault.message}`;
};

test.each([
  ["lunch", "lunch"],
  ["  Lunch   Friday ", "(lunch & friday)"],
  ['"Lunch on Friday"', "<lunch on friday>"],
  ["well-known", "<well known>"],
  ["-word", "!word"],
  ['-"two words"', "!<two words>"],
  ["a - b", "(a & b)"],
  ["Re: lunch -> dinner & more 👍 ???", "(re & lunch & dinner & more)"],
  ["a (b & ) OR - c", "((a & b) | c)"],
  ["“two words”", "<two words>"],
  ["-„two words“", "!<two words>"],
  ["from:«Alice Bell» ”two words”", "(from=alice bell & <two words>)"],
  ['"he said “hi” to me"', "<he said hi to me>"],
  ["“two words", "(two & words)"],
  ["lunch OR dinner", "(lunch | dinner)"],
  ["a b OR c d", "((a & b) | (c & d))"],
  ["a (b OR c)", "(a & (b | c))"],
  ["-(a OR b)", "!(a | b)"],
  ["or", "or"],
  ['"OR"', "<or>"],
  ["from:Alice", "from=alice"],
  ["FROM:alice@Example.ORG", "from=alice@example.org"],
  ['from:"Alice Bell" to:me', "(from=alice bell & to=me)"],
  ["-from:bob", "!from=bob"],
  ['subject:"Lunch plan"', "subject=lunch plan"],
  ["has:attachment", "has=ATTACHMENT"],
  ["has:files", "has=ATTACHMENT"],
  ["before:2026-01-01", "before=2026-01-01T00:00:00.000Z"],
  ["after:2026", "after=2026-01-01T00:00:00.000Z"],
  ["after:2024-02-29", "after=2024-02-29T00:00:00.000Z"],
  ["is:unread is:MUTED", "(is=UNREAD & is=MUTED)"],
  ["label:Work in:archive", "(label=Work & in=ARCHIVE)"],
  ["https://example.org", "<https example org>"],
  ["12:30", "<12 30>"],
  ["Café", "cafe"],
  ["東京都", "東京都"],
  ["c++", "c"],
])("%j is %s", (query, tree) => {
  expect(parsed(query)).toBe(tree);
});

test.each([
  ["", 0, 0, /Type a word/],
  ["   ", 0, 3, /Type a word/],
  ['lunch "on friday', 6, 16, /Close it/],
  ["lunch (on friday", 6, 7, /Close it/],
  ["lunch) on", 5, 6, /closes none/],
  ["lunch ()", 6, 8, /nothing between/],
  ["OR lunch", 0, 2, /OR stands between/],
  ["lunch OR", 6, 8, /OR stands between/],
  ["a OR OR b", 5, 7, /OR stands between/],
  ["lunch from:", 6, 11, /from:alice/],
  ["from: alice", 0, 5, /without a space/],
  ["--word", 1, 2, /One hyphen/],
  ["before:soon", 7, 11, /2026-01-31/],
  ["after:2026-02-30", 6, 16, /2026-01-31/],
  ["has:fun", 4, 7, /has:attachment/],
  ["is:blue", 3, 7, /unread, read, muted/],
  ["in:space", 3, 8, /inbox, archive/],
  ["???", 0, 3, /no letter or digit/],
  ["-&", 1, 2, /no letter or digit/],
  ["lunch OR 👍", 9, 11, /no letter or digit/],
  ['lunch ""', 6, 8, /no letter or digit/],
  ["subject:!", 0, 9, /no letter or digit/],
  [
    "x".repeat(searchBounds.characters + 1),
    searchBounds.characters,
    searchBounds.characters + 1,
    /Leave something out/,
  ],
  [`lunch ${"क".repeat(searchBounds.wordCharacters + 1)}`, 6, searchBounds.wordCharacters + 7, /some of it out/],
  // Longer than it is typed.
  [`"at ${"ⅷ".repeat(searchBounds.wordCharacters / 4 + 1)}"`, 0, searchBounds.wordCharacters / 4 + 6, /some of it out/],
  ["a ".repeat(searchBounds.terms + 1), searchBounds.terms * 2, searchBounds.terms * 2 + 1, /Leave some out/],
  [`${"(".repeat(12)}a${")".repeat(12)}`, 11, 12, /too many brackets/],
])("%j says where it cannot be understood", (query, start, end, message) => {
  expect(parseSearch(query)).toEqual({ fault: { start, end, message: expect.stringMatching(message) } });
});

const pieces = fc.constantFrom(
  ...'"()-: “”„«»'.split(""),
  "OR",
  "from:",
  "subject:",
  "before:2026",
  "is:unread",
  "word",
  "東京",
  "é",
  "\ud800",
  "'",
  "\\",
  "%",
  "_",
  "&",
  "|",
  "!",
  "*",
  "\0",
);

test("whatever is typed is a tree of words, or a fault within what was typed", () => {
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), (typed) => {
      const query = typed.join("");
      const result = parseSearch(query);
      if ("fault" in result) {
        expect(result.fault.start).toBeGreaterThanOrEqual(0);
        expect(result.fault.end).toBeLessThanOrEqual(query.length);
        expect(result.fault.start).toBeLessThanOrEqual(result.fault.end);
      } else expect(shown(result.node)).not.toBe("");
    }),
  );
});

test("words stay words, whatever order they are in and however they are spaced", () => {
  const word = fc.stringMatching(/^[a-z]{1,8}$/);
  fc.assert(
    fc.property(fc.array(word, { minLength: 2, maxLength: 8 }), (words) => {
      expect(parsed(words.join("  "))).toBe(`(${words.join(" & ")})`);
      expect(parsed(`"${words.join(" ")}"`)).toBe(`<${words.join(" ")}>`);
    }),
  );
});
