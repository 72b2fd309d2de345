import { expect, test } from "vitest";
import { parseMailDate } from "../../src/mail/mail-date.ts";
import { readMailHead } from "../../src/mail/mail-head.ts";

const isoOf = (text: string): string | null => {
  const ms = parseMailDate(text);
  return ms === null ? null : new Date(ms).toISOString().replace(".000Z", "Z");
};

test.each([
  ["Fri, 1 Feb 2002 10:29:23 +0100", "2002-02-01T09:29:23Z"],
  ["Fri, 01 Feb 2002 00:53 -0600 (CST)", "2002-02-01T06:53:00Z"],
  ["1 Feb 02 10:29:23 GMT", "2002-02-01T10:29:23Z"],
  ["Fri, 1 Feb 102 10:29:23 EST", "2002-02-01T15:29:23Z"],
  ["Friday, 01-Feb-99 10:29:23 PDT", "1999-02-01T17:29:23Z"],
  ["Mon Sep  9 17:57:43 2002", "2002-09-09T17:57:43Z"],
  ["Mon Sep  9 17:57:43 +0100 2002", "2002-09-09T16:57:43Z"],
  ["Mon Sep  9 17:57:43 EST 2002", "2002-09-09T22:57:43Z"],
  ["2002-09-09T17:57:43Z", "2002-09-09T17:57:43Z"],
  ["Fri, 1 Foo 2002 10:29:23 +0100", null],
  ["Fri, 41 Feb 2002 10:29:23 +0100", null],
  ["Fri, 1 Feb 2002 25:29:23 +0100", null],
  ["yesterday", null],
  ["", null],
])("%s is %s", (text, iso) => {
  expect(isoOf(text)).toBe(iso);
});

const latestMs = Date.parse("2003-01-01T00:00:00Z");
const read = (head: string, fromLine = "From - Mon Sep  9 17:57:43 2002") =>
  readMailHead(Buffer.from(head, "latin1"), fromLine, latestMs);

test("ids are read whatever the headers' case, folding and order", () => {
  const head =
    "REFERENCES: <a@x>\r\n\t<b@x>\r\n <a@x>\r\nIn-reply-to: your mail <b@x>\r\nMessage-Id:\r\n <c@x>\r\n\r\nMessage-Id: <no@x>";
  expect(read(head)).toMatchObject({ messageId: "c@x", references: ["a@x", "b@x"], inReplyTo: ["b@x"], isMail: true });
});

test("an id that was folded is whole; one without brackets is one", () => {
  expect(read("Message-ID: <abc\n def@x>\n\n").messageId).toBe("abcdef@x");
  expect(read("Message-ID: abc@x \n\n").messageId).toBe("abc@x");
  expect(read("Message-ID: no id\n\n").messageId).toBeNull();
  expect(read("Message-ID: <>\n\n").messageId).toBeNull();
  expect(read("X-Nothing: of a mail\n\n").isMail).toBe(false);
});

test.each([
  [
    "the mail's own",
    "Date: Mon, 2 Sep 2002 10:00:00 +0000\nReceived: by x; Tue, 3 Sep 2002 10:00:00 +0000",
    "2002-09-02",
    true,
  ],
  [
    "when it arrived, where its own is in the future",
    "Date: Wed, 04 Oct 2028 12:05:01 -0400\nReceived: by x;\n Tue, 3 Sep 2002 10:00:00 +0000",
    "2002-09-03",
    false,
  ],
  [
    "when it arrived, where its own is before all mail",
    "Date: 1 Jan 1904 00:00:00 +0000\nReceived: by x; Tue, 3 Sep 2002 10:00:00 +0000",
    "2002-09-03",
    false,
  ],
  ["that of the From line, where there is none", "Subject: x", "2002-09-09", false],
])("its time is %s", (_, head, day, isDated) => {
  const { sentMs, ...rest } = read(`${head}\n\n`);
  expect(new Date(sentMs ?? 0).toISOString().slice(0, 10)).toBe(day);
  expect(rest.isDated).toBe(isDated);
});

test("where nothing says a time, there is none", () => {
  expect(read("Subject: x\n\n", "From nobody").sentMs).toBeNull();
});
