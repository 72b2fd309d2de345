// What people wrote in 22 replies, as the tests of GitHub's own parser expect it of them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { afterAll, expect, test } from "vitest";
import { z } from "zod";
import { newWords } from "../../src/mail/in/new-words.ts";

const folder = join(process.env["PARLEY_TEST_DATA"] ?? "", "reply-stripping");
const read = (file: string) => readFileSync(join(folder, file), "utf8");

const expectation = z.strictObject({
  visible: z.string().optional(),
  visible_equals_whitespace_insensitive: z.string().optional(),
  visible_starts: z.string().optional(),
  visible_includes: z.array(z.string()).optional(),
  visible_excludes: z.array(z.string()).optional(),
  visible_is_whole: z.literal(true).optional(),
  max_seconds: z.number().optional(),
});
const expected = Object.entries(z.record(z.string(), expectation).parse(JSON.parse(read("expected.json"))));

let agreed = 0;
afterAll(() => process.stdout.write(`reply-stripping: ${agreed} of ${expected.length} agree\n`));

test("are 22", () => expect(expected).toHaveLength(22));

test.each(expected)("%s", (file, wanted) => {
  const mail = read(file);
  const startedAt = performance.now();
  const { text } = newWords({ text: mail, html: null });
  const seconds = (performance.now() - startedAt) / 1000;
  if (wanted.visible !== undefined) expect(text).toBe(wanted.visible);
  if (wanted.visible_equals_whitespace_insensitive !== undefined) {
    expect(text.split(/\s+/).join(" ")).toBe(wanted.visible_equals_whitespace_insensitive);
  }
  // As the `^` of Ruby, in which these were assertions: a line begins so. In one of the mails it is not the first.
  if (wanted.visible_starts !== undefined) expect(`\n${text}`).toContain(`\n${wanted.visible_starts}`);
  for (const part of wanted.visible_includes ?? []) expect(text).toContain(part);
  for (const part of wanted.visible_excludes ?? []) expect(text).not.toContain(part);
  if (wanted.visible_is_whole) expect(text).toBe(mail.trimEnd());
  // The corpus states this bound of the time, for inputs that made other parsers hang.
  if (wanted.max_seconds !== undefined) expect(seconds).toBeLessThan(wanted.max_seconds);
  agreed++;
});
