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

/** How often the words of a needle are compared with those of the text. */
function comparisons(text: string, word: string): number {
  let count = 0;
  const needle: Needle = {
    as: "part",
    get words() {
      count++;
      return [word];
    },
  };
  snippetOf(text, [needle]);
  return count;
}

test("of a long text only the parts are looked through that may have what is looked for, and not for ever", () => {
  const long = 20_000;
  expect(comparisons("some words ".repeat(long / 11), "needle")).toBeLessThan(20);
  expect(comparisons(`${"some words ".repeat(long / 11)} needle`, "needle")).toBeLessThan(600);
  // In every part, and nowhere a word.
  expect(comparisons("bad ".repeat(long / 4), "a")).toBeLessThan(5_000);
  expect(snippetOf("some words ".repeat(long / 11), [])[0]?.text).toMatch(/^some words/);
});

test("what is looked for is found at the end of a long text, across the places where it was cut, and where its script has no spaces", () => {
  for (let before = 480; before < 520; before++) {
    const text = `${"x".repeat(before)} one two ${"y ".repeat(5_000)}`;
    expect(marked(text, { words: ["one", "two"], as: "whole" })).toContain("[one two]");
  }
  expect(marked(`${"before ".repeat(2_500)}Élan`, "elan")).toMatch(/\[Élan\]$/);
  expect(marked(`${"明日は".repeat(5_000)}図書館で`, "図書館")).toContain("[図書館]");
  // Apart, with a part between them that has neither.
  expect(marked(`one ${"x ".repeat(1_000)} two`, { words: ["one", "two"], as: "whole" })).not.toContain("[");
});

test("a text that is nothing but what is looked for is marked as far as it is shown", () => {
  const hits = snippetOf("字".repeat(20_000), parts("字")).filter(({ isHit }) => isHit);
  expect(hits.length).toBeGreaterThan(50);
  expect(hits.length).toBeLessThan(300);
});
