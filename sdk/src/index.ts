// biome-ignore-all lint/performance/noBarrelFile: what the package offers is said here
// biome-ignore-all lint/performance/noReExportAll: the generated types are all offered
// A client for Parley: typed operations, and what happens as an async iterator.
export { createParley, type EventsOptions, type Parley, type ParleyOptions, type StreamItem } from "./create-parley.ts";
export type * from "./generated.ts";
export { isRejection, type Rejection } from "./is-rejection.ts";
export { type AnswerError, ParleyError } from "./parley-error.ts";
