/// <reference lib="esnext.disposable" preserve="true" />
// biome-ignore-all lint/performance/noBarrelFile: what the package offers is said here
// biome-ignore-all lint/performance/noReExportAll: the generated types and documents are all offered
// A client for Parley: typed operations, and what happens as an async iterator.
export { type Connection, connect, type ParleyOptions } from "./connect.ts";
export { createParley, type Parley } from "./create-parley.ts";
export type { Document, RequestOptions } from "./document.ts";
export type { EventAdded, Gap, Had } from "./fill-gap.ts";
export type { EventsOptions, StreamItem, StreamState } from "./follow-events.ts";
export * from "./generated.ts";
export { isRejection, type Rejection } from "./is-rejection.ts";
export type { Operations } from "./operations.ts";
export { type AnswerError, type ErrorCode, ParleyError } from "./parley-error.ts";
export { type SearchQuery, searchQuery } from "./search-query.ts";
export type { TransportName } from "./transport.ts";
