// The bus: tells every API process that something happened. It carries ids; whoever wants more reads it.
import type { Hash } from "../protocol/hash.ts";
import type { Place, ReceiptMove } from "../store/conversation-store.ts";
import type { ParticipationChange } from "../store/participation.ts";

/** An event was committed, a receipt moved, or an account changed what it has of a conversation for itself. */
export type Note =
  | ({ readonly kind: "event" } & Place)
  | ({ readonly kind: "receipt" } & ReceiptMove)
  | ({ readonly kind: "participation" } & ParticipationChange)
  /** What somebody said waits for another platform, or will not be in the log. */
  | ({ readonly kind: "pending"; readonly id: Hash } & ParticipationChange);

export type Listener = (notes: readonly Note[]) => void;

export interface Bus extends AsyncDisposable {
  /** Tells all processes, this one among them. Rejects with UntoldError where the others could not be told; this one was told then too. */
  publish(notes: readonly Note[]): Promise<void>;
  /** Calls `listener` with what is published from now on, until disposed; perhaps twice, perhaps out of order. */
  listen(listener: Listener): Disposable;
  /** Calls `restored` when notes may have been lost and will not be any more: read what you missed. */
  onRestored(restored: () => void): Disposable;
  /** Whether other processes are being heard now. */
  isReady(): boolean;
}

/** Others could not be told. The bus has said so, once for as long as it lasts. */
export class UntoldError extends Error {
  override readonly name = "UntoldError";
}

/** A bus for one process: nothing is lost on it. */
export function inProcessBus(): Bus {
  const listeners = listenerSet();
  return {
    publish: async (notes) => listeners.tell(notes),
    listen: listeners.add,
    onRestored: () => ({ [Symbol.dispose]: () => {} }),
    isReady: () => true,
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Listeners, called in the order in which they came. */
export function listenerSet() {
  const listeners = new Set<Listener>();
  return {
    add: (listener: Listener): Disposable => {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    tell: (notes: readonly Note[]): void => {
      for (const listener of listeners) listener(notes);
    },
  };
}
