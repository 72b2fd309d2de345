import { expect, test } from "vitest";
import { limits } from "../../../src/conversation/limits.ts";
import { parseMail } from "../../../src/mail/archive/parse-mail.ts";

const mailOf = (head: string, body: string | Buffer = ""): Buffer =>
  Buffer.concat([Buffer.from(`${head}\n\n`, "latin1"), Buffer.from(body)]);

const from = "From: Alice <alice@a.example>";

test.each([
  ["windows-1251", "cff0e8e2e5f2", "Привет"],
  ["koi8-r", "f0d2c9d7c5d4", "Привет"],
  ["gb18030", "c4e3bac395328236", "你好𠀀"],
  ["iso-2022-jp", "1b24422433247324 4b2441244f1b2842", "こんにちは"],
  ["shift_jis", "82b182f182c982bf82cd", "こんにちは"],
  ["euc-kr", "bec8b3e7", "안녕"],
  ["utf-8", "d985d8b1d8add8a8d8a7", "مرحبا"],
  ["iso-8859-1", "63616665e9", "cafeé"],
  ["iso-8859-15", "a4", "€"],
])("text in %s is read, in body and subject, raw and encoded", async (charset, hex, words) => {
  const bytes = Buffer.from(hex.replace(" ", ""), "hex");
  const encoded = bytes.toString("base64");
  const typed = `Content-Type: text/plain; charset=${charset}`;
  const raw = await parseMail(mailOf(`${from}\nSubject: =?${charset}?B?${encoded}?=\n${typed}`, bytes));
  expect(raw).toMatchObject({ subject: words, format: "PLAIN", text: words });
  const coded = await parseMail(mailOf(`${from}\n${typed}\nContent-Transfer-Encoding: base64`, encoded));
  expect(coded.text).toBe(words);
  const header = Buffer.concat([Buffer.from(`${from}\nSubject: `), bytes, Buffer.from(`\n${typed}\n\n`)]);
  expect((await parseMail(header)).subject).toBe(words);
});

test.each([
  ["no charset, and no UTF-8", "", Buffer.from("caf\xe9", "latin1")],
  ["no charset, and UTF-8", "", Buffer.from("café")],
  ["ASCII, and no such thing", "Content-Type: text/plain; charset=us-ascii\n", Buffer.from("caf\xe9", "latin1")],
  ["ASCII, and UTF-8", 'Content-Type: text/plain; charset="US-ASCII"\n', Buffer.from("café")],
  ["UTF-8, and no such thing", "Content-Type: text/plain;\n charset=utf-8\n", Buffer.from("caf\xe9", "latin1")],
  ["a charset that nobody knows", "Content-Type: text/plain; charset=x-what\n", Buffer.from("caf\xe9", "latin1")],
])("text that says %s is read", async (_, type, words) => {
  const { text } = await parseMail(mailOf(`${from}\n${type}Subject: x`, words));
  expect(text).toBe("café");
});

test("a part that names no charset is read where others do, and words that look like headers stay", async () => {
  const body = [
    "--b\nContent-Type: text/plain\n\ncaf\xe9\nContent-Type: text/plain\n",
    "--b\nContent-Type: text/plain; charset=iso-8859-15\n\n\xa4\n--b--\n",
  ].join("\n");
  const mail = mailOf(`${from}\nContent-Type: multipart/mixed; boundary=b`, Buffer.from(body, "latin1"));
  expect((await parseMail(mail)).text).toBe("café\nContent-Type: text/plain\n\n\n€");
});

test("a subject or a name has nothing that turns the text beside it, and is none where nobody sees it", async () => {
  const encoded = (words: string) => `=?utf-8?B?${Buffer.from(words).toString("base64")}?=`;
  const { subject } = await parseMail(
    mailOf(`From: a@a.example\nSubject: ${encoded("\u202egnihtyna\u202c else\u2069")}\n`),
  );
  expect(subject).toBe("gnihtyna else");
  const unseen = await parseMail(
    mailOf(`From: ${encoded("\u200b")} <a@a.example>\nSubject: ${encoded("\u200b\ufeff")}\n`),
  );
  expect(unseen).toMatchObject({ subject: "", from: { name: null } });
});

test("raw bytes in names and subjects are read", async () => {
  const head = `From: Ren\xe9 <rene@a.example>\nTo: "M\xfcller, Jo" <jo@b.example>\nSubject: d\xe9j\xe0 vu`;
  const { from, recipients, subject } = await parseMail(mailOf(head));
  expect([from, ...recipients, subject]).toEqual([
    { address: "rene@a.example", name: "René" },
    { address: "jo@b.example", name: "Müller, Jo" },
    "déjà vu",
  ]);
});

test("recipients are those of To and Cc, each once, in the one form of addresses", async () => {
  const head = [
    from,
    "To: Team: Bob <Bob@B.Example>, carol@c.example;, undisclosed-recipients:;",
    "Cc: bob@b.example, ALICE@a.example, Dora <dora@bücher.example>, not an address, root, x@[1.2.3.4]",
    "Cc: erin@e.example",
    "Bcc: frank@f.example",
  ].join("\n");
  const { recipients } = await parseMail(Buffer.from(`${head}\n\n`));
  expect(recipients.map(({ address }) => address)).toEqual([
    ...["bob@b.example", "carol@c.example", "dora@xn--bcher-kva.example", "erin@e.example"],
  ]);
});

test("who has no address that can be one gets one of nobody's, always the same", async () => {
  const [daemon, again, other] = await Promise.all(
    ["From: Mailer Daemon", "From: Mailer Daemon", "From: root"].map((head) => parseMail(mailOf(head))),
  );
  expect(daemon?.from).toEqual({
    address: expect.stringMatching(/^unknown-[0-9a-f]{16}@invalid$/),
    name: "Mailer Daemon",
  });
  expect(again?.from).toEqual(daemon?.from);
  expect(other?.from.address).not.toBe(daemon?.from.address);
  expect((await parseMail(mailOf("Subject: x"))).from).toEqual({ address: "unknown@invalid", name: null });
  expect(daemon?.isFromMadeUp).toBe(true);
  const sent = await parseMail(mailOf("From: root\nSender: Alice <alice@a.example>"));
  expect(sent).toMatchObject({ from: { address: "alice@a.example" }, isFromMadeUp: false });
});

const alternatives = (text: string, html: string) =>
  mailOf(
    `${from}\nContent-Type: multipart/alternative; boundary=b`,
    `--b\n\n${text}\n--b\nContent-Type: text/html\n\n${html}\n--b--\n`,
  );

test("of text and HTML the text is taken, and the HTML where there is no text", async () => {
  expect(await parseMail(alternatives("words", "<p>words</p>"))).toMatchObject({ format: "PLAIN", text: "words" });
  expect(await parseMail(alternatives(" ", "<p>words</p>"))).toMatchObject({ format: "HTML", text: "<p>words</p>" });
  const bare = await parseMail(mailOf(`${from}\nContent-Type: text/html`, "<b>bold</b>\r\n"));
  expect(bare).toMatchObject({ format: "HTML", text: "<b>bold</b>" });
});

test("quotes and signatures stay, line ends are of one kind, and there is no U+0000", async () => {
  const { text } = await parseMail(mailOf(from, "> quoted\r\n>> twice\r\n\r\nmine\0\r\n-- \r\nalice\r\n\r\n"));
  expect(text).toBe("> quoted\n>> twice\n\nmine\n-- \nalice");
});

test("a text that is too long is cut at a character, and says so", async () => {
  const { text, isCut } = await parseMail(
    mailOf(`${from}\nContent-Type: text/plain; charset=utf-8`, "é".repeat(limits.messageBytes)),
  );
  expect(isCut).toBe(true);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limits.messageBytes);
  expect(text).toMatch(/^é+\n\[…\]$/);
  const whole = await parseMail(mailOf(from, "x".repeat(limits.messageBytes)));
  expect([whole.text.length, whole.isCut]).toEqual([limits.messageBytes, false]);
});

test("of HTML that is too long, first goes what is never shown", async () => {
  const unseen = `<STYLE>${"x".repeat(limits.messageBytes)}</style><!-- ${"y".repeat(999)} --><img src="data:image/png;base64,${"A".repeat(limits.messageBytes)}">`;
  const { text, isCut } = await parseMail(mailOf(`${from}\nContent-Type: text/html`, `${unseen}<p>words</p>`));
  expect([text, isCut]).toEqual(['<img src=""><p>words</p>', false]);
});

test("files are told by name, type, size and hash, signatures are none", async () => {
  const part = (head: string, body: string) => `--b\n${head}\n\n${body}\n`;
  const body = [
    part("Content-Type: text/plain", "words"),
    part(`Content-Type: image/png; name="=?utf-8?Q?caf=C3=A9.png?="\nContent-Transfer-Encoding: base64`, "AAEC"),
    part('Content-Type: text/plain\nContent-Disposition: attachment; filename="a\tb.txt"', "kept"),
    part("Content-Type: application/octet-stream", "?"),
    part("Content-Type: application/pgp-signature; name=signature.asc", "----"),
    "--b--\n",
  ].join("");
  const mail = await parseMail(mailOf(`${from}\nContent-Type: multipart/mixed; boundary=b`, body));
  expect(mail.text).toBe("words");
  // Of what is not encoded, the line's end before the next part counts.
  expect(mail.files.map(({ title, type, size }) => [title, type, size])).toEqual([
    ["café.png", "image/png", 3],
    ["a b.txt", "text/plain", 5],
    ["unnamed", "application/octet-stream", 2],
  ]);
  // SHA-256 of the three bytes.
  expect(mail.files[0]?.sha256).toBe("rksygOVuL6-D9BSm49q-nV--GJdlRMBf7RIazLhbU_w");
  expect(mail.signatures).toBe(1);
});

test("a subject and names are one line, and as long as they may be", async () => {
  const { subject } = await parseMail(mailOf(`${from}\nSubject: a\n\tb${" c".repeat(300)}`));
  expect([...subject].length).toBeLessThanOrEqual(limits.subjectCharacters);
  expect(subject).toMatch(/^a b c c/);
  const tabbed = await parseMail(mailOf("From: =?utf-8?Q?A=0AB?= <a@a.example>\nSubject: =?utf-8?Q?x=0D=0Ay=00?="));
  expect([tabbed.from.name, tabbed.subject]).toEqual(["A B", "x y"]);
});

test("a mail within a mail is among its words", async () => {
  const inner = "From: Bob <bob@b.example>\nSubject: inner\n\nwhat bob said\n";
  const { text } = await parseMail(mailOf(`${from}\nContent-Type: message/rfc822`, inner));
  expect(text).toContain("what bob said");
});

test("lines that flow stay lines, and a quote as it is", async () => {
  const typed = "Content-Type: text/plain; charset=utf-8; format=flowed";
  const body = "> half of the human \n> race lives there\nand I am \none of them.\n";
  const { text } = await parseMail(mailOf(`${from}\n${typed}\nSubject: x`, body));
  expect(text).toBe("> half of the human \n> race lives there\nand I am \none of them.");
});
