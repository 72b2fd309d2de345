// What simulated platforms say to each other.
import type { Entry, LogPage, Result } from "../../src/federation/batch.ts";
import type { Hash } from "../../src/protocol/hash.ts";

/** What one platform asks of another. */
export type Request =
  | { readonly kind: "post"; readonly entries: readonly Entry[] }
  | { readonly kind: "events"; readonly conversation: Hash; readonly after: number }
  | { readonly kind: "greet" };

export type Answer = readonly Result[] | LogPage | null;
