// Bounds on documents, before anything of them runs: the same for POST, WebSocket and SSE, for all three prepare here.
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  parse,
  type SelectionSetNode,
  specifiedRules,
  validate,
} from "graphql";

export const documentBounds = {
  /** Tokens of a document: bounds the parser's recursion too. */
  tokens: 2_000,
  /** Selection sets within each other, fragments spread out. */
  depth: 16,
  /** Fields, fragments spread out. */
  fields: 400,
  aliases: 50,
  directives: 20,
  /** Fields times the sizes of the pages that they stand in. A page whose size is a variable counts as the largest. */
  cost: 50_000,
} as const;

/** Nodes of a connection where the document does not say how many. */
export const pageSizeDefault = 20;
export const pageSizeMax = 100;

export type Prepared = { readonly document: DocumentNode } | { readonly errors: readonly GraphQLError[] };

// By number and by length, so that many or large documents cannot fill the memory.
const rememberedMax = 1_000;
const rememberedCharacters = 4_000_000;

/**
 * Makes the function that parses, bounds and validates a document. A document that was prepared before is found again by
 * its text: the same object, so that work on it can be shared.
 */
export function createPrepare(schema: GraphQLSchema): (source: string) => Prepared {
  const remembered = new Map<string, Prepared>();
  let characters = 0;
  return (source) => {
    const known = remembered.get(source);
    if (known) {
      remembered.delete(source);
      remembered.set(source, known);
      return known;
    }
    const prepared = prepare(schema, source);
    // What is refused is refused quickly again.
    if ("errors" in prepared) return prepared;
    remembered.set(source, prepared);
    characters += source.length;
    for (const [oldest] of remembered) {
      if (remembered.size <= rememberedMax && characters <= rememberedCharacters) break;
      remembered.delete(oldest);
      characters -= oldest.length;
    }
    return prepared;
  };
}

function prepare(schema: GraphQLSchema, source: string): Prepared {
  let document: DocumentNode;
  try {
    document = parse(source, { maxTokens: documentBounds.tokens });
  } catch (error) {
    if (error instanceof GraphQLError) return { errors: [withCode(error, "GRAPHQL_PARSE_FAILED")] };
    throw error;
  }
  const bounded = boundsErrors(document);
  if (bounded.length > 0) return { errors: bounded };
  const errors = validate(schema, document, specifiedRules, { maxErrors: 20, hideSuggestions: true });
  return errors.length > 0 ? { errors: errors.map((error) => withCode(error, "GRAPHQL_VALIDATION_FAILED")) } : { document };
}

function withCode(error: GraphQLError, code: string): GraphQLError {
  const { nodes, source, positions } = error;
  return new GraphQLError(error.message, { nodes: nodes ?? null, source: source ?? null, positions: positions ?? null, extensions: { code } });
}

interface Count {
  fields: number;
  aliases: number;
  directives: number;
  cost: number;
}

/** Walks every operation with its fragments spread out, and stops as soon as something is too much. */
function boundsErrors(document: DocumentNode): readonly GraphQLError[] {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const count: Count = { fields: 0, aliases: 0, directives: 0, cost: 0 };
  const exceeded = (): string | null => {
    for (const name of ["fields", "aliases", "directives", "cost"] as const) {
      if (count[name] > documentBounds[name]) return `The document has more than ${documentBounds[name]} ${name === "cost" ? "points of cost" : name}.`;
    }
    return null;
  };
  const walk = (set: SelectionSetNode, depth: number, factor: number, within: ReadonlySet<string>): string | null => {
    if (depth > documentBounds.depth) return `The document is more than ${documentBounds.depth} levels deep.`;
    for (const selection of set.selections) {
      count.directives += selection.directives?.length ?? 0;
      if (selection.kind === Kind.FIELD) {
        count.fields++;
        count.cost += factor;
        if (selection.alias) count.aliases++;
      }
      const over = exceeded();
      if (over) return over;
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const name = selection.name.value;
        const fragment = fragments.get(name);
        // Cycles and unknown fragments are for validation to tell.
        if (!fragment || within.has(name)) continue;
        const fault = walk(fragment.selectionSet, depth, factor, new Set(within).add(name));
        if (fault) return fault;
      } else if (selection.selectionSet) {
        const isField = selection.kind === Kind.FIELD;
        const fault = walk(selection.selectionSet, depth + (isField ? 1 : 0), isField ? factor * pageSizeOf(selection) : factor, within);
        if (fault) return fault;
      }
    }
    return null;
  };
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    count.directives += definition.directives?.length ?? 0;
    const fault = walk(definition.selectionSet, 1, 1, new Set());
    if (fault) return [new GraphQLError(`${fault} Ask in several smaller ones.`, { extensions: { code: "DOCUMENT_TOO_LARGE" } })];
  }
  return [];
}

/** How many nodes a field asks for: connections say it, and are told by their `edges` or `nodes`. */
function pageSizeOf(field: FieldNode): number {
  const size = field.arguments?.find(({ name }) => name.value === "first" || name.value === "last")?.value;
  if (size?.kind === Kind.INT) return Math.max(1, Math.min(Number(size.value), pageSizeMax));
  if (size && size.kind !== Kind.NULL) return pageSizeMax;
  const isConnection = field.selectionSet?.selections.some(
    (selection) => selection.kind === Kind.FIELD && (selection.name.value === "edges" || selection.name.value === "nodes"),
  );
  return isConnection ? pageSizeDefault : 1;
}
