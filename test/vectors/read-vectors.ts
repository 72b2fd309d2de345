// Reads vectors: those of this folder, which others made, and the protocol's own in docs/vectors.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** @throws ZodError where the file does not have the shape of `schema` */
export function readVectors<T>(file: string, schema: z.ZodType<T>): T {
  return schema.parse(JSON.parse(readFileSync(fileURLToPath(new URL(file, import.meta.url)), "utf8")));
}

const json: z.ZodType<Json> = z.lazy(() =>
  z.union([z.null(), z.boolean(), z.number(), z.string(), z.array(json), z.record(z.string(), json)]),
);
type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const about = z.string();
const kind = z.enum(["event", "proposal", "key", "export"]);
const entry = z.record(z.string(), json);
const after = z.strictObject({ seq: z.int(), hash: z.string() }).nullable();
const why = z.string();
const code = z.string();
const listedKey = z.strictObject({
  ...{ key: z.string(), nbf: z.string(), exp: z.string().nullable(), by: z.string().nullable() },
  ...{ signature: z.string(), revoked: z.string().nullable() },
});
const keyList = z.strictObject({ platform: z.string(), keys: z.array(listedKey) });
const signature = { kind, hash: z.string(), key: z.string(), signature: z.string() };

const httpRequest = z.strictObject({
  ...{ method: z.string(), target: z.string(), headers: z.record(z.string(), z.string()), body: z.string().nullable() },
});
const result = z.strictObject({ result: z.string(), code: z.string().optional(), seq: z.int().optional() });

/** The protocol's own, of which only the files' own frame is known here: what it is about is left as it was read. */
export function protocolVectors() {
  const read = <T>(name: string, schema: z.ZodType<T>): T => readVectors(`../../docs/vectors/${name}.json`, schema);
  return {
    canonicalJson: read(
      "canonical-json",
      z.strictObject({
        about,
        valid: z.array(z.strictObject({ json: z.string(), canonical: z.string() })),
        invalid: z.array(z.strictObject({ json: z.string(), why })),
      }),
    ),
    hashes: read(
      "hashes",
      z.strictObject({
        about,
        vectors: z.array(
          z.strictObject({
            kind: z.enum([...kind.options, "body"]),
            ...{ value: json, canonical: z.string(), hash: z.string() },
          }),
        ),
      }),
    ),
    signatures: read(
      "signatures",
      z.strictObject({
        about,
        ...{ seed: z.string(), key: z.string() },
        valid: z.array(z.strictObject({ ...signature, text: z.string() })),
        invalid: z.array(z.strictObject({ ...signature, why })),
      }),
    ),
    events: read(
      "events",
      z.strictObject({
        about,
        valid: z.array(z.strictObject({ id: z.string(), hash: z.string(), after, entry })),
        invalid: z.array(z.strictObject({ code, why, after, entry })),
      }),
    ),
    logs: read(
      "logs",
      z.strictObject({
        about,
        now: z.string(),
        valid: z.array(
          z.strictObject({
            name: z.string(),
            outcome: z.strictObject({
              ...{ seq: z.int(), head: z.string(), leader: z.string(), expiresAt: z.string().nullable() },
              participants: z.array(entry),
            }),
            bodies: z.strictObject({ present: z.int(), erased: z.int(), missing: z.int() }),
            events: z.array(entry),
          }),
        ),
        invalid: z.array(z.strictObject({ why, code, log: z.string(), events: z.int(), entry })),
      }),
    ),
    keyLists: read(
      "key-lists",
      z.strictObject({
        about,
        valid: z.array(keyList),
        invalid: z.array(z.strictObject({ why, list: keyList })),
        windows: z.array(z.strictObject({ listed: listedKey, at: z.string(), isValid: z.boolean() })),
      }),
    ),
    requests: read(
      "requests",
      z.strictObject({
        about,
        ...{ receiver: z.string(), now: z.string() },
        keys: z.array(z.strictObject({ seed: z.string(), list: keyList })),
        valid: z.array(z.strictObject({ why, status: z.int(), base: z.string(), request: httpRequest })),
        invalid: z.array(z.strictObject({ code, status: z.int(), why, request: httpRequest })),
        batches: z.array(
          z.strictObject({
            ...{ why, receiver: z.string(), caller: z.string(), holds: z.int() },
            ...{ entries: z.array(json), results: z.array(result) },
          }),
        ),
      }),
    ),
    exports: read(
      "exports",
      z.strictObject({
        about,
        now: z.string(),
        valid: z.array(z.strictObject({ why, text: z.string() })),
        invalid: z.array(z.strictObject({ code, seq: z.int().nullable(), why, text: z.string() })),
      }),
    ),
  };
}
