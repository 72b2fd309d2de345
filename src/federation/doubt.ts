// A platform that was restored from a backup, or whose database failed over to a copy that lagged behind, may have
// sequenced what it does not know any more. Others have it: they are asked before anything more is sequenced.
import type { PlatformName } from "../protocol/event.ts";
import type { FoundLost, PeerStore } from "../store/peer-store.ts";
import { clockSkewSeconds, signatureLifetimeSeconds } from "./request-signature.ts";

export interface DoubtOptions {
  readonly peers: Pick<PeerStore, "doubt" | "lossTold" | "endDoubts">;
  now(): string;
  /** The platform is to be told. */
  onToTell(platform: PlatformName, inMs: number): void;
}

export interface Doubt {
  /** Puts all conversations in doubt, and has everybody told: for another copy, whatever it says of an earlier loss. */
  restored(): Promise<void>;
  /** The same where it showed that we lost something; where that is a part of what is known, in its conversation alone. */
  found(what: FoundLost): Promise<void>;
  /** The platform has told us all that it has, or is not waited for. */
  told(platform: PlatformName): Promise<void>;
  /** Ends it where nobody is waited for any more. Safe to repeat. */
  end(): Promise<void>;
}

/** What we sent before we lost it may be taken for so long: a request's signature lasts a minute, and clocks may be one apart. */
const onItsWayMs = (signatureLifetimeSeconds + clockSkewSeconds + 5) * 1_000;
/** Somebody may have been added whom we do not know to be in a conversation: so long all that we know are waited for. */
const othersMs = 10 * 60_000;

export function createDoubt({ peers, now, onToTell }: DoubtOptions): Doubt {
  const end = async () => {
    for (const platform of await peers.endDoubts(now())) onToTell(platform, 0);
  };
  const begin = async (found: FoundLost | null) => {
    const at = now();
    const after = (ms: number) => new Date(Date.parse(at) + ms).toISOString();
    const loss = { at, askAt: after(onItsWayMs), waitUntil: after(onItsWayMs + othersMs) };
    for (const platform of await peers.doubt(loss, found)) onToTell(platform, onItsWayMs);
  };
  return {
    restored: () => begin(null),
    found: (what) => begin(what),
    told: async (platform) => {
      await peers.lossTold(platform);
      await end();
    },
    end,
  };
}
