// Reading what came from elsewhere: strict schemas for events and proposals. Unknown fields are refused.
import { z } from "zod";
import { decodeBase64url } from "./encoding.ts";
import {
  actions,
  type Event,
  messageFormats,
  models,
  type Proposal,
  type SignedEvent,
  type SignedProposal,
} from "./event.ts";
import { base64url32Schema, platformNameSchema, timestampSchema, valueSchemas } from "./form.ts";

const hash = base64url32Schema;
const key = base64url32Schema;
const signature = z.string().refine((text) => decodeBase64url(text, 64) !== null, "must be 64 bytes in base64url");
const seq = z.int().min(1);

// The value is held against the action and model by `formFault`; here it only has to be one of the known shapes.
const value = z.union(Object.values(valueSchemas));

const proposal: z.ZodType<Proposal> = z.strictObject({
  v: z.int(),
  conversation: hash.nullable(),
  platform: platformNameSchema,
  key,
  actor: hash.nullable(),
  sentAt: timestampSchema,
  action: z.enum(actions),
  model: z.enum(models),
  item: hash.nullable(),
  value: value.nullable(),
  follows: hash.nullable(),
  ref: hash.nullable(),
});

const event: z.ZodType<Event> = z.strictObject({
  proposal,
  seq,
  parent: hash.nullable(),
  timestamp: timestampSchema,
  leader: platformNameSchema,
  key,
});

const text = z.string();
const bodySchemas = {
  conversation: z.strictObject({
    address: text,
    name: text.nullable(),
    slug: text,
    continues: z.strictObject({ conversation: hash, event: hash }).nullable(),
  }),
  subject: z.strictObject({ subject: text }),
  label: z.strictObject({ name: text }),
  participant: z.strictObject({ address: text, name: text.nullable() }),
  message: z.strictObject({
    format: z.enum(messageFormats),
    text,
    mentions: z.array(hash),
    mail: z.strictObject({ date: timestampSchema, messageId: text }).nullable(),
  }),
  attachment: z.strictObject({
    title: text,
    type: text,
    size: z.int().min(0),
    sha256: hash,
    key: z.string().refine((encoded) => decodeBase64url(encoded, 16) !== null, "must be 16 bytes in base64url"),
  }),
};

/** The body of each model that has one. Shapes only: limits and meaning are the leader's to check, in `conversation/`. */
export const bodySchema = {
  ...bodySchemas,
  // The most frequent first: they are tried in turn.
  any: z.union([
    bodySchemas.message,
    bodySchemas.participant,
    bodySchemas.conversation,
    bodySchemas.subject,
    bodySchemas.label,
    bodySchemas.attachment,
  ]),
} as const;

/** An event as it travels. A missing body or salt reads as null: erased, or owed. */
export const signedEventSchema: z.ZodType<SignedEvent> = z.strictObject({
  event,
  signatures: z.strictObject({ event: signature, proposal: signature.nullable() }),
  body: bodySchema.any.nullable().default(null),
  salt: base64url32Schema.nullable().default(null),
});

/** A proposal on its way to the leader. */
export const signedProposalSchema: z.ZodType<SignedProposal> = z.strictObject({
  proposal,
  signature: signature.nullable(),
  body: bodySchema.any.nullable(),
  salt: base64url32Schema.nullable(),
});
