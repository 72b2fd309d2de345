// A bar at a terminal that says how far a long command has come and how long it will take; elsewhere a line now and then.

export interface ProgressBar extends Disposable {
  /** @param counted what has been done beside the part, say 1,200 mails */
  show(done: number, total: number, counted: number): void;
}

export interface ProgressBarOptions {
  /** What is done, say "Importing". */
  readonly title: string;
  /** What is counted, say "messages". */
  readonly what: string;
  /** Standard error by default. */
  readonly terminal?: { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown };
  /** Milliseconds that only grow. */
  readonly now?: () => number;
}

const barEveryMs = 100;
const lineEveryMs = 10_000;
// A rate over the first moments says nothing of the rest.
const guessAfterMs = 1_000;
const cells = 24;

export function progressBar(options: ProgressBarOptions): ProgressBar {
  const { title, what, terminal = process.stderr, now = () => performance.now() } = options;
  const isBar = terminal.isTTY === true;
  const everyMs = isBar ? barEveryMs : lineEveryMs;
  const begunAt = now();
  let shownAt = isBar ? Number.NEGATIVE_INFINITY : begunAt;
  let isShown = false;
  return {
    show: (done, total, counted) => {
      const at = now();
      if (at - shownAt < everyMs) return;
      shownAt = at;
      const elapsedMs = at - begunAt;
      const part = total === 0 ? 1 : Math.min(1, done / total);
      const percent = `${Math.floor(part * 100)} %`;
      const facts = [percent, `${counted.toLocaleString("en")} ${what}`];
      if (elapsedMs >= guessAfterMs) {
        facts.push(`${Math.round((counted * 1000) / elapsedMs).toLocaleString("en")}/s`);
        if (part > 0 && part < 1) facts.push(`${durationOf((elapsedMs * (1 - part)) / part)} left`);
      }
      if (!isBar) {
        terminal.write(`${title}: ${facts.join(", ")}\n`);
        return;
      }
      isShown = true;
      const full = Math.round(part * cells);
      const line = `${title} [${"█".repeat(full)}${"·".repeat(cells - full)}] ${facts.join("  ")}`;
      terminal.write(`\r\u001b[K${line.slice(0, (terminal.columns ?? 80) - 1)}`);
    },
    [Symbol.dispose]: () => {
      if (isShown) terminal.write("\r\u001b[K");
    },
  };
}

/** `1 h 5 min`, `3 min 20 s`, `12 s` */
function durationOf(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `${seconds} s`;
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
