// How much a row measures.

/** How much is measured: each row in two minutes or so, the quick one in less. */
export interface Effort {
  readonly isQuick: boolean;
  progress(text: string): void;
}
