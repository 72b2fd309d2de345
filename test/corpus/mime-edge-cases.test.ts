// Odd mails of three other parsers: each gets an answer; and where mime4j says what stands in one, how much agrees.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Parser } from "htmlparser2";
import { describe, expect, test } from "vitest";
import { automaticBy } from "../../src/mail/in/automatic.ts";
import { newWords } from "../../src/mail/in/new-words.ts";
import { type IncomingMail, parseIncoming } from "../../src/mail/in/parse-incoming.ts";
import { reportOf } from "../../src/mail/in/report.ts";

const folder = join(process.env["PARLEY_TEST_DATA"] ?? "", "mime-edge-cases");
const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
const mails = files.filter((file) => /\.(?:eml|msg|raw)$|sample_output_multipart$/.test(file));

const read = async (file: string): Promise<IncomingMail> => {
  const mail = await parseIncoming(readFileSync(join(folder, file)));
  if ("refused" in mail) throw new Error(`${file} was refused: ${mail.refused}`);
  return mail;
};

test("are 269", () => expect(mails).toHaveLength(269));

describe("Every mail gets an answer", () => {
  test.each(mails)("%s", async (file) => {
    const mail = await read(file);
    expect(mail.subject).not.toMatch(/[\r\n\0]/);
    for (const { size, bytes } of mail.files) expect(bytes).toHaveLength(size);
    expect(newWords(mail).text.length).toBeLessThanOrEqual((mail.text ?? "").length + 6 * (mail.html ?? "").length);
    automaticBy(mail.headers, null, { mailDomain: "a.example" });
    reportOf(mail);
  });
});

test("reports are known as such, and tell whom they are about", async () => {
  const reports = await Promise.all(
    mails
      .filter((file) => file.includes("multipart_report_emails"))
      .map(async (file) => {
        const mail = await read(file);
        const outcomes = reportOf(mail)?.recipients.map(({ outcome, status }) => `${outcome} ${status}`);
        return [file.split("/").at(-1), automaticBy(mail.headers, null, { mailDomain: "a.example" })?.kind, outcomes];
      }),
  );
  const unknown = ["failed 5.1.1", "failed 5.1.1", "failed 5.1.1", "failed 5.1.1", "failed 5.1.1"];
  expect(reports).toEqual([
    ["multi_address_bounce1.eml", "bounce", unknown],
    ["multi_address_bounce2.eml", "bounce", unknown],
    ["multipart_report_multiple_status.eml", "bounce", ["failed 5.3.0"]],
    ["report_422.eml", "bounce", ["delayed 4.2.2"]],
    ["report_530.eml", "bounce", ["failed 5.3.0"]],
  ]);
});

/** What mime4j found: the decoded bodies of the parts that have no parts. */
function expectedLeaves(xml: string): readonly Buffer[] {
  const leaves: Buffer[] = [];
  const parser = new Parser(
    {
      onopentag(name, { name: body }) {
        const isBody = name === "text-body" || name === "binary-body";
        if (isBody && body !== undefined) leaves.push(readFileSync(join(folder, xml, "..", body)));
      },
    },
    { xmlMode: true },
  );
  parser.end(readFileSync(join(folder, xml), "utf8"));
  return leaves;
}

/** What we found, with the mails within taken apart too. */
async function foundIn(
  mail: IncomingMail,
): Promise<{ readonly texts: readonly string[]; readonly bodies: readonly Buffer[] }> {
  const within = await Promise.all(
    mail.files
      .filter(({ type }) => type === "message/rfc822")
      .map(async ({ bytes }) => {
        const inner = await parseIncoming(Buffer.from(bytes));
        if ("refused" in inner) throw new Error(inner.refused);
        return foundIn(inner);
      }),
  );
  return {
    texts: [mail.text ?? "", mail.html ?? "", ...within.flatMap(({ texts }) => texts)],
    bodies: [
      ...mail.files.filter(({ type }) => type !== "message/rfc822").map(({ bytes }) => Buffer.from(bytes)),
      ...within.flatMap(({ bodies }) => bodies),
    ],
  };
}

const squeezed = (text: string) => text.replace(/\s+/g, " ").trim();
/** What mime4j wrote down is bytes, of whatever charset the part says. */
const readings = (body: Buffer) =>
  ["utf-8", "windows-1252", "iso-8859-15", "koi8-r"].map((charset) => squeezed(new TextDecoder(charset).decode(body)));

/** What we read in another way, and why. */
const others: Readonly<Record<string, string>> = {
  "mimetools-testmsgs/frag.msg": "base64 whose padding is missing: we read the two bytes at its end, mime4j does not",
  "mimetools-testmsgs/multi-frag.msg": "the same",
  "testmsgs/ending-boundaries.msg":
    "words after a boundary in its line: RFC 2046 §5.1.1 allows blanks there, so it is none",
  "testmsgs/malformedHeaderStartsBody-nocrlfcrlf.msg":
    "a line without a colon among headers: we go on, mime4j begins the body",
  "testmsgs/malformedHeaderStartsBody-noheader.msg": "the same, in a mail that is nothing else",
};

describe("What mime4j found", () => {
  const expected = mails.filter((file) => file.endsWith(".msg"));
  const counts = { mails: 0, parts: 0, partsAgreed: 0 };
  const disagreeing: string[] = [];

  test.each(expected)("%s is looked at", async (file) => {
    const leaves = expectedLeaves(file.replace(/\.msg$/, "_decoded.xml")).filter(({ length }) => length > 0);
    const { texts, bodies } = await foundIn(await read(file));
    const isFound = (body: Buffer) => {
      const wanted = readings(body);
      return (
        texts.some((text) => wanted.some((reading) => squeezed(text).includes(reading))) ||
        bodies.some((found) => found.equals(body) || wanted.includes(squeezed(found.toString("utf8"))))
      );
    };
    const agreed = leaves.filter(isFound).length;
    counts.parts += leaves.length;
    counts.partsAgreed += agreed;
    if (agreed === leaves.length) counts.mails++;
    else disagreeing.push(file.replace(/^mime4j\//, ""));
  });

  test("is what we find, but for what is known", () => {
    process.stdout.write(
      `mime-edge-cases: ${counts.mails} of ${expected.length} mails agree in all parts, ${counts.partsAgreed} of ${counts.parts} parts agree\n`,
    );
    expect(disagreeing).toEqual(Object.keys(others));
    expect(counts.mails).toBeGreaterThanOrEqual(75);
    expect(counts.partsAgreed).toBeGreaterThanOrEqual(142);
  });
});
