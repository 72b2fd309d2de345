// The parts of a mail, as text and as HTML.
import { expect, test } from "vitest";
import { changes, files, heading, words } from "../../../src/mail/out/parts.ts";

test("words, names and file names run in their own direction", () => {
  expect(words({ format: "PLAIN", text: "שלום" }).html).toBe('<div dir="auto"><p>שלום</p></div>');
  expect(heading("דנה").html).toContain('<b dir="auto">דנה</b>');
  const run = { kind: "added", text: "שלום" } as const;
  expect(changes([{ runs: [run], isCutBefore: false, isCutAfter: false }]).html).toMatch(/^<p dir="auto"><ins /);
  const { text, html } = files([
    { title: "תפריט.pdf", size: 10 },
    { title: "<b>.txt", size: 2_000 },
  ]);
  expect(text).toBe("Attached: תפריט.pdf (10 bytes), <b>.txt (2 KB)");
  expect(html).toContain(
    'Attached: <span dir="auto">תפריט.pdf</span> (10 bytes), <span dir="auto">&#60;b&#62;.txt</span> (2 KB)</p>',
  );
});

test("of many files the first are named, and the rest counted", () => {
  const { text } = files(Array.from({ length: 23 }, (_, index) => ({ title: `${index}.txt`, size: 1 })));
  expect(text).toMatch(/^Attached: 0\.txt .*19\.txt \(1 bytes\), 3 more$/);
});
