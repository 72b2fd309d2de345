// Doing together what is asked for at once: one statement and one commit for many, where each would wait for its own.

/**
 * Makes the function that asks for one item's work. Who asks while the work on others is out waits, and all who wait are the next
 * batch; alone, an item is a batch of one and waits for nobody. Each is answered with its batch's result.
 * @param work safe to repeat: where it fails for several, it is done again for each, so that one does not fail the others
 */
export function inBatches<Item, Result>(
  work: (items: readonly Item[]) => Promise<Result>,
): (item: Item) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  let next: { readonly items: Item[]; readonly result: Promise<Result> } | null = null;
  const open = () => {
    const items: Item[] = [];
    const result = last.then(() => {
      next = null;
      return work(items);
    });
    last = result.catch(() => {});
    return { items, result };
  };
  return (item) => {
    next ??= open();
    const { items, result } = next;
    items.push(item);
    return result.catch((error: unknown) => {
      if (items.length === 1) throw error;
      return work([item]);
    });
  };
}
