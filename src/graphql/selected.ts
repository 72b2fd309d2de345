// What a document asks for below a field: so that a list reads no more than what is shown of it.
import { type FieldNode, type GraphQLResolveInfo, Kind, type SelectionSetNode } from "graphql";

type Asked = Pick<GraphQLResolveInfo, "fieldNodes" | "fragments">;

/**
 * The names of the fields that stand at the end of this path below the field. Those of fragments for other types and those
 * that are skipped are among them: it may tell too much, never too little.
 */
export function selectedBelow({ fieldNodes, fragments }: Asked, path: readonly string[]): ReadonlySet<string> {
  let level: readonly FieldNode[] = fieldNodes;
  for (const part of path) level = fieldsOf(level, fragments).filter(({ name }) => name.value === part);
  return new Set(fieldsOf(level, fragments).map(({ name }) => name.value));
}

/**
 * Makes the function that says whether something is asked for at the end of the path, and nothing but these fields. What it
 * found is remembered: a list of fifty conversations asks fifty times.
 */
export function asksOnly(path: readonly string[], names: Iterable<string>): (asked: Asked) => boolean {
  const those = new Set(names);
  const known = new WeakMap<Asked["fieldNodes"], boolean>();
  return (asked) => {
    const answer = known.get(asked.fieldNodes);
    if (answer !== undefined) return answer;
    const selected = selectedBelow(asked, path);
    const isOnly = selected.size > 0 && [...selected].every((name) => those.has(name));
    known.set(asked.fieldNodes, isOnly);
    return isOnly;
  };
}

function fieldsOf(
  nodes: readonly { readonly selectionSet?: SelectionSetNode | undefined }[],
  fragments: Asked["fragments"],
): readonly FieldNode[] {
  return nodes.flatMap(({ selectionSet }) =>
    (selectionSet?.selections ?? []).flatMap((selection) => {
      if (selection.kind === Kind.FIELD) return [selection];
      const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments[selection.name.value];
      return fragment ? fieldsOf([fragment], fragments) : [];
    }),
  );
}
