// A mail that waits for its sender, as they are asked about it: the words that it would become.
import type pg from "pg";
import { type BlobStore, readBlob } from "../../files/blob-store.ts";
import { toHtml } from "../../html/message-html.ts";
import { blobOf, inboundBytesMax } from "../in/inbound-mail.ts";
import { parseIncoming } from "../in/parse-incoming.ts";
import { previewOf, saidIn } from "../in/said.ts";
import { type Markup, trusted } from "./page.ts";

export interface HeldMail {
  readonly from: string;
  readonly at: Date;
  /** Its first words. */
  readonly begins: string;
  readonly subject: string | null;
  /** Null where there are none. */
  readonly words: Markup | null;
  readonly files: readonly string[];
}

/** Makes the function that reads one by its id; null where its bytes are not kept any more. */
export function createReadHeld(pool: Pick<pg.Pool, "query">, blobs: Pick<BlobStore, "get">) {
  return async (id: string): Promise<HeldMail | null> => {
    const raw = await readBlob(blobs, blobOf(id), inboundBytesMax);
    const { rows } = await pool.query<{ received_at: Date }>({
      name: "inbound_received_at",
      text: "SELECT received_at FROM inbound_mail WHERE id = $1",
      values: [id],
    });
    const [row] = rows;
    if (raw === null || !row) return null;
    const mail = await parseIncoming(raw);
    if ("refused" in mail) return null;
    const body = saidIn(mail, row.received_at, false);
    return {
      from: mail.from?.address ?? "",
      subject: mail.subject === "" ? null : mail.subject,
      at: row.received_at,
      begins: body ? previewOf(mail) : "",
      words: body && trusted(toHtml(body)),
      files: mail.files.map(({ title }) => title),
    };
  };
}
