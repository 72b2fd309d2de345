// One line at a terminal that says how far a long command has come. Elsewhere nothing: a log has no use for it.

export interface ProgressLine extends Disposable {
  /** @param total null where it is not known */
  show(done: number, total: number | null): void;
}

const everyMs = 200;

/** @param what is counted, say "events checked" */
export function progressLine(what: string): ProgressLine {
  let shownAt = performance.now();
  let isShown = false;
  return {
    show: (done, total) => {
      if (!process.stderr.isTTY || performance.now() - shownAt < everyMs) return;
      shownAt = performance.now();
      isShown = true;
      const of = total === null ? "" : ` of ${total.toLocaleString("en")}`;
      process.stderr.write(`\r\u001b[K${done.toLocaleString("en")}${of} ${what}`);
    },
    [Symbol.dispose]: () => {
      if (isShown) process.stderr.write("\r\u001b[K");
    },
  };
}
