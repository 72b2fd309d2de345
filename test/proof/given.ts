// Exports as a test wants them: of a log that the rules made, by a platform whose keys are always the same.
import { exportText, signStatement } from "../../src/proof/export-form.ts";
import { verifyExport } from "../../src/proof/verify-export.ts";
import type { Timestamp } from "../../src/protocol/event.ts";
import { type KeyList, keyHash, type ListedKey } from "../../src/protocol/key-list.ts";
import type { Entry, Signer } from "../../src/protocol/seal.ts";
import { abroad, beginning, home, signerOf, timeAfter } from "../conversation/given.ts";

/** The list of a platform with one key, that of `signerOf`. */
export function keyListOf(platform: string, but: Partial<ListedKey> = {}): KeyList {
  const { key } = signerOf(platform);
  const unsigned = { key: key.key, nbf: timeAfter(beginning, -1), exp: null, by: null, revoked: null, ...but };
  const signature = key.sign("key", keyHash({ platform, ...unsigned }));
  return { platform, keys: [{ signature, ...unsigned }] };
}

export interface ExportManner {
  readonly platforms?: readonly KeyList[];
  readonly exporter?: Signer;
  readonly exportedAt?: Timestamp;
}

/** A log as `home` exports it. */
export async function exported(log: readonly Entry[], manner: ExportManner = {}): Promise<string> {
  const last = log.at(-1);
  const [first] = log;
  if (!first || !last) throw new Error("there is no log to export");
  const { platforms = [keyListOf(home), keyListOf(abroad)], exporter = signerOf(home), exportedAt = later } = manner;
  const statement = { conversation: first.id, seq: last.event.seq, head: last.hash, exportedAt, platforms };
  async function* pages() {
    yield log;
  }
  const parts = await Array.fromAsync(exportText(signStatement(statement, exporter), pages()));
  return parts.join("");
}

/** Long after everything. */
export const later = timeAfter(beginning, 30 * 24 * 60 * 60 * 1000);

export function verified(bytes: string | Uint8Array, now: Timestamp = later) {
  async function* chunks() {
    yield typeof bytes === "string" ? Buffer.from(bytes) : bytes;
  }
  return verifyExport(chunks(), now);
}
