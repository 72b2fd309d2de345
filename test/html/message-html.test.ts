// HTML of what people write: safe to show, and made in a time that its length bounds.
import { describe, expect, test } from "vitest";
import { toHtml } from "../../src/html/message-html.ts";

describe("Markdown", () => {
  test("becomes structure and emphasis", () => {
    expect(toHtml({ format: "MARKDOWN", text: "Hi **Bob**\nhttps://a.example\n\n- one" })).toBe(
      '<p>Hi <strong>Bob</strong><br />\n<a href="https://a.example" rel="noopener noreferrer nofollow" target="_blank">https://a.example</a></p>\n<ul>\n<li>one</li>\n</ul>\n',
    );
  });

  test.each(["<script>alert(1)</script>", "[x](javascript:alert(1))", "![x](https://a.example/pixel.png)"])(
    "runs and fetches nothing: %s",
    (text) => {
      expect(toHtml({ format: "MARKDOWN", text })).not.toMatch(/<script|<img|href="javascript/i);
    },
  );
});

describe("HTML", () => {
  test.each([
    "<svg onload=alert(1)>",
    "<img src=x onerror=alert(1)>",
    "<style>@import 'x'</style>",
    "<form action=x><input>",
  ])("keeps no more than structure and links: %s", (text) => {
    expect(toHtml({ format: "HTML", text: `<b>kept</b>${text}` })).toBe("<b>kept</b>");
  });
});

describe("the direction of words", () => {
  test.each([
    ["ltr", ' dir="ltr"'],
    ["RTL", ' dir="rtl"'],
    ["auto", ' dir="auto"'],
    ["", ""],
    ["up", ""],
    ["rtl&quot; onclick=&quot;x()", ""],
  ])("%s is shown as <div%s>", (dir, shown) => {
    expect(toHtml({ format: "HTML", text: `<div dir="${dir}" class="x">שלום</div>` })).toBe(`<div${shown}>שלום</div>`);
  });

  test("is kept beside what else a tag says", () => {
    expect(
      toHtml({ format: "HTML", text: '<a dir="rtl" href="https://a.example">א</a><td dir=ltr colspan=2>x</td>' }),
    ).toBe(
      '<a href="https://a.example" rel="noopener noreferrer nofollow" target="_blank" dir="rtl">א</a><td colspan="2" dir="ltr">x</td>',
    );
  });
});

test("what is too long to format is shown as it is, escaped", () => {
  const text = `**${"a".repeat(64 * 1024)}** <b>`;
  expect(toHtml({ format: "MARKDOWN", text })).toMatch(/^<p>\*\*a+\*\* &#60;b&#62;<\/p>$/);
});

test("of HTML that is too long, its words are shown, and none of its tags", () => {
  const text = `<p>${"a".repeat(64 * 1024)}</p><script>x</script>&lt;b&gt;`;
  expect(toHtml({ format: "HTML", text })).toMatch(/^<p> a+ {2}x &#60;b&#62;<\/p>$/);
});

// Each of these made a parser hang or overflow its stack.
test.each([["*_a"], ["**a"], ["> "], ["["], ["[a]("], ["- "], ["<a "]])("%s again and again is no trap", (part) => {
  expect(toHtml({ format: "MARKDOWN", text: part.repeat(Math.floor((64 * 1024) / part.length)) })).not.toBe("");
});
