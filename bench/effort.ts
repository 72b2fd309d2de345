// How much a row measures.

/** How much is measured: the whole in five minutes at most, the quick one in one. */
export interface Effort {
  readonly isQuick: boolean;
  progress(text: string): void;
}
