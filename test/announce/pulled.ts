// A stream read step by step: a reader that has room for one thing whenever the test asks for it.
import type { Give } from "../../src/announce/live.ts";

interface Given<T> {
  each(give: Give<T>): Promise<void>;
  end(): void;
}

/** Begins with the first `next`. What comes before the test asks for it waits where it does for slow subscribers. */
export function pulled<T>(stream: Given<T>): AsyncIterableIterator<T, undefined> {
  let asked = Promise.withResolvers<IteratorResult<T, undefined>>();
  let ask = () => {};
  let isBegun = false;
  let isOver = false;
  const give: Give<T> = (value) => {
    asked.resolve({ done: false, value });
    return new Promise((resolve) => {
      ask = resolve;
    });
  };
  const over = () => {
    isOver = true;
    asked.resolve({ done: true, value: undefined });
  };
  return {
    next: () => {
      asked = Promise.withResolvers();
      if (isOver) over();
      ask();
      if (!isBegun) void stream.each(give).then(over, (error: unknown) => asked.reject(error));
      isBegun = true;
      return asked.promise;
    },
    return: async () => {
      stream.end();
      ask();
      over();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
