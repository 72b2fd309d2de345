// What a readable page needs to know of a log before its first line: who takes part, under which names, and the subject.
import { isErased } from "../conversation/erased.ts";
import { evolve } from "../conversation/evolve.ts";
import { saidAt } from "../conversation/said-at.ts";
import { apply, emptyState, type State } from "../conversation/state.ts";
import type { Timestamp } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type { Entry } from "../protocol/seal.ts";

export interface Outline {
  readonly state: State;
  /** By participant; without those who are erased, and those whose add is not here. */
  readonly people: ReadonlyMap<Hash, { readonly address: string; readonly name: string | null }>;
  readonly labels: readonly string[];
  readonly subject: string | null;
  /** Of the latest message; without one, when the conversation began. */
  readonly saidAt: Timestamp;
}

/** Takes a log's entries from the first on, and lets them pass. Ask for the outline after the last. */
export class OutlineDrawer {
  readonly #state = emptyState();
  readonly #people = new Map<Hash, { readonly address: string; readonly name: string | null }>();
  readonly #labels = new Map<Hash, { readonly name: string; readonly entry: Entry }>();
  #latest: Timestamp | null = null;
  #subject: { readonly text: string; readonly entry: Entry } | null = null;

  /** @throws Error where an entry does not belong there: the log is not as it was decided */
  take(entry: Entry): void {
    apply(this.#state, evolve(this.#state, entry));
    const { body, event } = entry;
    if (event.proposal.model === "message" && event.proposal.action === "add") {
      const at = saidAt(body, event.timestamp);
      if (this.#latest === null || at > this.#latest) this.#latest = at;
    }
    // Where the latest subject is erased there is none, and not the one before.
    if (event.proposal.model === "subject") this.#subject = null;
    if (body === null) return;
    if ("address" in body) this.#people.set(entry.id, { address: body.address, name: body.name });
    else if ("name" in body) this.#labels.set(entry.id, { name: body.name, entry });
    else if ("subject" in body) this.#subject = { text: body.subject, entry };
  }

  outline(): Outline {
    const isHere = (entry: Entry) => !isErased(this.#state, entry);
    return {
      state: this.#state,
      people: new Map([...this.#people].filter(([id]) => this.#state.participants.get(id)?.isErased === false)),
      labels: [...this.#labels.values()].flatMap(({ name, entry }) => (isHere(entry) ? [name] : [])),
      saidAt: this.#latest ?? this.#state.conversation?.createdAt ?? "",
      subject: this.#subject && isHere(this.#subject.entry) ? this.#subject.text : null,
    };
  }
}
