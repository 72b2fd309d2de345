// A request and its answer, for parts of the house that make pages: they are handed both, and serve nothing by themselves.
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";

export type PageRequest = IncomingMessage;
export type PageResponse = ServerResponse;
export type PageHeaders = OutgoingHttpHeaders;
