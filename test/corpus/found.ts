// What there is to find in imported archives, by what the archives say themselves; and what a search finds, in the same words.
import { expect } from "vitest";
import type { Parley } from "../../sdk/src/index.ts";
import type { TestPlatform } from "../support/platform.ts";
import type { ScannedMail } from "./scan-mbox.ts";

/** One text that is searched. */
export interface Text {
  readonly kind: "MESSAGE" | "SUBJECT" | "FILE" | "PERSON";
  /** What it is of: the mail's id, an address; empty of the subject. */
  readonly key: string;
  readonly text: string;
  /** Who said it, as `name address`; empty where nobody did. */
  readonly by: string;
  readonly sentMs: number;
}

export interface Known {
  readonly subject: string;
  /** All who take part, as `name address`. */
  readonly people: readonly string[];
  readonly texts: readonly Text[];
  /** Ids of mails that have files. */
  readonly withFiles: ReadonlySet<string>;
}

/** A text that is searched, and its conversation. */
export type Matches = (text: Text, known: Known) => boolean;

interface Mailbox {
  readonly address: string;
  readonly name: string;
}

/** `"Alice" <alice@a.example>, bob@b.example (Bob)` */
function mailboxesOf(header: string): readonly Mailbox[] {
  return (header.match(/(?:"[^"]*"|[^,"])+/g) ?? []).flatMap((one) => {
    const address = /[^\s<>"();:]+@[^\s<>"();:]+/.exec(/<([^<>]*)>/.exec(one)?.[1] ?? one)?.[0]?.toLowerCase();
    const name = one.includes("<") ? one.replace(/<.*/s, "") : (/\((.*)\)/.exec(one)?.[1] ?? "");
    return address === undefined ? [] : [{ address, name: name.replaceAll('"', "").trim() }];
  });
}

const shown = ({ address, name }: Mailbox): string => (name === "" ? address : `${name} ${address}`);

function knownOf(mails: readonly ScannedMail[], own: Mailbox): Known {
  const people = new Map([[own.address, shown(own)]]);
  const texts: Text[] = [];
  for (const mail of mails) {
    const [from] = mailboxesOf(mail.from);
    const named = [...(from ? [from] : []), ...mailboxesOf(mail.to)];
    for (const one of named) {
      const name = named.find(({ address, name }) => address === one.address && name !== "")?.name ?? "";
      if (!people.has(one.address)) people.set(one.address, shown({ ...one, name: one === from ? one.name : name }));
    }
    const of = { key: mail.id, by: people.get(from?.address ?? "") ?? "", sentMs: mail.sentMs };
    texts.push({ ...of, kind: "MESSAGE", text: mail.text });
    for (const file of mail.files) texts.push({ ...of, kind: "FILE", text: file });
  }
  const subject = mails[0]?.subject ?? "";
  // Subjects and people have no date of their own: they go by the latest words.
  const none = { by: "", sentMs: Math.max(...mails.map(({ sentMs }) => sentMs)) };
  if (subject !== "") texts.push({ ...none, kind: "SUBJECT", key: "", text: subject });
  for (const [address, text] of people) texts.push({ ...none, kind: "PERSON", key: address, text });
  const withFiles = new Set(mails.filter(({ files }) => files.length > 0).map(({ id }) => id));
  return { subject, people: [...people.values()], texts, withFiles };
}

/** An imported archive: what there is to find, by conversation, and whose messages these are. */
export interface Imported {
  readonly known: ReadonlyMap<string, Known>;
  /** The mail of a message or file, by its hash. */
  readonly mailOf: ReadonlyMap<string, string>;
}

/** Which mails are together, and in which order, is the log's to say; what they say is not. */
export async function importedOf(
  { core }: TestPlatform,
  address: string,
  mails: readonly ScannedMail[],
): Promise<Imported> {
  const { rows } = await core.database.pool.query<{
    conversation: string;
    id: string;
    item: string | null;
    mail: string;
  }>(
    `SELECT conversation_id AS conversation, id, item, trim('<>' FROM body->'mail'->>'messageId') AS mail FROM event
    WHERE (model = 'message' OR model = 'attachment') AND conversation_id IN (
      SELECT p.conversation_id FROM participation AS p JOIN account AS a ON a.id = p.account_id
      JOIN recipient AS r ON r.id = a.recipient_id WHERE r.address = $1)
    ORDER BY conversation_id, seq`,
    [address],
  );
  const own = await core.database.pool.query<Mailbox>("SELECT address, name FROM recipient WHERE address = $1", [
    address,
  ]);
  const owner = own.rows[0] ?? { address, name: "" };
  const scanned = new Map(mails.map((mail) => [mail.id, mail]));
  const mailOf = new Map<string, string>();
  const together = new Map<string, ScannedMail[]>();
  for (const { conversation, id, item, mail } of rows) {
    mailOf.set(id, mail ?? mailOf.get(item ?? ""));
    const one = scanned.get(mail);
    if (one) together.set(conversation, [...(together.get(conversation) ?? []), one]);
  }
  return { known: new Map([...together].map(([hash, of]) => [hash, knownOf(of, owner)])), mailOf };
}

/** Pages are this long: fewer than most searches find. */
const pageLength = 40;

/** All pages of a search. */
export async function searchAll(parley: Parley, query: string) {
  const found: Awaited<ReturnType<Parley["search"]>>["edges"][number]["node"][] = [];
  for (let after: string | null = null; ; ) {
    const { edges, pageInfo }: Awaited<ReturnType<Parley["search"]>> = await parley.search({
      ...{ query, first: pageLength, after },
    });
    found.push(...edges.map(({ node }) => node));
    if (!pageInfo.hasNextPage) return found;
    after = pageInfo.endCursor;
  }
}

/** As many texts of a conversation are shown. */
const hitsMax = 3;

/**
 * Holds what a search finds against what there is: the conversations, all of them and no other, each once; and in each the
 * texts, quoted from it and marked.
 * @param marks what may be marked; null where nothing is
 */
export async function expectFound(
  parley: Parley,
  { known, mailOf }: Imported,
  query: string,
  matches: Matches,
  marks: RegExp | null,
): Promise<number> {
  const expected = new Map(
    [...known].flatMap(([hash, one]) => {
      const texts = one.texts.filter((text) => matches(text, one));
      return texts.length === 0 ? [] : [[hash, texts] as const];
    }),
  );
  const found = await searchAll(parley, query);
  const hashes = found.map(({ conversation }) => conversation.hash ?? "");
  const nameOf = (hash: string) => `${known.get(hash)?.subject} ${hash}`;
  expect(hashes.map(nameOf).toSorted()).toEqual([...expected.keys()].map(nameOf).toSorted());
  for (const { conversation, hits } of found) {
    const texts = expected.get(conversation.hash ?? "") ?? [];
    expect(hits, nameOf(conversation.hash ?? "")).toHaveLength(Math.min(hitsMax, texts.length));
    const seen = new Set<Text>();
    for (const { kind, message, attachment, participant, snippet } of hits) {
      const key = mailOf.get(message?.hash ?? attachment?.hash ?? "") ?? participant?.address ?? "";
      const text = texts.find((one) => one.kind === kind && one.key === key && !seen.has(one));
      if (!text) return expect.fail(`${kind} ${key} of ${nameOf(conversation.hash ?? "")} should not be found`);
      seen.add(text);
      const quoted = snippet.map((part) => part.text).join("");
      expect(spaced(text.text)).toContain(spaced(quoted.replace(/^… | …$/g, "")));
      const marked = snippet.filter((part) => part.isHit).map((part) => bare(part.text));
      expect(marked.filter((part) => !marks?.test(part))).toEqual([]);
      if (marks && !query.includes("subject:")) expect(marked.length, `${kind} ${key}: ${quoted}`).toBeGreaterThan(0);
    }
  }
  return expected.size;
}

const spaced = (text: string): string => text.replace(/\s+/g, " ").trim();

/** Without accents. */
export const bare = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "");

const sign = "[^\\p{L}\\p{N}\\p{M}]";

/** These words side by side, and whole. */
export const words = (...parts: readonly string[]): RegExp =>
  new RegExp(`(?<!${sign.replace("^", "")})(?:${parts.join(`${sign}+`)})(?!${sign.replace("^", "")})`, "iu");
