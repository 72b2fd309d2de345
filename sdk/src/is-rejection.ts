// Telling what a rule forbade from what was done.
import type { RejectionFieldsFragment } from "./generated.ts";

/** A rule said no: `code` for programs, `message` for people; with CONFLICT the `latest` event that was overlooked. */
export type Rejection = RejectionFieldsFragment;

/** Whether a mutation was answered with a rejection; else the answer is its payload. */
export function isRejection<Result extends { readonly __typename: string }>(
  result: Result,
): result is Extract<Result, { readonly __typename: "RuleRejection" | "ConflictRejection" }> {
  return result.__typename === "RuleRejection" || result.__typename === "ConflictRejection";
}
