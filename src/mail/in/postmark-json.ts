// Postmark's JSON, as it is: its ids are larger than a number can be exactly.
import type { z } from "zod";
import { BadRequestError } from "../../http/body.ts";

/** For JSON.parse: an integer that a number would round comes as its text. */
export function exactNumbers(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  return typeof value === "number" && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source)
    ? source
    : value;
}

/** @throws BadRequestError which says what is missing */
export function asDocumented<Value>(schema: z.ZodType<Value>, json: unknown): Value {
  const { data, error } = schema.safeParse(json);
  if (data !== undefined) return data;
  const where = error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
  throw new BadRequestError(`This is not what Postmark documents. ${where}`.slice(0, 500), { status: 400 });
}
