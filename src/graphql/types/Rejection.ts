// A rule said no: data, with the same codes as between platforms.
import type { Rejection, RejectionCode } from "../../conversation/rejection.ts";
import { reject, rejectionCodes } from "../../conversation/rejection.ts";
import { builder } from "../builder.ts";

/** A rejection, with the conversation that it is about as far as an answer shows parts of it. */
export interface RejectionSource {
  readonly rejection: Rejection;
}

const RejectionCodeType = builder.enumType("RejectionCode", {
  description: "Why a rule said no; the same codes as between platforms.",
  values: Object.fromEntries(rejectionCodes.map((code) => [code, { description: reject(code).message }])) as Record<
    RejectionCode,
    { description: string }
  >,
});

export const RejectionType = builder.interfaceRef<RejectionSource>("Rejection").implement({
  description: "A rule said no, and nothing was changed.",
  fields: (t) => ({
    code: t.field({
      type: RejectionCodeType,
      description: "For programs.",
      resolve: ({ rejection }) => rejection.code,
    }),
    message: t.string({
      description: "For people: what is wrong, and what to do.",
      resolve: ({ rejection }) => rejection.message,
    }),
  }),
});

export const RuleRejectionType = builder.objectRef<RejectionSource>("RuleRejection").implement({
  description: "A rule of the conversation said no.",
  interfaces: [RejectionType],
  isTypeOf: (source) => isRejectionSource(source) && source.rejection.code !== "CONFLICT",
});

export const ConflictRejectionType = builder.objectRef<RejectionSource>("ConflictRejection").implement({
  description: "It was changed meanwhile: look at `latest`, then try again with that as `follows`.",
  interfaces: [RejectionType],
  isTypeOf: (source) => isRejectionSource(source) && source.rejection.code === "CONFLICT",
  fields: (t) => ({
    latest: t.field({
      type: "Hash",
      nullable: true,
      description: "The event that was overlooked.",
      resolve: ({ rejection }) => rejection.latest ?? null,
    }),
  }),
});

function isRejectionSource(source: unknown): source is RejectionSource {
  return typeof source === "object" && source !== null && "rejection" in source;
}
