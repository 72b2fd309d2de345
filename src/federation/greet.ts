// Coming back: every platform that shares a conversation with us hears that we are there. What we missed comes from who leads
// and owes it. Where the leader is silent, those who follow as we do may have it: they are told where our copies end.
import type { PlatformName } from "../protocol/event.ts";
import type { PeerStore } from "../store/peer-store.ts";
import { batchLimits } from "./batch.ts";
import type { TellEventsOptions } from "./tell-events.ts";
import { headsAnswered } from "./tell-others.ts";
import { isUnreachable, type Transport } from "./transport.ts";

export interface GreetOptions {
  readonly peers: Pick<PeerStore, "neighbours" | "headsToCompare">;
  readonly transport: Pick<Transport, "greet" | "post">;
  readonly onBehind: TellEventsOptions["onBehind"];
  /** The platform is there. */
  onAnswer(by: PlatformName): Promise<void>;
}

const greetedAtOnce = 16;
const answerWithinMs = 10_000;

export function createGreet({ peers, transport, onBehind, onAnswer }: GreetOptions): () => Promise<void> {
  const compareHeads = async (to: PlatformName, leaders: readonly PlatformName[]) => {
    for (let after = ""; ; ) {
      const heads = await peers.headsToCompare(to, leaders, after, batchLimits.entries);
      const last = heads.at(-1);
      if (!last) return;
      const entries = heads.map((head) => ({ head }));
      const answer = await transport.post(to, entries, answerWithinMs);
      // It comes by itself, or is told with the next receipt.
      if (isUnreachable(answer)) return;
      await headsAnswered(onBehind, to, heads, answer);
      after = last.conversation;
    }
  };

  return async () => {
    const all = await peers.neighbours();
    const answering = new Set<PlatformName>();
    await forEach(all, async (to) => {
      // Who does not answer will hear of us when there is something to say, or come by itself.
      if ((await transport.greet(to)) !== null) return;
      answering.add(to);
      await onAnswer(to);
    });
    // Of what others lead, all comes from them: nobody else is asked, however many come back at once.
    const silent = all.filter((name) => !answering.has(name));
    if (silent.length > 0) await forEach([...answering], (to) => compareHeads(to, silent));
  };
}

async function forEach(names: readonly PlatformName[], work: (name: PlatformName) => Promise<void>): Promise<void> {
  const left = names.values();
  const workOnNext = async () => {
    // Each takes what none of the others has.
    for (const name of left) await work(name);
  };
  await Promise.all(Array.from({ length: greetedAtOnce }, workOnNext));
}
