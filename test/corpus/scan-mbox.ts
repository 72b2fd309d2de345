// What an mbox says, read in another way than `src/mail` does, and with another reader of MIME: what searches over it have to find.
import { TextDecoder } from "node:util";

export interface ScannedMail {
  /** Without its angle brackets. */
  readonly id: string;
  readonly from: string;
  /** Of To and Cc, as they are written. */
  readonly to: string;
  readonly subject: string;
  /** As the header says it; NaN where it cannot be read. */
  readonly sentMs: number;
  /** Of the plain parts; where there are none, of the HTML parts, without tags. */
  readonly text: string;
  /** Names of the parts that are files. */
  readonly files: readonly string[];
}

/** The mails of an mbox, in the order of the file. */
export function scanMbox(file: Buffer): readonly ScannedMail[] {
  const mails = file.toString("latin1").split(/(?:^|\n)From [^\n]*\n(?=[\w-]+:)/);
  return mails.slice(1).map((mail) => scanMail(mail.replace(/^>(>*From )/gm, "$1")));
}

interface Part {
  readonly head: string;
  readonly content: string;
}

function partOf(text: string): Part {
  const end = text.search(/\r?\n\r?\n/);
  const [head, content] = end < 0 ? [text, ""] : [text.slice(0, end), text.slice(end).replace(/^\r?\n\r?\n/, "")];
  return { head: head.replace(/\r?\n[ \t]+/g, " "), content };
}

const headerOf = ({ head }: Part, name: string): string =>
  new RegExp(`^${name}:[ \\t]*(.*)$`, "im").exec(head)?.[1]?.trim() ?? "";

const parameterOf = (header: string, name: string): string =>
  new RegExp(`;\\s*${name}="?([^";]*)`, "i").exec(header)?.[1]?.trim() ?? "";

function scanMail(mail: string): ScannedMail {
  const whole = partOf(mail);
  const leaves = leavesOf(whole);
  const isFile = (leaf: Part) =>
    /attachment/i.test(headerOf(leaf, "Content-Disposition")) || !/^(text\/(plain|html)|$)/i.test(typeOf(leaf));
  const written = (type: RegExp) =>
    leaves
      .filter((leaf) => !isFile(leaf) && type.test(typeOf(leaf) || "text/plain"))
      .map(textOf)
      .join("\n");
  const plain = written(/^text\/plain/i);
  return {
    id: /<([^<>]+)>/.exec(headerOf(whole, "Message-Id"))?.[1] ?? "",
    from: decodeWords(headerOf(whole, "From")),
    to: decodeWords(`${headerOf(whole, "To")}, ${headerOf(whole, "Cc")}`),
    subject: decodeWords(headerOf(whole, "Subject")),
    sentMs: Date.parse(headerOf(whole, "Date").replace(/\(.*\)/, "")),
    text:
      plain.trim() === ""
        ? written(/^text\/html/i)
            .replace(/<[^<>]*>/g, " ")
            .replaceAll("&nbsp;", " ")
        : plain,
    files: leaves.filter(isFile).flatMap((leaf) => {
      const name =
        parameterOf(headerOf(leaf, "Content-Disposition"), "filename") ||
        parameterOf(headerOf(leaf, "Content-Type"), "name");
      // Signatures are none.
      return /signature/i.test(typeOf(leaf)) ? [] : [decodeWords(name) || "unnamed"];
    }),
  };
}

const typeOf = (part: Part): string => headerOf(part, "Content-Type");

function leavesOf(part: Part, isReported = false): readonly Part[] {
  const boundary = parameterOf(typeOf(part), "boundary");
  // A mail that is forwarded within; one that is reported as not delivered is a file.
  if (/^message\/rfc822/i.test(typeOf(part)) && !isReported) return leavesOf(partOf(part.content));
  if (!/^multipart\//i.test(typeOf(part)) || boundary === "") return [part];
  const parts = `\n${part.content}`.split(`\n--${boundary}`).slice(1);
  const isReport = /^multipart\/report/i.test(typeOf(part));
  return parts
    .filter((one) => !one.startsWith("--"))
    .flatMap((one) => leavesOf(partOf(one.replace(/^[ \t]*\r?\n/, "")), isReport));
}

function textOf(part: Part): string {
  const encoding = headerOf(part, "Content-Transfer-Encoding").toLowerCase();
  const { content } = part;
  const bytes =
    encoding === "base64"
      ? Buffer.from(content, "base64")
      : Buffer.from(
          encoding === "quoted-printable" ? unquoted(content.replace(/=[ \t]*\r?\n/g, "")) : content,
          "latin1",
        );
  return decoded(bytes, parameterOf(typeOf(part), "charset"));
}

const unquoted = (text: string): string =>
  text.replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** Of no charset, or one that it cannot be: UTF-8 where it is that, else Windows-1252. */
function decoded(bytes: Buffer, charset: string): string {
  const isNamed = charset !== "" && !/ascii|utf-?8/i.test(charset);
  try {
    return new TextDecoder(isNamed ? charset : "utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** RFC 2047. */
function decodeWords(header: string): string {
  return decoded(Buffer.from(header, "latin1"), "")
    .replace(/(\?=)\s+(?==\?)/g, "$1")
    .replace(/=\?([^?\s]+)\?([bq])\?([^?]*)\?=/gi, (_, charset: string, encoding: string, text: string) =>
      decoded(
        encoding.toLowerCase() === "b"
          ? Buffer.from(text, "base64")
          : Buffer.from(unquoted(text.replaceAll("_", " ")), "latin1"),
        charset,
      ),
    );
}
