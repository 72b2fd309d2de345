// Downloads: a file of a conversation, decrypted, for whoever may see it there. At `/files/CONVERSATION/ATTACHMENT`, with the
// token that everything else goes by.

import type pg from "pg";
import type { Viewer } from "../accounts/accounts.ts";
import type { BlobStore } from "../files/blob-store.ts";
import type { Logger } from "../observe/logger.ts";
import { isBase64url32 } from "../protocol/encoding.ts";
import { createReader } from "../store/read/reader.ts";
import type { PageRequest, PageResponse, Pages } from "./pages.ts";
import { createSendFile } from "./send-file.ts";

interface DownloadOptions {
  readonly pool: pg.Pool;
  readonly blobs: Pick<BlobStore, "get">;
  authenticate(token: string): Promise<Viewer | null>;
  readonly log: Logger;
}

export function filePages({ pool, blobs, authenticate, log }: DownloadOptions): Pages {
  const sendFile = createSendFile({ blobs, log });
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
      const [, , conversation = "", attachment = "", ...more] = path.split("/");
      const reader = createReader(pool);
      const view =
        more.length > 0 || !isBase64url32(conversation) ? null : await reader.view(viewer.accountId, conversation);
      if (view && (await sendFile(request, response, { reader, view, attachment }))) return;
      refuse(response, 404, "There is no such file here.");
    },
  };
}

function tokenOf({ headers }: PageRequest): string {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1] ?? "";
}

function refuse(response: PageResponse, status: number, message: string, headers = {}): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", ...headers });
  response.end(`${message}\n`);
}
