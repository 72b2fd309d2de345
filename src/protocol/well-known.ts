// What stands at /.well-known/parley: a platform with its domains and keys, or a domain that leaves both to a platform.
import { z } from "zod";
import { jsonOf } from "./encoding.ts";
import type { PlatformName } from "./event.ts";
import { platformNameSchema } from "./form.ts";
import { type KeyList, keyListFault, listedKeysSchema } from "./key-list.ts";

/** What a platform says of itself. */
export type WellKnown = KeyList & {
  /** The domains whose addresses it serves. */
  readonly domains: readonly PlatformName[];
  /** Of the protocol (`Proposal.v`), that it speaks. */
  readonly versions: readonly number[];
};

/** What a domain says that another host's platform serves. */
export type Delegation = { readonly platform: PlatformName };

/** A thousand keys and a thousand domains have room in it. */
export const wellKnownBytesMax = 1_048_576;

/** That a platform may serve. */
export const domainsMax = 1_000;

// Not strict, unlike all that is hashed: later versions may say more.
const delegationSchema: z.ZodType<Delegation> = z.object({ platform: platformNameSchema });
const wellKnownSchema: z.ZodType<WellKnown> = z.object({
  platform: platformNameSchema,
  domains: z.array(platformNameSchema).max(domainsMax),
  versions: z.array(z.int().min(1)).min(1).max(100),
  keys: listedKeysSchema,
});

/** The document in these bytes; null where it is none, or its list of keys does not hold. */
export function readWellKnown(bytes: Uint8Array): WellKnown | Delegation | null {
  if (bytes.byteLength > wellKnownBytesMax) return null;
  const value = jsonOf(bytes);
  if (typeof value !== "object" || value === null) return null;
  if (!("keys" in value)) return delegationSchema.safeParse(value).data ?? null;
  const wellKnown = wellKnownSchema.safeParse(value).data;
  return wellKnown && keyListFault(wellKnown) === null ? wellKnown : null;
}
