// The bytes of a mail that came in, read anew.
import { type BlobStore, readBlob } from "../../files/blob-store.ts";
import { blobOf, inboundBytesMax } from "./inbound-mail.ts";
import { parseIncoming } from "./parse-incoming.ts";

/** @throws where they are gone */
export async function readStored(blobs: Pick<BlobStore, "get">, id: string): Promise<Buffer> {
  const raw = await readBlob(blobs, blobOf(id), inboundBytesMax);
  if (raw === null) throw new Error("the bytes of a mail that came in are not there");
  return raw;
}

/** A mail that was read before, and could be. @throws where its bytes are gone */
export async function rereadMail(blobs: Pick<BlobStore, "get">, id: string) {
  const mail = await parseIncoming(await readStored(blobs, id));
  if ("refused" in mail || mail.from === null) throw new Error("a mail that waited for a decision cannot be read");
  return { mail, from: mail.from.address, name: mail.from.name };
}
