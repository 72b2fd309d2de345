// What a file or folder is that is no mbox, and how it becomes one.
import { stat } from "node:fs/promises";
import { join } from "node:path";

const packed: readonly (readonly [magic: string, what: string, unpack: string])[] = [
  ["1f8b", "compressed with gzip", "gunzip -k"],
  ["504b0304", "a zip archive", "unzip"],
  ["425a68", "compressed with bzip2", "bunzip2 -k"],
  ["fd377a585a00", "compressed with xz", "unxz -k"],
];

// RFC 5322 §2.2
const isHeaderLine = /^[!-9;-~]+:[ \t]/;

/** Says what a file is that does not begin as an mbox. @param beginning its first bytes, a line's worth of them */
export function explainFile(path: string, beginning: Buffer): string {
  const hex = beginning.toString("hex");
  const [, what, unpack] = packed.find(([magic]) => hex.startsWith(magic)) ?? [];
  if (what !== undefined)
    return `${path} is ${what}. Unpack it first, say ${unpack} ${quoted(path)}, and import what was in it.`;
  if (isHeaderLine.test(beginning.toString("latin1"))) {
    return `${path} is a single mail and no mbox: it does not begin with "From ". Make it one: ${joining(path)}`;
  }
  return `${path} is no mbox: it does not begin with "From ". Most mail programs export one.`;
}

/** Says what a folder is, of which only files in it can be read. */
export async function explainFolder(path: string): Promise<string> {
  const has = (name: string) =>
    stat(join(path, name)).then(
      () => true,
      () => false,
    );
  if (await has("cur"))
    return `${path} is a Maildir and no mbox. Make it one: ${joining(join(path, "cur"), join(path, "new"))}`;
  // As Apple Mail exports a mailbox.
  if (await has("mbox")) return `${path} is a folder. The mbox is in it: ${join(path, "mbox")}`;
  return `${path} is a folder and no mbox. Where it has a mail in each of its files, make it one: ${joining(path)}`;
}

// Mails are quoted the mboxrd way, which is read back exactly. What comes of it may stand in the very folder.
const joining = (...paths: readonly string[]): string =>
  `find ${paths.map(quoted).join(" ")} -type f ! -name joined.mbox | while read -r mail; do echo "From - $(date -u)"; sed 's/^>*From />&/' "$mail"; echo; done > joined.mbox`;

/** For a POSIX shell; as it is where that takes it so. */
const quoted = (path: string): string => (/^[\w./@:+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);
