// Snippets: what is shown of a text, with what was found marked.
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Needle, snippetOf } from "../../src/search/snippet.ts";

const parts = (...needles: readonly string[]): readonly Needle[] =>
  needles.map((word) => ({ words: [word], as: "part" }));

const marked = (text: string, ...needles: readonly (string | Needle)[]): string =>
  snippetOf(
    text,
    needles.flatMap((needle) => (typeof needle === "string" ? parts(needle) : needle)),
  )
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

test.each<[string, Needle, string]>([
  ["We are getting it with apt-get", { words: ["apt", "get"], as: "whole" }, "We are getting it with [apt-get]"],
  ["get apt, get", { words: ["apt", "get"], as: "whole" }, "get [apt, get]"],
  ["apt-getting", { words: ["apt", "get"], as: "whole" }, "apt-getting"],
  ["a chapter; get", { words: ["chapter"], as: "whole" }, "a [chapter]; get"],
  ["chapters", { words: ["chapter"], as: "whole" }, "chapters"],
  ["Launch dinners late", { words: ["unch", "dinner"], as: "part" }, "[Launch dinners] late"],
  ["they complain, mplained", { words: ["mplai"], as: "start" }, "they complain, [mplained]"],
  ["내일 도서관에서 만나서요", { words: ["서관에서", "만나서"], as: "whole" }, "내일 도[서관에서 만나서]요"],
])("%j with %j marked together", (text, needle, snippet) => {
  expect(marked(text, needle)).toBe(snippet);
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
        const shown = snippetOf(text, parts(needle.toLowerCase())).filter(
          (part) => part.text !== "… " && part.text !== " …",
        );
        expect(bare(text)).toContain(bare(shown.map((part) => part.text).join("")));
      },
    ),
  );
});
