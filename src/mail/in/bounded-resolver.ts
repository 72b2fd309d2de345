// Look-ups for one mail: so many of them, for so long, whatever senders publish and however silent name servers are.

/** As `resolve` of node:dns/promises: rejects with ENOTFOUND or ENODATA where there is nothing, with another code where that is not to be said. */
export type ResolveRecords = (name: string, type: string) => Promise<string[] | string[][]>;

export interface BoundedResolver extends Disposable {
  readonly resolve: ResolveRecords;
}

/** Beyond the bounds it rejects at once, with ETIMEOUT. Asks for the same thing once. Disposing ends it. */
export function boundResolver(resolve: ResolveRecords, lookUpsMax: number, timeoutMs: number): BoundedResolver {
  const asked = new Map<string, ReturnType<ResolveRecords>>();
  const { promise: over, reject: end } = Promise.withResolvers<never>();
  // Nobody may be waiting.
  over.catch(() => {});
  const timer = setTimeout(() => end(timeout("it took too long")), timeoutMs);
  return {
    resolve: (name, type) => {
      const key = `${type} ${name.toLowerCase()}`;
      const known = asked.get(key);
      if (known !== undefined) return known;
      const answer =
        asked.size < lookUpsMax
          ? Promise.race([resolve(name, type), over])
          : Promise.reject(timeout("too many look-ups"));
      answer.catch(() => {});
      if (asked.size < lookUpsMax) asked.set(key, answer);
      return answer;
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      end(timeout("it is over"));
    },
  };
}

const timeout = (message: string): Error => Object.assign(new Error(message), { code: "ETIMEOUT" });
