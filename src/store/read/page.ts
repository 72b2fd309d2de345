// Pages: keyset pagination, so that a cursor survives inserts and the last page costs what the first does.

import { everything } from "../../conversation/audience.ts";

/** What a page is asked for with, as Relay's connections say it. Exactly one of `first` and `last`. */
export interface PageRequest<Cursor> {
  readonly limit: number;
  /** From the end backwards: `last`. */
  readonly isBackward: boolean;
  readonly after: Cursor | null;
  readonly before: Cursor | null;
}

/** Nodes in the list's own order, whichever way was read. */
export interface Page<Node> {
  readonly nodes: readonly Node[];
  readonly hasPreviousPage: boolean;
  readonly hasNextPage: boolean;
}

/** The page of rows that were read with one more than the limit, in reading order. */
export function pageOf<Node, Cursor>(read: readonly Node[], request: PageRequest<Cursor>): Page<Node> {
  const hasMore = read.length > request.limit;
  const nodes = read.slice(0, request.limit);
  // Beyond the cursors that the page lies between there is at least what they name.
  const { isBackward, after, before } = request;
  return {
    nodes: isBackward ? nodes.reverse() : nodes,
    hasPreviousPage: after !== null || (isBackward && hasMore),
    hasNextPage: before !== null || (!isBackward && hasMore),
  };
}

/** The page without the nodes that are not there. */
export function presentOf<Row, Node>(page: Page<Row>, found: readonly (Node | null | Error)[]): Page<Node> {
  const nodes = found.flatMap((node) => {
    if (node instanceof Error) throw node;
    return node === null ? [] : [node];
  });
  return { ...page, nodes };
}

/** The same page of a list in memory. */
export function pageOfList<Node>(
  list: readonly Node[],
  request: PageRequest<number>,
  placeOf: (node: Node) => number,
): Page<Node> {
  const within = list
    .filter(
      (node) =>
        (request.after === null || placeOf(node) > request.after) &&
        (request.before === null || placeOf(node) < request.before),
    )
    .toSorted((a, b) => (request.isBackward ? placeOf(b) - placeOf(a) : placeOf(a) - placeOf(b)));
  return pageOf(within.slice(0, request.limit + 1), request);
}

/**
 * Bounds and order for a list by `seq`, of which nothing beyond `horizon` is shown. Its parameters begin at `$from`: after,
 * before, and limit + 1.
 */
export function seqPageSql(
  column: string,
  from: number,
  request: PageRequest<number>,
  horizon: number,
): { readonly sql: string; readonly values: readonly unknown[] } {
  const before = Math.min(request.before ?? everything, horizon + 1);
  return {
    sql: `${column} > $${from}::int AND ${column} < $${from + 1}::int ORDER BY ${column} ${request.isBackward ? "DESC" : "ASC"} LIMIT $${from + 2}::int`,
    values: [request.after ?? 0, before, request.limit + 1],
  };
}

/** The name of a page's statement, which is another one backwards. */
export function statementName(name: string, { isBackward }: PageRequest<number>): string {
  return isBackward ? `${name}_backward` : name;
}
