// A mail that comes in, taken apart: what it says, and what it can do to whoever reads it.
import { describe, expect, test } from "vitest";
import { incomingLimits } from "../../../src/mail/in/incoming-limits.ts";
import { newWords } from "../../../src/mail/in/new-words.ts";
import { type IncomingMail, parseIncoming } from "../../../src/mail/in/parse-incoming.ts";
import { answerOf, programs } from "./answers.ts";

const parse = async (raw: string | Buffer): Promise<IncomingMail> => {
  const mail = await parseIncoming(Buffer.from(raw as string));
  if ("refused" in mail) throw new Error(`The mail was refused: ${mail.refused}`);
  return mail;
};
const refusalOf = async (raw: string | Buffer) => {
  const mail = await parseIncoming(Buffer.from(raw as string));
  return "refused" in mail ? mail.refused : null;
};

const original = {
  from: { name: "Bob B. via Parley", address: "reply+token@mail.a.example" },
  to: { name: "Alice Ä.", address: "alice@b.example" },
  subject: "Lunch, déjeuner",
  messageId: "m2@mail.a.example",
  references: ["m1@mail.a.example"],
  text: "Shall we meet?\n\n> At noon?\n\nBob",
};

describe("An answer written in", () => {
  test.each(programs)("%s says its words, whom it answers, and nothing of the quote", async (program) => {
    const words = "Yes, at noon.\n\nBring <bread> & wine.";
    const mail = await parse(answerOf(program, original, words));
    expect(mail).toMatchObject({
      from: { address: "alice@b.example", name: "Alice Ä." },
      to: [{ address: "reply+token@mail.a.example", name: "Bob B. via Parley" }],
      cc: [],
      subject: "Re: Lunch, déjeuner",
      inReplyTo: ["m2@mail.a.example"],
      references: ["m1@mail.a.example", "m2@mail.a.example"],
      sentMs: Date.parse("2024-03-05T09:15:00Z"),
    });
    const { text, format, isStripped } = newWords(mail);
    const seen =
      format === "PLAIN"
        ? text
        : text
            .replace(/<br>/g, "\n")
            .replace(/<[^>]*>/g, "")
            .replaceAll("&#60;", "<")
            .replaceAll("&#62;", ">")
            .replaceAll("&#38;", "&");
    // Whoever writes below the quote keeps it.
    const quoted = program === "mutt" ? "> Shall we meet?\n>\n>> At noon?\n>\n> Bob\n\n" : "";
    expect(seen.trim()).toBe(`${quoted}${words}`);
    expect(isStripped).toBe(true);
  });
});

const from = "From: Alice <alice@a.example>";

test("files come with their bytes, without folders in their names, and without signatures", async () => {
  const part = (head: string, body: string) => `--b\n${head}\n\n${body}\n`;
  const { files, text } = await parse(
    [
      `${from}\nContent-Type: multipart/mixed; boundary=b\n\n`,
      part("Content-Type: text/plain", "words"),
      part(
        'Content-Type: image/png; name="../../etc/x.png"\nContent-Transfer-Encoding: base64\nContent-ID: <c1>\nContent-Disposition: inline',
        "iVBORw==",
      ),
      part('Content-Type: Application/PDF; name="C:\\\\dir\\\\a.pdf"\nContent-Disposition: attachment', "pdf"),
      part("Content-Type: application/x\nContent-Disposition: attachment; filename=..", "x"),
      part("Content-Type: application/pgp-signature", "sig"),
      part("Content-Type: message/rfc822", "From: x@x.example\nSubject: inner\n\ninner words"),
      "--b--\n",
    ].join(""),
  );
  expect(text).toBe("words");
  expect(files.map(({ title, type, size, contentId, isInline }) => [title, type, size, contentId, isInline])).toEqual([
    ["x.png", "image/png", 4, "c1", true],
    ["a.pdf", "application/pdf", 4, null, false],
    ["unnamed", "application/x", 2, null, false],
    ["unnamed", "message/rfc822", 46, null, false],
  ]);
  expect(Buffer.from(files[0]?.bytes ?? []).toString("hex")).toBe("89504e47");
});

test("a mail of many lines says what it says in few, part by part", async () => {
  const mailOf = (preamble: string) =>
    [
      `${from}\nContent-Type: multipart/mixed;\n boundary="b=1"\n\n${preamble}`,
      "--b=1\nContent-Type: multipart/alternative; boundary=c\n\n",
      "--c\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding:\n 8bit\n\nwörds --width=80\n--d\n=3D\n",
      "--c\nContent-Transfer-Encoding: quoted-printable\nContent-Type: text/html; charset=utf-8\n\n<p>w=C3=B6rds</p>\n--c--\n",
      "--b=1\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=inner\n\n--inner\n\nx\n--inner--\n",
      "--b=1\nContent-Type: application/x; name=x\nContent-Transfer-Encoding: base64\n\nQUJD\n",
      "--b=1\n\nmore words\n--b=1--\nepilogue\n",
    ].join("");
  const [few, many] = [await parse(mailOf("")), await parse(mailOf("preamble\n".repeat(30_000)))];
  expect(few.text).toBe("wörds --width=80\n--d\n=3D\n\nmore words");
  expect(few.files.map(({ type, size }) => [type, size])).toEqual([
    ["message/rfc822", 68],
    ["application/x", 3],
  ]);
  expect(many).toEqual(few);
});

test("text and HTML are both there, as they are", async () => {
  const mail = await parse(
    `${from}\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\nwords\r\n\n> q\n--b\nContent-Type: text/html\n\n<script>x</script>\n--b--\n`,
  );
  expect(mail).toMatchObject({ text: "words\n\n> q", html: "<script>x</script>" });
  expect(await parse(from)).toMatchObject({ text: null, html: null, messageId: null, sentMs: null });
});

test("lines that flow are put together, and a quote never flows into an answer (RFC 3676)", async () => {
  const flowed = (parameters: string, body: string) =>
    parse(`${from}\nContent-Type: text/plain; charset=utf-8; format=flowed${parameters}\n\n${body}`);
  expect((await flowed("", "One \ntwo.\n> quoted \n> on\n>> deeper \nAnswer \n> next\n From\n-- \nme")).text).toBe(
    "One two.\n> quoted on\n>> deeper \nAnswer \n> next\nFrom\n-- \nme",
  );
  expect((await flowed("; delsp=yes", "長い \n行")).text).toBe("長い行");
  expect((await parse(`${from}\nContent-Type: text/plain\n\nformat=flowed \nx`)).text).toBe("format=flowed \nx");
});

describe("Whom a mail is from", () => {
  test.each([
    ["alice@a.example", "alice@a.example", null],
    ["<Alice@A.Example>", "alice@a.example", null],
    ["Alice <alice@a.example>", "alice@a.example", "Alice"],
    ['"Alice, A." <alice@a.example>', "alice@a.example", "Alice, A."],
    ["alice@a.example (Alice)", "alice@a.example", "Alice"],
    ["=?utf-8?B?QWxpY2U=?= <alice@a.example>", "alice@a.example", "Alice"],
    ["Alice\r\n\t<alice@a.example>", "alice@a.example", "Alice"],
    ["Alice <alice@bücher.example>", "alice@xn--bcher-kva.example", "Alice"],
    ['"bob@good.example" <eve@evil.example>', "eve@evil.example", null],
    ["=?utf-8?Q?bob=40good.example?= <eve@evil.example>", "eve@evil.example", null],
  ])("%s", async (value, address, name) => {
    expect((await parse(`From: ${value}\r\nSubject: x\r\n\r\nx`)).from).toEqual({ address, name });
  });

  test.each([
    ["none", "Subject: x"],
    ["an empty one", "From:"],
    ["two headers", `${from}\nFrom: eve@evil.example`],
    ["two headers, one in other letters", `${from}\nfROM : eve@evil.example`],
    ["two mailboxes", "From: alice@a.example, eve@evil.example"],
    ["two mailboxes, parted as Outlook does", "From: alice@a.example; eve@evil.example"],
    ["two in brackets", "From: <alice@a.example> <eve@evil.example>"],
    ["an address in the name, without quotes", "From: alice@a.example <eve@evil.example>"],
    ["an address after the brackets", "From: <eve@evil.example> alice@a.example"],
    ["a group", "From: Friends: alice@a.example;"],
    ["a group of none", "From: undisclosed-recipients:;"],
    ["a quoted local part with @", 'From: "alice@a.example"@evil.example'],
    ["a quoted local part", 'From: <"alice"@a.example>'],
    ["a comment within the address", "From: alice(x)@a.example"],
    ["a comment within the brackets", "From: <alice@a.example(x)>"],
    ["a comment that does not end", "From: alice@a.example (<eve@evil.example>"],
    ["quotes that do not end", 'From: "Alice <alice@a.example>'],
    ["an address in an encoded word", "From: =?utf-8?Q?=3Calice=40a.example=3E?="],
    ["an encoded word within the brackets", "From: <=?utf-8?Q?alice=40a.example?=>"],
    ["a route", "From: <@evil.example:alice@a.example>"],
    ["percent routing", "From: <alice%a.example@>"],
    ["two @", "From: <alice@a.example@evil.example>"],
    ["an address literal", "From: <alice@[127.0.0.1]>"],
    ["letters that become others", "From: <alice@ａ.example>"],
    ["a dot that becomes another", "From: <alice@a。example>"],
    ["a character that nobody sees", "From: <ali\u200bce@a.example>"],
    ["U+0000", "From: <alice@a.example>\0 <eve@evil.example>"],
    ["a line that only some end", "Subject: x\rFrom: eve@evil.example\nFrom: alice@a.example"],
    ["headers that only some end", `Subject: x\r\r\n${from}`],
    ["another charset over it", "From: \u001b$B<alice@a.example>\u001b(B <eve@evil.example>"],
  ])("is left open by %s", async (_, head) => {
    expect((await parse(`${head}\n\nx`)).from).toBeNull();
  });

  test("letters that only look alike are somebody else", async () => {
    expect((await parse("From: <аlice@a.example>\n\nx")).from?.address).toBe("\u0430lice@a.example");
    expect((await parse("From: <alice@а.example>\n\nx")).from?.address).toBe("alice@xn--80a.example");
  });
});

test("who gets it is each there once, of groups the members", async () => {
  const { to, cc } = await parse(
    `${from}\nTo: Bob <b@b.example>, B@b.example, Friends: c@c.example;, "x@y.example"@z.example, none\nCc: =?utf-8?Q?D=2C_d=40x.example?= <d@d.example>\n\nx`,
  );
  expect(to.map(({ address }) => address)).toEqual(["b@b.example", "c@c.example"]);
  expect(cc).toEqual([{ address: "d@d.example", name: "D, d@x.example" }]);
});

test("nothing in a subject, a name or a file's name ends a line", async () => {
  const inject = (charset: string, bytes: string) =>
    `=?${charset}?B?${Buffer.from(bytes, "latin1").toString("base64")}?=`;
  for (const word of [
    "=?utf-8?Q?a=0D=0ABcc:_eve@evil.example?=",
    "=?utf-8?Q?a=0ABcc?= =?utf-8?Q?=0D?=",
    inject("utf-8", "a\r\nBcc: eve@evil.example"),
    inject("utf-16be", "\0a\0\r\0\n\0B"),
    inject("utf-7", "a+AA0ACg-B"),
    inject("utf-8", "a\u00c2\u0085b\u00e2\u0080\u00a8c"),
    inject("utf-8", "a\0b\x1b[31m"),
  ]) {
    const mail = await parse(
      `From: ${word} <alice@a.example>\nTo: ${word} <bob@b.example>\nSubject: ${word}\nContent-Type: application/x; name="${word}"\nContent-Disposition: attachment\n\nx`,
    );
    const shown = [mail.subject, mail.from?.name, mail.to[0]?.name, mail.files[0]?.title].join("");
    expect(shown).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
    for (const { value } of mail.headers) expect(value).not.toMatch(/[\r\n]/);
  }
});

// Each is answered in a time that a test may take; most of them made some parser hang, overflow or run out of memory.
describe("Bombs", () => {
  const nested = (levels: number) =>
    Array.from(
      { length: levels },
      (_, level) => `Content-Type: multipart/mixed; boundary=b${level}\n\n--b${level}\n`,
    ).join("");
  const many = (count: number, boundary = "b") =>
    `${from}\nContent-Type: multipart/mixed; boundary=${boundary}\n\n${`--${boundary}\n\nx\n`.repeat(count)}--${boundary}--\n`;

  test("parts within parts, 10,000 deep", async () => {
    expect(await refusalOf(nested(10_000))).toBe("TOO_MANY_PARTS");
    expect(await refusalOf(nested(500))).toBe("TOO_DEEP");
    expect(await refusalOf(nested(incomingLimits.depth))).toBeNull();
  });

  test("a million parts, whatever their boundary is and however it is written", async () => {
    expect(await refusalOf(many(1_000_000))).toBe("TOO_MANY_PARTS");
    expect(await refusalOf(many(2_000, "b--"))).toBe("TOO_MANY_PARTS");
    expect(await refusalOf(many(2_000).replace("boundary=b", 'boundary*0="b"'))).toBe("TOO_MANY_PARTS");
    expect(await refusalOf(many(2_000).replace("multipart", "multi(x)part").replace("boundary", "bound(y)ary"))).toBe(
      "TOO_MANY_PARTS",
    );
    expect(await refusalOf(many(900))).toBeNull();
    const halves = `${from}\nContent-Type: multipart/mixed; boundary=o\n\n${["p", "q"].map((b) => `--o\nContent-Type: multipart/mixed; boundary=${b}\n\n${`--${b}\n\nx\n`.repeat(600)}--${b}--\n`).join("")}--o--\n`;
    expect(await refusalOf(halves)).toBe("TOO_MANY_PARTS");
  });

  test("a million lines that are no boundary are words", async () => {
    const dump = Array.from({ length: 300_000 }, (_, at) => `--\n-- Name: t${at}\n`).join("");
    expect(await refusalOf(`${from}\nContent-Type: text/plain\n\n${dump}`)).toBeNull();
  });

  test("headers of 10 MB, in one line, in many, and in the parts", async () => {
    expect(await refusalOf(`Subject: ${"x".repeat(10_000_000)}\n\nx`)).toBe("HEADERS_TOO_LARGE");
    expect(await refusalOf(`${"X: y\n".repeat(2_000_000)}\nx`)).toBe("HEADERS_TOO_LARGE");
    const parts = `--b\n${"X: y\n".repeat(20_000)}\nx\n`.repeat(20);
    expect(await refusalOf(`Content-Type: multipart/mixed; boundary=b\n\n${parts}`)).toBe("HEADERS_TOO_LARGE");
  });

  test("50 MB of base64", async () => {
    const base64 = (megabytes: number) =>
      Buffer.concat([
        Buffer.from(`${from}\nContent-Type: application/x\nContent-Transfer-Encoding: base64\n\n`),
        Buffer.alloc(megabytes * 1_000_000, `${"QUJD".repeat(19)}\n`),
      ]);
    expect(await refusalOf(base64(50))).toBe("TOO_LARGE");
    // Beside the largest that is taken when it comes in.
    expect(await refusalOf(base64(27))).toBe("TOO_LARGE");
    const parsed = await parse(base64(26));
    expect(parsed.files[0]?.size).toBeGreaterThan(19_000_000);
  });

  test.each([
    [
      "pieces of a parameter (RFC 2231)",
      `Content-Type: application/x;${Array.from({ length: 20_000 }, (_, at) => `\n name*${at}*=%41`).join(";")}`,
    ],
    ["pieces of a parameter, all the same", `Content-Type: application/x;${"\n name*0*=utf-8''%41;".repeat(15_000)}`],
    ["encoded words", `Subject: ${"=?utf-8?Q?=41?= ".repeat(30_000)}`],
    ["beginnings of encoded words", `Subject: ${"=?".repeat(250_000)}`],
    ["encoded words that do not end", `Subject: ${"=?utf-8?Q?".repeat(50_000)}`],
    ["blanks", `Subject: a${" ".repeat(500_000)}b`],
    ["folded lines", `Subject: a${"\n ".repeat(200_000)}b`],
    ["comments in an address", `From: ${"(".repeat(400_000)}`],
    ["brackets in an address", `From: ${"<".repeat(400_000)}`],
    ["quotes in an address", `From: ${'"'.repeat(400_000)}`],
    ["groups", `To: ${"a:".repeat(200_000)}`],
    ["@", `To: ${"@".repeat(400_000)}`],
    ["parameters", `Content-Type: text/plain;${"a=b;".repeat(100_000)}`],
    ["comments in a type", `Content-Type: text/plain ${"(".repeat(400_000)}`],
    ["ids", `References: ${"<a@b> ".repeat(80_000)}`],
    ["ids that do not end", `References: ${"<".repeat(400_000)}`],
    ["a date of digits", `Date: ${"1".repeat(400_000)}`],
    ["a date of comments", `Date: ${"(".repeat(400_000)}`],
    ["a charset that nobody has", `Content-Type: text/plain; charset=${"x".repeat(400_000)}`],
  ])("%s in a header", async (_, head) => {
    const mail = await parse(`${from.replace("From", "X-From")}\n${head}\n\nwords`);
    expect(mail.references.length).toBeLessThan(102);
    expect(mail.headers.length).toBe(2);
  });

  test.each([
    ["lines like headers", `--\n${"a: b\n".repeat(900_000)}`],
    ["lines of dashes", "--\n".repeat(900_000)],
    ["empty lines", "\n".repeat(900_000)],
    ["bytes of no charset", Buffer.alloc(5_000_000, 0xff)],
    ["lines that flow", "x \n".repeat(900_000)],
    ["quotes that flow", Array.from({ length: 2_000 }, (_, level) => `${">".repeat(level)} x `).join("\n")],
    ["=", "=".repeat(5_000_000)],
  ])("%s in a text", async (_, body) => {
    const type = "Content-Type: text/plain; charset=us-ascii; format=flowed";
    const mail = await parse(
      Buffer.concat([Buffer.from(`${from}\n${type}\n\n`), Buffer.from(body as string), Buffer.from("é")]),
    );
    expect(mail.from?.address).toBe("alice@a.example");
  });

  test.each(["base64", "quoted-printable", "7bit"])("a million lines in %s, and more", async (encoding) => {
    const head = `${from}\nContent-Type: text/plain\nContent-Transfer-Encoding: ${encoding}\n\n`;
    expect(await refusalOf(head + "\n".repeat(999_000))).toBeNull();
    expect(await refusalOf(head + "\n".repeat(25_000_000))).toBe("TOO_MANY_LINES");
  });

  test("a mail within a mail within a mail", async () => {
    let mail = `${from}\n\nwords`;
    for (let level = 0; level < 12; level++) {
      mail = `${from}\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n${Buffer.from(mail).toString("base64")}`;
    }
    expect((await parse(mail)).files).toHaveLength(1);
  });

  test("more addresses than a conversation may have people", async () => {
    const list = Array.from({ length: 1_001 }, (_, at) => `r${at}@b.example`).join(",\n ");
    expect(await refusalOf(`${from}\nTo: ${list}\n\nx`)).toBe("TOO_MANY_ADDRESSES");
  });
});
