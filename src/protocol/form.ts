// The form of proposals: which action goes with which model, and what each says. Knows no state.
import { z } from "zod";
import { isBase64url32 } from "./encoding.ts";
import { type Action, type Model, type Proposal, roles, version } from "./event.ts";

/** A hash, key or salt: 32 bytes. */
export const base64url32Schema = z.string().refine(isBase64url32, "must be 32 bytes in base64url, unpadded, canonical");

/** `2026-11-21T09:30:00.000Z`, and a time that exists. */
export const timestampSchema = z.string().refine(isTimestamp, "must be RFC 3339 in UTC with three decimals and Z");

// A last label that reads as a number would make an IPv4 address of the whole (WHATWG URL, "ends in a number").
export const platformNameSchema = z
  .string()
  .max(253)
  .regex(
    /^(?!(?:.*\.)?(?:\d+|0x[0-9a-f]*)$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/,
    "must be a lower-case DNS name in A-labels, without port or trailing dot",
  );

const role = z.enum(roles);

/** The shapes that a value can have. */
export const valueSchemas = {
  participant: z.strictObject({ role, via: platformNameSchema, mail: z.boolean(), imported: z.boolean() }),
  role: z.strictObject({ role }),
  expiry: z.strictObject({ expiresAt: timestampSchema }),
  leader: z.strictObject({ leader: platformNameSchema }),
  erase: z.literal("ERASE"),
};

/** What a pair of action and model says. */
interface Form {
  readonly item: "none" | "optional" | "required";
  /** null: no value. */
  readonly value: z.ZodType | null;
  readonly follows: boolean;
  readonly body: boolean;
}

const made = { follows: false, body: true } as const;
const changed = { follows: true, body: false, value: null, item: "required" } as const;

const forms: Readonly<Record<Model, Partial<Readonly<Record<Action, Form>>>>> = {
  conversation: { publish: { item: "none", value: valueSchemas.participant, ...made } },
  subject: { modify: { item: "none", value: null, follows: true, body: true } },
  expiry: { modify: { ...changed, item: "none", value: valueSchemas.expiry.nullable() } },
  label: { add: { item: "none", value: null, ...made }, remove: changed },
  participant: {
    add: { item: "none", value: valueSchemas.participant, ...made },
    modify: { ...changed, value: valueSchemas.role },
    remove: { ...changed, value: valueSchemas.erase.nullable() },
  },
  message: {
    add: { item: "optional", value: null, ...made },
    modify: { ...changed, body: true },
    remove: changed,
    lock: changed,
    release: changed,
  },
  attachment: { add: { item: "optional", value: null, ...made }, remove: changed },
  leader: { modify: { ...changed, item: "none", value: valueSchemas.leader } },
};

/**
 * Why `proposal` is none, or null where its form is right: the pair is in the table, and item, value, follows and ref
 * are there exactly where the table has them. Says nothing about rights or state.
 */
export function formFault(proposal: Proposal): string | null {
  const { action, model, item, value } = proposal;
  const form = forms[model][action];
  if (proposal.v !== version) return `version ${proposal.v} is not spoken here, only ${version}`;
  if (!form) return `there is no ${action} of a ${model}`;
  const isFirst = action === "publish";
  if (isFirst !== (proposal.conversation === null)) return "only the first event has no conversation";
  if (isFirst !== (proposal.actor === null)) return "only the first event has no actor";
  if (item === null ? form.item === "required" : form.item === "none") {
    return `${action} ${model} ${item === null ? "needs an" : "takes no"} item`;
  }
  if (form.value === null ? value !== null : !form.value.safeParse(value).success) {
    return `the value does not fit ${action} ${model}`;
  }
  if (form.follows !== (proposal.follows !== null))
    return `${action} ${model} ${form.follows ? "needs" : "takes no"} follows`;
  if (form.body !== (proposal.ref !== null)) return `${action} ${model} ${form.body ? "needs" : "takes no"} body`;
  return null;
}

/** Whether this pair carries a body. */
export function hasBody(action: Action, model: Model): boolean {
  return forms[model][action]?.body ?? false;
}

export function isTimestamp(text: string): boolean {
  // There is no year 0, in calendars and in databases.
  if (!/^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text)) return false;
  const time = new Date(text);
  return !Number.isNaN(time.getTime()) && time.toISOString() === text;
}
