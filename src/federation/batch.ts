// What platforms send each other at `POST /f/evt/{hash}/`: entries over any conversations, and a result for each.
import { z } from "zod";
import { type Address, isAddress } from "../conversation/address.ts";
import type { Rejection } from "../conversation/rejection.ts";
import type { PlatformName, SignedEvent, SignedProposal, Timestamp } from "../protocol/event.ts";
import { base64url32Schema, platformNameSchema, timestampSchema } from "../protocol/form.ts";
import type { Hash } from "../protocol/hash.ts";
import { signedEventSchema, signedProposalSchema } from "../protocol/wire.ts";
import type { ReceiptMove } from "../store/conversation-store.ts";
import type { Head } from "../store/peer-store.ts";

/** One thing that is told or asked. Entries of a conversation are taken in their order. */
export type Entry =
  | { readonly event: SignedEvent }
  | { readonly proposal: SignedProposal }
  | { readonly receipt: ReceiptMove }
  | { readonly head: Head }
  /** Whether anybody has this address, who is to be added to a conversation that both are in. */
  | { readonly recipient: { readonly conversation: Hash; readonly address: Address } }
  /** It lost the end of what it had, and wants to be told of it. Once all is told, it is accepted; until then, later. */
  | { readonly lost: { readonly at: Timestamp } };

/** What became of an entry, in the same place of the answer. */
export type Result =
  /** It is in the log, or counts. Of a proposal: with its event. */
  | { readonly result: "accepted"; readonly event?: SignedEvent }
  /** It was there already. Of a proposal: with its event. */
  | { readonly result: "duplicate"; readonly event?: SignedEvent }
  /** A proposal that had nothing left to do. */
  | { readonly result: "done" }
  /** Not now: this one and all further ones of its conversation are to be sent again. */
  | { readonly result: "later" }
  /** Never. `code` is a rejection of the rules, or a fault of the entry. */
  | ({ readonly result: "rejected" } & Refusal)
  /** An event before it is missing: `seq` is the last that is had, 0 for none. */
  | { readonly result: "gap"; readonly seq: number };

export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** With CONFLICT: the id of the item's latest event. */
  readonly latest?: Hash;
  /** With WRONG_LEADER: who leads. */
  readonly leader?: PlatformName;
}

/** At most so much is sent, and taken, in one request. */
export const batchLimits = {
  entries: 1_000,
  /** Of the whole body. */
  bytes: 4 * 1024 * 1024,
} as const;

const seq = z.int().min(1);
const receipt = z.strictObject({ conversation: base64url32Schema, participant: base64url32Schema, seq });
const head = z.strictObject({ conversation: base64url32Schema, seq, hash: base64url32Schema });

const recipient = z.strictObject({ conversation: base64url32Schema, address: z.string().refine(isAddress) });

const entrySchema: z.ZodType<Entry> = z.union([
  z.strictObject({ event: signedEventSchema }),
  z.strictObject({ proposal: signedProposalSchema }),
  z.strictObject({ receipt }),
  z.strictObject({ head }),
  z.strictObject({ recipient }),
  z.strictObject({ lost: z.strictObject({ at: timestampSchema }) }),
]);

/** The frame of a batch. Each entry is read by itself (`readEntry`), so that one of a kind unknown here costs the others nothing. */
export const batchSchema = z.strictObject({ entries: z.array(z.unknown()).min(1).max(batchLimits.entries) });

/** Null where it has no form that is known here. */
export function readEntry(value: unknown): Entry | null {
  return entrySchema.safeParse(value).data ?? null;
}

const text = z.string().max(1_000);
const resultSchema: z.ZodType<Result> = z
  .union([
    z.object({ result: z.enum(["accepted", "duplicate"]), event: signedEventSchema.optional() }),
    z.object({ result: z.enum(["done", "later"]) }),
    z.object({
      result: z.literal("rejected"),
      code: text,
      message: text,
      latest: base64url32Schema.optional(),
      leader: platformNameSchema.optional(),
    }),
    z.object({ result: z.literal("gap"), seq: z.int().min(0) }),
  ])
  // Optional fields that are absent are absent, and not undefined.
  .transform((result) => JSON.parse(JSON.stringify(result)) as Result);

/** An answer may say more than this version knows. */
export const resultsSchema = z.object({ results: z.array(resultSchema).max(batchLimits.entries) });

/** A page of a log. */
export const logPageSchema = z.object({
  head: z.object({ seq, hash: base64url32Schema }),
  events: z.array(signedEventSchema).max(batchLimits.entries),
});

export interface LogPage {
  readonly head: Pick<Head, "seq" | "hash">;
  readonly events: readonly SignedEvent[];
}

/** As it travels: without what a store adds. */
export function signedEventOf({ event, signatures, body, salt }: SignedEvent): SignedEvent {
  return { event, signatures, body, salt };
}

export function refused(code: string, message: string): Result {
  return { result: "rejected", code, message };
}

export function refusalOf({ code, message, latest }: Rejection): Result {
  return { result: "rejected", code, message, ...(latest !== undefined && { latest }) };
}
