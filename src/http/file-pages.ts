// Downloads: a file of a conversation, decrypted, for whoever may see it there. At `/files/CONVERSATION/ATTACHMENT`, with the
// token that everything else goes by.

import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type pg from "pg";
import type { Viewer } from "../accounts/accounts.ts";
import type { Blob, BlobStore } from "../files/blob-store.ts";
import { decryption, fileBlobOf } from "../files/file-cipher.ts";
import type { Logger } from "../observe/logger.ts";
import { isBase64url32 } from "../protocol/encoding.ts";
import type { AttachmentBody } from "../protocol/event.ts";
import { createReader } from "../store/read/reader.ts";
import type { PageRequest, PageResponse, Pages } from "./pages.ts";

interface DownloadOptions {
  readonly pool: pg.Pool;
  readonly blobs: Pick<BlobStore, "get">;
  authenticate(token: string): Promise<Viewer | null>;
  readonly log: Logger;
}

export function filePages({ pool, blobs, authenticate, log }: DownloadOptions): Pages {
  /** What the path names, where the viewer may see it. */
  const find = async (viewer: Viewer, path: string) => {
    const [, , conversation = "", attachment = "", ...more] = path.split("/");
    if (more.length > 0 || !isBase64url32(conversation) || !isBase64url32(attachment)) return null;
    const reader = createReader(pool);
    const view = await reader.view(viewer.accountId, conversation);
    const body = view && (await reader.attachment(view, attachment))?.body;
    const blob = body && (await blobs.get(fileBlobOf(conversation, attachment)));
    return blob ? { body, blob } : null;
  };

  return {
    prefix: "/files/",
    answer: async (request, response, path) => {
      if (request.method !== "GET" && request.method !== "HEAD") {
        return refuse(response, 405, "A file can only be downloaded: GET.", { allow: "GET, HEAD" });
      }
      const viewer = await authenticate(tokenOf(request));
      if (!viewer) {
        const how = "Sign in first: send a token as `Authorization: Bearer TOKEN`.";
        return refuse(response, 401, how, { "www-authenticate": "Bearer" });
      }
      const found = await find(viewer, path);
      if (!found) return refuse(response, 404, "There is no such file here.");
      response.writeHead(200, headersOf(found.body));
      if (request.method === "HEAD") {
        found.blob.stream.destroy();
        response.end();
        return;
      }
      await send(found, response).catch((error: unknown) => {
        log.warn({ err: error, path }, "a download broke off");
        response.destroy();
      });
    },
  };
}

function tokenOf({ headers }: PageRequest): string {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1] ?? "";
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

function refuse(response: PageResponse, status: number, message: string, headers = {}): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", ...headers });
  response.end(`${message}\n`);
}
