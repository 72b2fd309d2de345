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
