// A part of the site that another part of the house makes: it is handed requests and answers, and serves nothing by itself.
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";

export type PageRequest = IncomingMessage;
export type PageResponse = ServerResponse;
export type PageHeaders = OutgoingHttpHeaders;

/** A part of the site: all paths that begin with its prefix. */
export interface Pages {
  /** With slashes around it; the path without the last one is its own, too. */
  readonly prefix: `/${string}/`;
  /** @throws BadRequestError for what cannot be read */
  answer(request: PageRequest, response: PageResponse, path: string): Promise<void>;
}
