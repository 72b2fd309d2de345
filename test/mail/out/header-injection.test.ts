// Names and subjects can hold anything: nothing of them becomes a header, another address, or another name.
import MailComposer from "nodemailer/lib/mail-composer";
import { expect, test } from "vitest";
import { fromName, lineOf, listOf, nameOf, subjectOf } from "../../../src/mail/out/lines.ts";
import { mimeOptions } from "../../../src/mail/providers/mime.ts";
import { aMail } from "../providers/given.ts";
import { readMail } from "./given.ts";

const hostile = [
  "Eve\r\nBcc: everybody@mail.example",
  "Eve\nX-Injected: yes\n\nwords",
  "Eve\rX-Injected: yes",
  "Eve\u2028X-Injected: yes\u2029",
  "Eve\0\u0007\u007f\u0085",
  'Eve" <eve@evil.example>, "',
  "Eve <eve@evil.example>",
  "Eve\\",
  'Eve\\" <eve@evil.example>',
  "Eve, Adam; Group: eve@evil.example;",
  "=?utf-8?Q?Eve=0D=0ABcc:_everybody@mail.example?=",
  "=?utf-8?B?RXZlDQpCY2M6IGVAbWFpbC5leGFtcGxl?=",
  "(Eve) <eve@evil.example>",
  "\u202eelpmaxe.live@eve\u202c",
  "Éve 👩‍👩‍👧 ניצה علي",
  "half \ud83d of it",
  "x".repeat(5_000),
  "é\u0301".repeat(5_000),
  "",
  " \t\u200b ",
];

test.each(hostile)("as a name and a subject: %j", async (text) => {
  const from = { name: fromName([text]), address: "reply+token@talk.example.org" };
  const mail = aMail({
    from,
    to: { name: nameOf(text, ""), address: "nina@mail.example" },
    subject: subjectOf(text, true),
  });
  const plain = aMail();
  const raw = await new MailComposer(mimeOptions(mail)).compile().build();
  const read = await readMail(raw);
  const headOf = (email: typeof read) => email.headers.map(({ key }) => key).sort();
  const usual = await readMail(await new MailComposer(mimeOptions(plain)).compile().build());
  expect(headOf(read)).toEqual(headOf(usual));
  expect(read.from).toEqual(from);
  expect(read.to).toEqual([{ name: nameOf(text, ""), address: "nina@mail.example" }]);
  expect(read.subject).toBe(subjectOf(text, true));
  // RFC 5322 §2.1.1, and nothing but ASCII in the head.
  const head = raw.toString().split("\r\n\r\n")[0] ?? "";
  expect(Math.max(...head.split("\r\n").map((line) => line.length))).toBeLessThanOrEqual(998);
  expect(head).toMatch(/^[\t\r\n\x20-\x7e]*$/);
  expect([...new Intl.Segmenter("en").segment(from.name)].length).toBeLessThanOrEqual(75);
});

test("what cannot be seen is no name, and half characters are none", () => {
  expect(nameOf("\u202eEve\u202c\u0007")).toBe("Eve");
  expect(nameOf(" \u200b ")).toBe("Somebody");
  expect(nameOf(null)).toBe("Somebody");
  expect(lineOf("half \ud83d")).toBe("half \ufffd");
});

test("several authors are one name and a number, each counted once", () => {
  expect(fromName(["Ann"])).toBe("Ann via Parley");
  // An address there would be another than that of the mail.
  expect(fromName(["ann@a.example", "ann@b.example"])).toBe("ann and ann via Parley");
  expect(fromName(["Ann", "Bob", "Ann"])).toBe("Ann and Bob via Parley");
  expect(fromName(["Ann", "Bob", "Cem", null])).toBe("Ann and 3 others via Parley");
  expect(fromName([])).toBe("Parley");
  expect([listOf([]), listOf(["a", "b", "c"]), listOf(["a"], 1)]).toEqual(["", "a, b and c", "a and 1 other"]);
});

test("all but the first mail have Re: before the subject, once", () => {
  expect(subjectOf("Lunch", true)).toBe("Lunch");
  expect(subjectOf("Lunch", false)).toBe("Re: Lunch");
  expect(subjectOf("RE: Lunch", false)).toBe("RE: Lunch");
  expect([subjectOf(null, true), subjectOf("\u200b", false)]).toEqual(["A conversation", "Re: A conversation"]);
});
