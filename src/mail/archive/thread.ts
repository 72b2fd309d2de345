// Which mails belong together, and which answers which: the REFERENCES threading of RFC 5256 by ids alone, never by
// subject. Pure.
//
// Every id that a mail has or names is a node, whether its mail is there or not. References chain nodes to their
// parents; whatever names the same id, in References or In-Reply-To, is in one thread.

export interface MailIds {
  readonly id: string;
  /** Oldest first. */
  readonly references: readonly string[];
  readonly inReplyTo: readonly string[];
}

export interface Thread {
  /** By the order in which they were added. */
  readonly mails: readonly number[];
  /** Ids that its mails refer to and that no mail has. */
  readonly missing: readonly string[];
}

export interface Threads {
  /** In the order of their first mails. */
  readonly threads: readonly Thread[];
  /** What the mail answers, and what that answers: the nearest first, whether its mail is there (its number) or not (null). */
  ancestorsOf(mail: number): Generator<{ readonly id: string; readonly mail: number | null }>;
}

export interface Threading {
  /** Takes the next mail; returns the number of the earlier mail that has the same id, or null. A repeated one is in no thread. */
  add(mail: MailIds): number | null;
  threads(): Threads;
}

const none = -1;

export function createThreading(): Threading {
  const nodes = new Map<string, number>();
  const ids: string[] = [];
  const mailOf: number[] = [];
  const parentOf: number[] = [];
  /** Towards the node that stands for its thread. */
  const joinedTo: number[] = [];
  const nodeOfMail: number[] = [];
  const isParent: boolean[] = [];

  const nodeOf = (id: string): number => {
    const known = nodes.get(id);
    if (known !== undefined) return known;
    const node = ids.push(id) - 1;
    nodes.set(id, node);
    mailOf.push(none);
    parentOf.push(none);
    joinedTo.push(node);
    isParent.push(false);
    return node;
  };
  const at = (list: readonly number[], index: number): number => list[index] ?? none;
  const threadOf = (node: number): number => {
    let top = node;
    while (at(joinedTo, top) !== top) {
      // Halves the way for whoever asks next.
      joinedTo[top] = at(joinedTo, at(joinedTo, top));
      top = at(joinedTo, top);
    }
    return top;
  };
  const setParent = (node: number, parent: number): void => {
    if (isBelow(parent, node)) return;
    parentOf[node] = parent;
    isParent[parent] = true;
  };
  const join = (a: number, b: number): void => {
    joinedTo[threadOf(b)] = threadOf(a);
  };
  const isBelow = (node: number, above: number): boolean => {
    // Most are new, with nothing below them: without this, a long chain costs its length with each mail.
    if (node !== above && !isParent[above]) return false;
    for (let next = node; next !== none; next = at(parentOf, next)) if (next === above) return true;
    return false;
  };

  return {
    add: ({ id, references, inReplyTo }) => {
      const node = nodeOf(id);
      const first = at(mailOf, node);
      const mail = nodeOfMail.push(first === none ? node : none) - 1;
      if (first !== none) return first;
      mailOf[node] = mail;
      const chain = references.filter((one) => one !== id).map(nodeOf);
      const answered = inReplyTo.filter((one) => one !== id).map(nodeOf);
      for (const named of [...chain, ...answered]) join(named, node);
      for (const [index, child] of chain.entries()) {
        const parent = at(chain, index - 1);
        // RFC 5256: a link that is there is kept, and none is made that would close a loop.
        if (index > 0 && at(parentOf, child) === none) setParent(child, parent);
      }
      // What the mail says of itself counts more than what others said of it. Where In-Reply-To names somebody's
      // address, the id comes after it.
      const parent = chain.at(-1) ?? answered.at(-1);
      if (parent !== undefined) setParent(node, parent);
      return null;
    },
    threads: () => {
      const byTop = new Map<number, { mails: number[]; missing: string[] }>();
      for (const [mail, node] of nodeOfMail.entries()) {
        if (node === none) continue;
        const thread = byTop.get(threadOf(node));
        if (thread) thread.mails.push(mail);
        else byTop.set(threadOf(node), { mails: [mail], missing: [] });
      }
      for (const [node, id] of ids.entries()) {
        if (at(mailOf, node) === none) byTop.get(threadOf(node))?.missing.push(id);
      }
      return {
        threads: [...byTop.values()],
        ancestorsOf: function* (mail) {
          const own = at(nodeOfMail, mail);
          if (own === none) return;
          for (let node = at(parentOf, own); node !== none; node = at(parentOf, node)) {
            yield { id: ids[node] ?? "", mail: at(mailOf, node) === none ? null : at(mailOf, node) };
          }
        },
      };
    },
  };
}

/**
 * A thread's mails as its conversation tells them: by time, but an answer never before what it answers, whatever the
 * clocks of their senders said.
 */
export function inOrder(
  mails: readonly number[],
  threads: Pick<Threads, "ancestorsOf">,
  sentMs: (mail: number) => number,
): readonly number[] {
  const parentOf = (mail: number): number | null => {
    for (const { mail: ancestor } of threads.ancestorsOf(mail)) if (ancestor !== null) return ancestor;
    return null;
  };
  /** The mail's time, at least its parent's; and how many it has above it. */
  const places = new Map<number, { readonly ms: number; readonly depth: number }>();
  for (const mail of mails) {
    const path: number[] = [];
    let above: number | null = mail;
    while (above !== null && !places.has(above)) {
      path.push(above);
      above = parentOf(above);
    }
    let place = above === null ? undefined : places.get(above);
    for (const next of path.reverse()) {
      const ownMs = sentMs(next);
      place = { ms: Math.max(ownMs, place?.ms ?? ownMs), depth: (place?.depth ?? -1) + 1 };
      places.set(next, place);
    }
  }
  const placeOf = (mail: number) => places.get(mail) ?? { ms: 0, depth: 0 };
  return mails.toSorted((a, b) => {
    const [first, second] = [placeOf(a), placeOf(b)];
    return first.ms - second.ms || first.depth - second.depth || a - b;
  });
}
