import { expect, test } from "vitest";
import {
  headBytesMax,
  type MboxMail,
  NoMboxError,
  splitMbox,
  unquoteFromLines,
} from "../../../src/mail/archive/mbox.ts";
import { readMailHead } from "../../../src/mail/mail-head.ts";

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const split = async (file: Buffer, chunk = file.length): Promise<readonly MboxMail[]> =>
  Array.fromAsync(splitMbox(inChunks(file, Math.max(1, chunk))));

const mailsIn = async (text: string, chunk?: number): Promise<readonly string[]> => {
  const file = Buffer.from(text, "latin1");
  return (await split(file, chunk)).map(({ offset, length }) => file.toString("latin1", offset, offset + length));
};

const fromLine = "From alice@a.example Mon Sep  9 17:57:43 2002\n";

test("mails are what stands between From lines, without the empty line before the next", async () => {
  const text = `${fromLine}Subject: one\n\nwords\n\n${fromLine}Subject: two\n\n\n\n${fromLine}Subject: three\n\nno line's end`;
  expect(await mailsIn(text)).toEqual([
    "Subject: one\n\nwords\n",
    "Subject: two\n\n\n",
    "Subject: three\n\nno line's end",
  ]);
});

test("however the file is cut into chunks, the mails are the same", async () => {
  const text = [
    `${fromLine}Subject: one\r\n\r\n>From me\r\n\r\nFrom now on\r\n\r\n`,
    `${fromLine.trimEnd()}\r\nSubject: two\n\nFrom me to you\n\n`,
    `${fromLine}\n${fromLine}X: 1\n\nb`,
  ].join("");
  const whole = await mailsIn(text);
  expect(whole).toHaveLength(4);
  for (let size = 1; size < text.length; size++) expect(await mailsIn(text, size)).toEqual(whole);
});

test("words that begin with From are no mail's beginning", async () => {
  const words = "Subject: one\n\nFrom now on I write this.\n\nFrom here at 10:30, say, or later.\n\nFrom\nFrom \n";
  expect(await mailsIn(`${fromLine}${words}`)).toEqual([words]);
});

test.each([
  ["with carriage returns", `Subject: a\r\n\r\nx\r\n\r\n${fromLine}Subject: b\n\n`, 2],
  ["without the empty line, where it is what RFC 4155 has", `Subject: a\n\nx\n${fromLine}Subject: b\n\n`, 2],
  ["as Google writes them", "Subject: a\n\n\nFrom 15@xxx Mon Apr 09 12:00:00 +0000 2018\nSubject: b\n\n", 2],
  ["as Thunderbird writes them", "Subject: a\n\n\nFrom - Mon Sep 09 17:57:43 2002\nSubject: b\n\n", 2],
  ["not without the empty line, where it may be words", "Subject: a\n\n---\nFrom Bob, 10:30, 2002\nhe said\n\n", 1],
])("From lines: %s", async (_, text, count) => {
  expect(await mailsIn(`${fromLine}${text}`)).toHaveLength(count);
});

test("a file that begins otherwise is no mbox, and an empty one has no mails", async () => {
  await expect(mailsIn("Subject: one\n\nwords\n")).rejects.toThrow(NoMboxError);
  await expect(mailsIn("Fro", 1)).rejects.toThrow(NoMboxError);
  expect(await mailsIn("")).toEqual([]);
});

test.each(["\xef\xbb\xbf", "\n", "\r\n\n", "\xef\xbb\xbf\r\n\r\n"])("it may begin with %j", async (beginning) => {
  const text = `${beginning}${fromLine}Subject: one\n\nwords\n\n${fromLine}Subject: two\n\n`;
  for (const size of [1, 2, 5, text.length])
    expect(await mailsIn(text, size)).toEqual(["Subject: one\n\nwords\n", "Subject: two\n"]);
  await expect(mailsIn(`${beginning}Subject: one\n\n${fromLine}`)).rejects.toThrow(NoMboxError);
  expect(await mailsIn(beginning, 1)).toEqual([]);
});

test("of a mail, its head is at hand, and its From line", async () => {
  const body = "x".repeat(headBytesMax);
  const [first, second] = await split(Buffer.from(`${fromLine}A: 1\n\n${body}\n\n${fromLine}B: 2\n\n`), 1_000);
  expect(first?.head.toString()).toBe(`A: 1\n\n${body}`.slice(0, headBytesMax));
  expect(second?.head.toString()).toBe("B: 2\n");
  expect(second?.fromLine).toBe(fromLine.trimEnd());
});

test("a mail to thousands of people is known by its Message-ID, where that comes after them", async () => {
  const to = Array.from({ length: 5_000 }, (_, index) => `person${index}@some.example.org`).join(",\n ");
  const [mail] = await split(Buffer.from(`${fromLine}From: a@b\nTo: ${to}\nMessage-ID: <1@x>\n\nwords\n`), 100_000);
  expect(readMailHead(mail?.head ?? Buffer.alloc(0), fromLine, Date.now()).messageId).toBe("1@x");
});

test("a mail of 512 MiB in one line takes no more memory than a small one", async () => {
  const chunk = Buffer.alloc(1024 * 1024, "x");
  let mostBytes = 0;
  async function* large(): AsyncGenerator<Buffer> {
    yield Buffer.from(`${fromLine}Subject: large\n\n`);
    for (let count = 0; count < 512; count++) {
      yield chunk;
      mostBytes = Math.max(mostBytes, process.memoryUsage().arrayBuffers);
    }
    yield Buffer.from(`\n\n${fromLine}Subject: small\n\n`);
  }
  const mails = await Array.fromAsync(splitMbox(large()));
  expect(mails.map(({ length }) => length)).toEqual([
    512 * 1024 * 1024 + "Subject: large\n\n\n".length,
    "Subject: small\n".length,
  ]);
  // Garbage that was not collected yet is among it.
  expect(mostBytes).toBeLessThan(256 * 1024 * 1024);
});

test("one > less stands before From where it was quoted, and nowhere else", () => {
  const quoted = ">From a\nx >From b\n>>From c\n> From d\n>>>From e\n>Fro";
  expect(unquoteFromLines(Buffer.from(quoted)).toString()).toBe("From a\nx >From b\n>From c\n> From d\n>>From e\n>Fro");
  const plain = Buffer.from("nothing quoted");
  expect(unquoteFromLines(plain)).toBe(plain);
});
