// A file of a conversation, decrypted, as an answer: what a browser is told of it, and that it is what its event was signed for.

import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Blob, BlobStore } from "../files/blob-store.ts";
import { decryption, fileBlobOf } from "../files/file-cipher.ts";
import type { Logger } from "../observe/logger.ts";
import { isBase64url32 } from "../protocol/encoding.ts";
import type { AttachmentBody } from "../protocol/event.ts";
import type { Reader } from "../store/read/reader.ts";
import type { ConversationView } from "../store/read/views.ts";
import type { PageRequest, PageResponse } from "./pages.ts";

export interface SendFileOptions {
  readonly blobs: Pick<BlobStore, "get">;
  readonly log: Logger;
}

/** A file, where it may be looked for. */
export interface Asked {
  readonly reader: Pick<Reader, "attachment">;
  /** The conversation up to where whoever asks may see it. */
  readonly view: ConversationView;
  /** Whatever stands in a link. */
  readonly attachment: string;
}

/** False where there is no such file, and nothing was answered. */
export type SendFile = (request: PageRequest, response: PageResponse, asked: Asked) => Promise<boolean>;

export function createSendFile({ blobs, log }: SendFileOptions): SendFile {
  return async (request, response, { reader, view, attachment }) => {
    const body = isBase64url32(attachment) ? (await reader.attachment(view, attachment))?.body : null;
    const blob = body && (await blobs.get(fileBlobOf(view.id, attachment)));
    if (!body || !blob) return false;
    response.writeHead(200, headersOf(body));
    if (request.method === "HEAD") {
      blob.stream.destroy();
      response.end();
      return true;
    }
    await send({ body, blob }, response).catch((error: unknown) => {
      log.warn({ err: error, conversation: view.id, attachment }, "a download broke off");
      response.destroy();
    });
    return true;
  };
}

/** Whoever made the file says what it is: browsers are told to keep it, to believe no more than that, and to run nothing of it. */
function headersOf({ title, type, size }: AttachmentBody) {
  return {
    "content-type": /^[a-z0-9.+-]+\/[a-z0-9.+-]+$/i.test(type) ? type : "application/octet-stream",
    "content-length": size,
    // RFC 8187: names in any script, percent-encoded, and so in one line.
    "content-disposition": `attachment; filename*=UTF-8''${encoded(title)}`,
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "cache-control": "private, no-store",
  };
}

/** RFC 8187 §3.2.1, value-chars. */
function encoded(title: string): string {
  return encodeURIComponent(title.toWellFormed()).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function send({ body, blob }: { readonly body: AttachmentBody; readonly blob: Blob }, response: PageResponse) {
  const decipher = decryption(body.key);
  return pipeline(blob.stream, decipher, (plain: Readable) => checked(plain, body), response);
}

/** The bytes; the last of them only once they are what the event was signed for, so that nobody takes others for whole. */
async function* checked(plain: AsyncIterable<Buffer>, { sha256, size }: AttachmentBody): AsyncGenerator<Buffer> {
  const digest = createHash("sha256");
  let read = 0;
  let held: Buffer | null = null;
  for await (const chunk of plain) {
    if (held) yield held;
    held = chunk;
    digest.update(chunk);
    read += chunk.length;
  }
  if (read !== size || digest.digest("base64url") !== sha256) throw new Error("a file is not what its event says");
  if (held) yield held;
}
