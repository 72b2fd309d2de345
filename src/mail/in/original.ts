// The mail that a message was, as it came: kept for as long as the message is there with all of its files, and offered to who
// sees it. With what erases words go their bytes.
import type pg from "pg";
import { type BlobStore, readBlob } from "../../files/blob-store.ts";
import { fileBlobOf } from "../../files/file-cipher.ts";
import type { Hash } from "../../protocol/hash.ts";
import { isErasedSql } from "../../store/read/erased-sql.ts";
import { cutForShowing } from "../cut-text.ts";
import { blobOf, inboundBytesMax } from "./inbound-mail.ts";
import { parseIncoming } from "./parse-incoming.ts";

/** A mail as it came in. */
export interface Original {
  readonly from: { readonly address: string; readonly name: string | null };
  readonly receivedAt: Date;
  /** With quotes and signature; null where it has no plain text. */
  readonly text: string | null;
  /** Not safe to show. Null where it has none. */
  readonly html: string | null;
}

interface OriginalOptions {
  readonly pool: pg.Pool;
  readonly blobs: BlobStore;
}

/** Null where the message was no mail that came in here, or its bytes are gone. Whoever asks may see the message. */
export async function readOriginal(
  { pool, blobs }: OriginalOptions,
  conversation: Hash,
  message: Hash,
): Promise<Original | null> {
  const { rows } = await pool.query<{ id: string; received_at: Date }>({
    name: "original",
    text: `SELECT id, received_at FROM inbound_mail
      WHERE conversation_id = $1 AND message = $2 AND status = 'POSTED' AND has_original`,
    values: [conversation, message],
  });
  const [row] = rows;
  const raw = row && (await readBlob(blobs, blobOf(row.id), inboundBytesMax));
  if (!row || !raw) return null;
  const mail = await parseIncoming(raw);
  if ("refused" in mail || mail.from === null) return null;
  const { from, text, html } = mail;
  return { from, receivedAt: row.received_at, text: cutForShowing(text), html: cutForShowing(html) };
}

/**
 * Deletes the bytes of what is erased in the conversation: of files, and of mails whose message is, or one of whose files. Safe to
 * repeat.
 */
export async function eraseFiles({ pool, blobs }: OriginalOptions, conversation: Hash): Promise<void> {
  const { rows: files } = await pool.query<{ id: Hash; message: Hash | null }>({
    name: "erased_files",
    text: `SELECT a.id, a.message FROM attachment AS a JOIN event AS e USING (conversation_id, seq)
      WHERE a.conversation_id = $1 AND ${isErasedSql("e")}`,
    values: [conversation],
  });
  for (const { id } of files) await blobs.delete(fileBlobOf(conversation, id));
  const { rows: mails } = await pool.query<{ id: string }>({
    name: "erased_originals",
    text: `SELECT i.id FROM inbound_mail AS i
      JOIN message AS m ON m.conversation_id = i.conversation_id AND m.id = i.message
      JOIN event AS e ON e.conversation_id = m.conversation_id AND e.seq = m.seq
      WHERE i.conversation_id = $1 AND i.has_original AND (i.message = ANY($2::text[]) OR ${isErasedSql("e")})`,
    values: [conversation, files.flatMap(({ message }) => message ?? [])],
  });
  for (const { id } of mails) {
    await blobs.delete(blobOf(id));
    await pool.query("UPDATE inbound_mail SET has_original = false WHERE id = $1", [id]);
  }
}
