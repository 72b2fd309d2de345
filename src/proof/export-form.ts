// The form of an export, parley/export/1: a log as on the wire, with what the exporter states of it, under its signature.
import { z } from "zod";
import type { PlatformName, SignedEvent, Timestamp } from "../protocol/event.ts";
import { base64url32Schema, platformNameSchema, timestampSchema } from "../protocol/form.ts";
import { type Hash, hashOf } from "../protocol/hash.ts";
import { type KeyList, keyListSchema } from "../protocol/key-list.ts";
import type { Signer } from "../protocol/seal.ts";
import type { PublicKey, Signature } from "../protocol/signature.ts";

export const exportFormat = "parley/export/1";

/** What the exporter states: which log this is, how far it goes, and whose keys they are, as far as it knows. */
export type ExportStatement = {
  readonly conversation: Hash;
  readonly exporter: PlatformName;
  readonly key: PublicKey;
  readonly exportedAt: Timestamp;
  /** Of the last event that is in it, and that event's hash. */
  readonly seq: number;
  readonly head: Hash;
  /** The key lists of the platforms that signed, those that the exporter has; its own always. */
  readonly platforms: readonly KeyList[];
};

export const statementSchema: z.ZodType<ExportStatement> = z.strictObject({
  conversation: base64url32Schema,
  exporter: platformNameSchema,
  key: base64url32Schema,
  exportedAt: timestampSchema,
  seq: z.int().min(1),
  head: base64url32Schema,
  platforms: z.array(keyListSchema).max(10_000),
});

/** A part of an export before its events: a member and its value. */
export const exportMembers = ["format", "statement", "signature"] as const;
export type ExportMember = (typeof exportMembers)[number];

/** An entry, or what comes before them, in characters: the longest message with every character escaped fits. */
export const partCharactersMax = 4 * 1024 * 1024;

export function statementHash(statement: ExportStatement): Hash {
  return hashOf("export", statement);
}

export function signStatement(statement: Omit<ExportStatement, "exporter" | "key">, signer: Signer) {
  const whole: ExportStatement = { ...statement, exporter: signer.platform, key: signer.key.key };
  return { statement: whole, signature: signer.key.sign("export", statementHash(whole)) };
}

/** The file, in parts: each event on a line of its own. @param log in pages, from the first event to the statement's */
export async function* exportText(
  { statement, signature }: { readonly statement: ExportStatement; readonly signature: Signature },
  log: AsyncIterable<readonly SignedEvent[]>,
): AsyncGenerator<string> {
  const [format, stated, signed] = [exportFormat, statement, signature].map((value) => JSON.stringify(value));
  yield `{"format":${format},\n"statement":${stated},\n"signature":${signed},\n"events":[\n`;
  let isFirst = true;
  for await (const page of log) {
    if (page.length === 0) continue;
    const lines = page.map(({ event, signatures, body, salt }) => JSON.stringify({ event, signatures, body, salt }));
    yield `${isFirst ? "" : ",\n"}${lines.join(",\n")}`;
    isFirst = false;
  }
  yield "\n]}\n";
}
