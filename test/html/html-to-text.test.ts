import { expect, test } from "vitest";
import { htmlToText } from "../../src/html/html-to-text.ts";

test.each([
  ["words and <b>more</b> &amp; &lt;more&gt; &quot;still&quot;", 'words and more & <more> "still"'],
  ["<p>one</p><p>two</p>", "one\n\ntwo"],
  ["<div>one</div><div>two</div>", "one\ntwo"],
  ["one<br>two<br><br>three", "one\ntwo\n\nthree"],
  ["  <p>\n  one\n  two </p>\n", "one two"],
  ["<ul><li>one</li><li>two</li></ul><p>three</p>", "- one\n- two\n\nthree"],
  ["<p>said:</p><blockquote><p>one</p><p>two</p></blockquote><p>three</p>", "said:\n\n> one\n>\n> two\n\nthree"],
  ["<blockquote>one<blockquote>two</blockquote></blockquote>", "> one\n>\n>> two"],
  ['<a href="https://a.example/?x=1&amp;y=2">here</a>', "here <https://a.example/?x=1&y=2>"],
  [
    '<a href="https://a.example/">https://a.example/</a> <a href="mailto:a@b.example">a@b.example</a>',
    "https://a.example/ a@b.example",
  ],
  ['<a href="javascript:alert(1)">here</a>', "here"],
  ["<pre>  one\n    two</pre>", "one\n    two"],
  ["<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1 2\n3"],
  ["<h1>Title</h1>words<hr>end", "Title\n\nwords\n\n---\n\nend"],
  ["<style>p { color: red }</style><script>alert(1)</script>words<!-- not -->", "words"],
  ["", ""],
])("%j reads as a person would write it", (html, text) => {
  expect(htmlToText(html)).toBe(text);
});

test("takes deep and broken HTML", () => {
  expect(htmlToText("<blockquote>".repeat(3_000))).toBe("");
  expect(htmlToText(`${"<div>".repeat(2_000)}deep`)).toBe("deep");
  expect(htmlToText("<p>one<p>two</blockquote></p></table>three")).toBe("one\n\ntwo\n\nthree");
});
