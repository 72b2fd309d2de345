// Which subscriptions can share their answers: those of one document and operation, with the same values for what the
// answers depend on.
import { type DocumentNode, Kind, visit } from "graphql";

export interface Sharing {
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
}

/** Makes the function that gives such subscriptions the same key, and others another. */
export function createSharingKey(): (sharing: Sharing) => string {
  const known = new WeakMap<DocumentNode, { readonly number: number; readonly variables: readonly string[] }>();
  let count = 0;
  return ({ document, operationName = "", variables = {} }) => {
    const ofDocument = known.get(document) ?? { number: ++count, variables: variablesOfAnswers(document) };
    known.set(document, ofDocument);
    const values = Object.fromEntries(ofDocument.variables.map((name) => [name, variables[name]]));
    return `${ofDocument.number} ${operationName} ${JSON.stringify(values)}`;
  };
}

/**
 * All variables but those that stand in the arguments of the operation's own fields alone: they say what a stream brings,
 * as its cursor, and not what is told of it. After a break every client has a cursor of its own.
 */
function variablesOfAnswers({ definitions }: DocumentNode): readonly string[] {
  const names = new Set<string>();
  const collect = { Variable: ({ name }: { readonly name: { readonly value: string } }) => void names.add(name.value) };
  for (const definition of definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) visit(definition, collect);
    else {
      for (const selection of definition.selectionSet.selections) {
        visit(selection.kind === Kind.FIELD ? { ...selection, arguments: [] } : selection, collect);
      }
    }
  }
  return [...names];
}
