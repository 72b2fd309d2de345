// Bounds on documents, before anything of them runs: the same for POST, WebSocket and SSE, for all three prepare here.
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  parse,
  type SelectionNode,
  type SelectionSetNode,
  specifiedRules,
  validate,
} from "graphql";

export const documentBounds = {
  /** Of the document's text, comments and all. Long texts go in variables. */
  characters: 65_536,
  /** Tokens of a document: bounds the parser's recursion too. */
  tokens: 2_000,
  /** Selection sets within each other, fragments spread out; and lists and objects within each other in the variables. */
  depth: 16,
  /** Fields and the fragments between them, fragments spread out. */
  fields: 400,
  aliases: 50,
  directives: 20,
  /** Fields times the sizes of the pages that they stand in. A page whose size is a variable counts as the largest. */
  cost: 50_000,
  /** Fields of one mutation: each is a write. */
  mutations: 10,
  /** Values in the variables, those within lists and objects counted. */
  variableValues: 10_000,
  /** Variables of a subscription, in characters of JSON: they are kept for as long as it lasts. */
  subscriptionVariables: 8_192,
} as const;

/** Nodes of a connection where the document does not say how many. */
export const pageSizeDefault = 20;
export const pageSizeMax = 100;

type Refused = { readonly errors: readonly GraphQLError[] };

export type Prepared = { readonly document: DocumentNode } | Refused;

// By number and by size, so that many or large documents cannot fill the memory. A character takes 100 to 200 bytes once it is
// parsed, and what is planned for a field (see plan.ts) about 1,000: as much as eight of them.
const rememberedMax = 1_000;
const rememberedCharacters = 400_000;
const fieldCharacters = 8;

/**
 * Makes the function that parses, bounds and validates a document. A document that was prepared before is found again by
 * its text: the same object, so that work on it can be shared.
 */
export function createPrepare(schema: GraphQLSchema): (source: string) => Prepared {
  const remembered = new Map<string, Sized>();
  let characters = 0;
  return (source) => {
    const known = remembered.get(source);
    if (known) {
      remembered.delete(source);
      remembered.set(source, known);
      return known.prepared;
    }
    const prepared = prepare(schema, source);
    // What is refused is refused quickly again.
    if ("errors" in prepared) return prepared;
    remembered.set(source, prepared);
    characters += prepared.characters;
    for (const [oldest, sized] of remembered) {
      if (remembered.size <= rememberedMax && characters <= rememberedCharacters) break;
      remembered.delete(oldest);
      characters -= sized.characters;
    }
    return prepared.prepared;
  };
}

/** A document that may be done, and what it takes to remember it. */
interface Sized {
  readonly prepared: Prepared;
  readonly characters: number;
}

function prepare(schema: GraphQLSchema, source: string): Refused | Sized {
  if (source.length > documentBounds.characters) {
    return tooLarge(
      `The document has more than ${documentBounds.characters} characters. Send long texts as variables.`,
    );
  }
  let document: DocumentNode;
  try {
    document = parse(source, { maxTokens: documentBounds.tokens });
  } catch (error) {
    if (error instanceof GraphQLError) return { errors: [withCode(error, "GRAPHQL_PARSE_FAILED")] };
    throw error;
  }
  const { exceeded, fields } = measured(document);
  if (exceeded !== null) return tooLarge(`${exceeded} Ask in several smaller ones.`);
  const errors = validate(schema, document, specifiedRules, { maxErrors: 20, hideSuggestions: true });
  return errors.length > 0
    ? { errors: errors.map((error) => withCode(error, "GRAPHQL_VALIDATION_FAILED")) }
    : { prepared: { document }, characters: source.length + fields * fieldCharacters };
}

function tooLarge(message: string): Refused {
  return { errors: [new GraphQLError(message, { extensions: { code: "DOCUMENT_TOO_LARGE" } })] };
}

function withCode(error: GraphQLError, code: string): GraphQLError {
  const { nodes, source, positions } = error;
  return new GraphQLError(error.message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    extensions: { code },
  });
}

/** The fragments that a walk is within, and how many nodes the page holds whose `edges` or `nodes` come next. */
interface Place {
  readonly depth: number;
  readonly factor: number;
  readonly page: number;
  readonly within: ReadonlySet<string>;
  /** At the top of a mutation, where each field is one. */
  readonly isMutation: boolean;
}

/**
 * What is too much in the document, or null; and how many fields it has. Walks every operation with its fragments spread out, and the fragments that
 * none of them uses, and stops as soon as something is too much: fragments that spread fragments grow exponentially.
 */
function measured(document: DocumentNode): { readonly exceeded: string | null; readonly fields: number } {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const unused = new Set(fragments.keys());
  const count = { fields: 0, aliases: 0, directives: 0, cost: 0, mutations: 0 };
  const named = {
    fields: "fields",
    aliases: "aliases",
    directives: "directives",
    cost: "points of cost",
    mutations: "mutations",
  };
  const exceeded = (): string | null => {
    for (const name of ["fields", "aliases", "directives", "cost", "mutations"] as const) {
      if (count[name] > documentBounds[name])
        return `The document has more than ${documentBounds[name]} ${named[name]}.`;
    }
    return null;
  };

  const walk = (set: SelectionSetNode, place: Place): string | null => {
    if (place.depth > documentBounds.depth) return `The document is more than ${documentBounds.depth} levels deep.`;
    for (const selection of set.selections) {
      count.fields++;
      count.directives += selection.directives?.length ?? 0;
      const inner = enter(selection, place);
      if (selection.kind === Kind.FIELD) {
        count.cost += place.factor;
        if (selection.alias) count.aliases++;
        if (place.isMutation) count.mutations++;
      }
      const fault = exceeded() ?? (inner && walk(inner.set, inner.place));
      if (fault) return fault;
    }
    return null;
  };

  /** What is selected within the selection; null where that is nothing. */
  const enter = (
    selection: SelectionNode,
    place: Place,
  ): { readonly set: SelectionSetNode; readonly place: Place } | null => {
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      const name = selection.name.value;
      const fragment = fragments.get(name);
      unused.delete(name);
      // Cycles and unknown fragments are for validation to tell.
      if (!fragment || place.within.has(name)) return null;
      return { set: fragment.selectionSet, place: { ...place, within: new Set(place.within).add(name) } };
    }
    if (!selection.selectionSet) return null;
    if (selection.kind === Kind.INLINE_FRAGMENT) return { set: selection.selectionSet, place };
    const isPage = selection.name.value === "edges" || selection.name.value === "nodes";
    const factor = place.factor * (isPage ? place.page : 1) * listLength(selection);
    return {
      set: selection.selectionSet,
      place: { depth: place.depth + 1, factor, page: pageSize(selection), within: place.within, isMutation: false },
    };
  };

  const walkAll = (kind: Kind.OPERATION_DEFINITION | Kind.FRAGMENT_DEFINITION): string | null => {
    for (const definition of document.definitions) {
      if (definition.kind !== kind) continue;
      if (definition.kind === Kind.FRAGMENT_DEFINITION && !unused.has(definition.name.value)) continue;
      count.directives += definition.directives?.length ?? 0;
      // Of several operations one is done.
      count.mutations = 0;
      const isMutation = definition.kind === Kind.OPERATION_DEFINITION && definition.operation === "mutation";
      // At the top there is no page: `nodes` there is a field like others.
      const fault = walk(definition.selectionSet, { depth: 1, factor: 1, page: 1, within: new Set(), isMutation });
      if (fault) return fault;
    }
    return null;
  };
  const fault = walkAll(Kind.OPERATION_DEFINITION) ?? walkAll(Kind.FRAGMENT_DEFINITION);
  return { exceeded: fault, fields: count.fields };
}

/** How many nodes the field gives, if it is a connection: the larger of what `first` and `last` say. */
function pageSize(field: FieldNode): number {
  const sizes = (field.arguments ?? []).flatMap(({ name, value }) => {
    if ((name.value !== "first" && name.value !== "last") || value.kind === Kind.NULL) return [];
    return value.kind === Kind.INT ? Math.max(1, Math.min(Number(value.value), pageSizeMax)) : pageSizeMax;
  });
  return sizes.length > 0 ? Math.max(...sizes) : pageSizeDefault;
}

/** How many the field gives because it is handed a list of ids. */
function listLength(field: FieldNode): number {
  const ids = field.arguments?.find(({ name }) => name.value === "ids")?.value;
  if (!ids) return 1;
  return ids.kind === Kind.LIST ? Math.max(1, Math.min(ids.values.length, pageSizeMax)) : pageSizeMax;
}

/**
 * Why the variables are too much, or null. A document's cost cannot know how long the lists in them are.
 * @param isKept whether they stay in memory after the answer: those of a subscription do
 */
export function variablesFault(
  variables: Readonly<Record<string, unknown>> | undefined,
  isKept: boolean,
): GraphQLError | null {
  if (!variables) return null;
  const fault = (message: string) => new GraphQLError(message, { extensions: { code: "VARIABLES_TOO_LARGE" } });
  let left = documentBounds.variableValues;
  let level: readonly unknown[] = [variables];
  for (let depth = 0; level.length > 0; depth++) {
    // Much deeper ones cannot even be written as JSON again: that overflows the stack.
    if (depth > documentBounds.depth) return fault(`The variables are more than ${documentBounds.depth} levels deep.`);
    const inner: unknown[] = [];
    for (const value of level) {
      if (typeof value !== "object" || value === null) continue;
      const values = Object.values(value);
      left -= values.length;
      if (left < 0)
        return fault(`The variables have more than ${documentBounds.variableValues} values. Ask in several requests.`);
      inner.push(...values);
    }
    level = inner;
  }
  if (isKept && JSON.stringify(variables).length > documentBounds.subscriptionVariables) {
    return fault(
      `The variables of a subscription may have ${documentBounds.subscriptionVariables} characters at most.`,
    );
  }
  return null;
}
