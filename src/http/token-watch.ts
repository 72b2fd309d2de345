// Streams outlive requests: whether the tokens that they were opened with are still valid is looked up now and then, for
// all streams of the process together.
import { GraphQLError } from "graphql";
import type { Gateway } from "../graphql/gateway.ts";
import type { Logger } from "../observe/logger.ts";

export interface TokenWatch extends Disposable {
  /** Calls `onInvalid`, once, when the token is found not to be valid any more, unless disposed before. */
  watch(token: string, onInvalid: () => void): Disposable;
}

export interface TokenWatchOptions {
  readonly gateway: Pick<Gateway, "signIn">;
  readonly log: Logger;
  /** How long a stream may outlive its token. @default 30_000 */
  readonly everyMs?: number;
}

export function watchTokens({ gateway, log, everyMs = 30_000 }: TokenWatchOptions): TokenWatch {
  const watched = new Map<string, Set<() => void>>();
  const check = async (token: string) => {
    try {
      await gateway.signIn(token);
    } catch (error) {
      // A database that is out of reach says nothing about the token.
      if (!(error instanceof GraphQLError)) return log.warn({ err: error }, "could not check a stream's token");
      const ends = watched.get(token) ?? [];
      watched.delete(token);
      for (const end of ends) end();
    }
  };
  const timer = setInterval(() => {
    for (const token of watched.keys()) void check(token);
  }, everyMs);
  timer.unref();
  return {
    watch: (token, onInvalid) => {
      const ends = watched.get(token) ?? new Set();
      watched.set(token, ends.add(onInvalid));
      return {
        [Symbol.dispose]: () => {
          ends.delete(onInvalid);
          if (ends.size === 0 && watched.get(token) === ends) watched.delete(token);
        },
      };
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
