// Snippets: what is shown of a text, with what was found marked.
import fc from "fast-check";
import { expect, test } from "vitest";
import { snippetOf } from "../../src/search/snippet.ts";

const marked = (text: string, ...needles: string[]): string =>
  snippetOf(text, needles)
    .map((part) => (part.isHit ? `[${part.text}]` : part.text))
    .join("");

test.each([
  ["We run in Café Élan", ["cafe"], "We run in [Café] Élan"],
  ["Running on", ["run"], "[Running] on"],
  ["a cat, at home", ["a", "at"], "[a] cat, [at] home"],
  ["明日は図書館で会う", ["図書館"], "明日は[図書館]で会う"],
  ["nothing here", ["else"], "nothing here"],
  ["two\n\nlines", ["lines"], "two [lines]"],
  ["<b>x</b>", ["x"], "<b>[x]</b>"],
])("%j with %j marked", (text, needles, snippet) => {
  expect(marked(text, ...needles)).toBe(snippet);
});

test("of a long text the part around the first hit is shown, from word to word", () => {
  const text = `${"before ".repeat(100)}needle ${"after ".repeat(100)}`;
  const snippet = marked(text, "needle");
  expect(snippet).toMatch(/^… (before )+\[needle\] (after ?)+ …$/);
  expect(snippet.length).toBeLessThan(240);
});

test("a snippet is a part of its text, spaces aside, whatever the text is", () => {
  const bare = (text: string) => text.replace(/\s+/gu, "");
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", maxLength: 400 }),
      fc.string({ minLength: 1, maxLength: 3 }),
      (text, needle) => {
        const parts = snippetOf(text, [needle.toLowerCase()]).filter(
          (part) => part.text !== "… " && part.text !== " …",
        );
        expect(bare(text)).toContain(bare(parts.map((part) => part.text).join("")));
      },
    ),
  );
});
