// Figures: what is taken from many samples, and how a row is judged.

/** One line of the table. `ours` and `limit` are medians over the rounds of one run, in `unit`. */
export interface Row {
  readonly row: string;
  readonly unit: "/s" | "ms" | "KiB";
  readonly ours: number;
  /** What `ours` is held against; null where it is only told. */
  readonly limit: number | null;
  /** The ratio `ours / limit` that is to be reached, or the bound on `ours` itself. */
  readonly toReach: { readonly ratio?: Bound; readonly ours?: Bound } | null;
  /** What else was seen: kept in the results, and printed below the table. */
  readonly told: Readonly<Record<string, number | string>>;
}

export type Bound = { readonly least: number } | { readonly most: number };

export type Verdict = "reached" | "falls short" | "told";

export function verdictOn({ ours, limit, toReach }: Row): Verdict {
  if (toReach === null) return "told";
  const holds = (value: number, bound: Bound | undefined) =>
    bound === undefined || ("least" in bound ? value >= bound.least : value <= bound.most);
  return holds(limit === null ? Number.NaN : ours / limit, toReach.ratio) && holds(ours, toReach.ours)
    ? "reached"
    : "falls short";
}

/** The value below which the share `p` of the samples lies, 0 to 1; NaN of none. */
export function percentile(samples: readonly number[], p: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN;
}

export const median = (samples: readonly number[]): number => percentile(samples, 0.5);

/** Now in milliseconds since 1970, with microseconds: the database's clock on the same machine, so the two compare. */
export const nowMs = (): number => performance.timeOrigin + performance.now();

export const round = (value: number): number =>
  Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
