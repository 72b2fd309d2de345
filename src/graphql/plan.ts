// Executes what most requests are: a query, or what a subscription tells of an event, whose answer has no errors. For each
// document a plan is made once: which fields, of which types, how each is completed. A list of fifty conversations has
// two thousand fields, and what graphql-js does for each anew (arguments, paths, promises) is a third of the answer.
//
// Whatever is not as usual (an error, a null where none may be, a directive, a mutation) is left to graphql-js, from the
// beginning: what goes wrong is told by one executor only.
import {
  type DocumentNode,
  defaultTypeResolver,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLAbstractType,
  type GraphQLField,
  type GraphQLList,
  type GraphQLNamedOutputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getArgumentValues,
  getOperationAST,
  getVariableValues,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  visit,
} from "graphql";
import type { Context } from "./context.ts";

type NullableOutputType = GraphQLNamedOutputType | GraphQLList<GraphQLOutputType>;

/** Executes an operation once. Its data, or null where it has to be executed by graphql-js. Never rejects. */
export type Plan = (given: {
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  readonly rootValue: unknown;
  readonly context: Context;
}) => Promise<Answer | null>;

/** Makes the function that finds the plan of an operation; null where there can be none. */
export function createPlanner(schema: GraphQLSchema) {
  const known = new WeakMap<DocumentNode, Map<string | undefined, Plan | null>>();
  return (document: DocumentNode, operationName: string | undefined): Plan | null => {
    const plans = known.get(document) ?? new Map<string | undefined, Plan | null>();
    known.set(document, plans);
    const plan = plans.get(operationName);
    if (plan !== undefined) return plan;
    const made = planOf(schema, document, operationName);
    plans.set(operationName, made);
    return made;
  };
}

function planOf(schema: GraphQLSchema, document: DocumentNode, operationName: string | undefined): Plan | null {
  const operation = getOperationAST(document, operationName);
  const root = operation && schema.getRootType(operation.operation);
  if (!root || operation.operation === "mutation" || !isUsual(document)) return null;
  const planned: PlannedDocument = { schema, operation, fragments: fragmentsOf(document), fieldCount: 0 };
  const fields = planFields(planned, root, [operation.selectionSet]);
  return ({ variables = {}, rootValue, context }) => {
    const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variables, {
      maxErrors: 1,
    });
    if (!coerced) return Promise.resolve(null);
    return new Promise((resolve) => new Run(context, rootValue, coerced, resolve).start(fields));
  };
}

/** Whether nothing is in it that only graphql-js knows. */
function isUsual(document: DocumentNode): boolean {
  let isUsual = true;
  const unusual = () => {
    isUsual = false;
  };
  visit(document, {
    Directive: unusual,
    Field: ({ name, alias }) => {
      // Introspection; and a key that would be no property.
      if (["__schema", "__type"].includes(name.value) || alias?.value === "__proto__") unusual();
    },
  });
  return isUsual;
}

interface PlannedDocument {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  /** How many fields have a number. */
  fieldCount: number;
}

/** Completes a value that is there, no promise: what it is in the answer. */
type Complete = (run: Run, value: unknown) => unknown;

type Answer = Record<string, unknown>;

/** A field where it stands in the document, of one type. */
interface Site {
  readonly key: string;
  /** The number under which a run keeps what it calls the field with. */
  readonly number: number;
  readonly field: GraphQLField<unknown, unknown>;
  readonly node: FieldNode;
  /** Without what a run brings. */
  readonly info: Omit<GraphQLResolveInfo, "rootValue" | "variableValues">;
}

interface PlannedField extends Site {
  readonly complete: Complete;
}

/** The fields of an object: `__typename` with what it is, others with how they are found. */
type PlannedFields = readonly (PlannedField | { readonly key: string; readonly typename: string })[];

/** One execution. */
class Run {
  readonly #context: Context;
  readonly #rootValue: unknown;
  readonly #variables: Record<string, unknown>;
  readonly #resolve: (data: Answer | null) => void;
  readonly #args: Record<string, unknown>[] = [];
  readonly #infos: GraphQLResolveInfo[] = [];
  readonly #data: Answer = {};
  /** Promises that are waited for, and the beginning. */
  #pending = 1;
  #isAbandoned = false;

  constructor(
    context: Context,
    rootValue: unknown,
    variables: Record<string, unknown>,
    resolve: (data: Answer | null) => void,
  ) {
    this.#context = context;
    this.#rootValue = rootValue;
    this.#variables = variables;
    this.#resolve = resolve;
  }

  start(fields: PlannedFields): void {
    this.#attempt(() => this.fill(this.#data, fields, this.#rootValue));
    this.#settle();
  }

  /** Leaves the operation to graphql-js. */
  abandon(): null {
    this.#isAbandoned = true;
    this.#resolve(null);
    return null;
  }

  /** Adds the fields to an object of the answer. */
  fill(object: Answer, fields: PlannedFields, source: unknown): void {
    for (const planned of fields) {
      // Given up, in a list say, of which the rest comes here all the same: nothing more is asked for.
      if (this.#isAbandoned) return;
      const { key } = planned;
      if ("typename" in planned) {
        object[key] = planned.typename;
        continue;
      }
      const value = this.#resolved(planned, source);
      if (isPromise(value)) {
        // Its key, in its turn: what is promised comes later.
        object[key] = null;
        this.wait(value, planned.complete, (completed) => {
          object[key] = completed;
        });
      } else object[key] = planned.complete(this, value);
    }
  }

  /** Completes what is promised, once it is there, and places it. */
  wait(value: PromiseLike<unknown>, complete: Complete, place: (completed: unknown) => void): void {
    this.#pending++;
    value.then(
      (kept) => {
        if (!this.#isAbandoned) this.#attempt(() => place(complete(this, kept)));
        this.#settle();
      },
      () => this.abandon(),
    );
  }

  typeOf(abstract: GraphQLAbstractType, value: unknown, site: Site): unknown {
    const resolve = abstract.resolveType ?? defaultTypeResolver;
    return resolve(value, this.#context, this.#infoOf(site), abstract);
  }

  isOf(type: GraphQLObjectType, value: unknown, site: Site): boolean {
    return !type.isTypeOf || type.isTypeOf(value, this.#context, this.#infoOf(site)) === true;
  }

  #resolved(planned: PlannedField, source: unknown): unknown {
    const { field } = planned;
    if (field.resolve) return field.resolve(source, this.#argsOf(planned), this.#context, this.#infoOf(planned));
    const value = (source as Readonly<Record<string, unknown>>)[field.name];
    return typeof value === "function"
      ? value.call(source, this.#argsOf(planned), this.#context, this.#infoOf(planned))
      : value;
  }

  /** The same for all objects: resolvers must not change it. */
  #argsOf({ number, field, node }: Site): Record<string, unknown> {
    const args = this.#args[number] ?? getArgumentValues(field, node, this.#variables);
    this.#args[number] = args;
    return args;
  }

  #infoOf({ number, info }: Site): GraphQLResolveInfo {
    const whole = this.#infos[number] ?? { ...info, rootValue: this.#rootValue, variableValues: this.#variables };
    this.#infos[number] = whole;
    return whole;
  }

  #attempt(step: () => void): void {
    try {
      step();
    } catch {
      this.abandon();
    }
  }

  #settle(): void {
    if (--this.#pending === 0 && !this.#isAbandoned) this.#resolve(this.#data);
  }
}

function planFields(
  document: PlannedDocument,
  type: GraphQLObjectType,
  selections: readonly SelectionSetNode[],
): PlannedFields {
  const byKey = new Map<string, FieldNode[]>();
  for (const selection of selections) collect(document, type, selection, byKey);
  return [...byKey].map(([key, nodes]) => {
    const [node] = nodes;
    const field = node && type.getFields()[node.name.value];
    if (!field) return { key, typename: type.name };
    const { schema, operation, fragments } = document;
    const info: Site["info"] = {
      ...{ fieldName: field.name, fieldNodes: nodes, returnType: field.type, parentType: type },
      ...{ schema, operation, fragments },
      // No more than the last step: which object it is of is not known to a plan.
      path: { prev: undefined, key, typename: type.name },
    };
    const site: Site = { key, number: document.fieldCount++, field, node, info };
    return { ...site, complete: planValue(document, field.type, site) };
  });
}

/** The fields of a selection that apply to a type, by their keys in the answer, in the order of the document. */
function collect(
  document: PlannedDocument,
  type: GraphQLObjectType,
  { selections }: SelectionSetNode,
  into: Map<string, FieldNode[]>,
): void {
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) {
      const key = (selection.alias ?? selection.name).value;
      into.set(key, [...(into.get(key) ?? []), selection]);
      continue;
    }
    const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : document.fragments[selection.name.value];
    if (!fragment) continue;
    const { typeCondition } = fragment;
    const condition = typeCondition ? document.schema.getType(typeCondition.name.value) : type;
    const applies = condition === type || (isAbstractType(condition) && document.schema.isSubType(condition, type));
    if (applies) collect(document, type, fragment.selectionSet, into);
  }
}

function planValue(document: PlannedDocument, type: GraphQLOutputType, site: Site): Complete {
  if (isNonNullType(type)) {
    const complete = planPresent(document, type.ofType, site);
    return (run, value) => (value == null ? run.abandon() : complete(run, value));
  }
  const complete = planPresent(document, type, site);
  return (run, value) => (value == null ? null : complete(run, value));
}

/** How a value is completed that is not null. */
function planPresent(document: PlannedDocument, type: NullableOutputType, site: Site): Complete {
  if (isLeafType(type)) {
    return (run, value) => (value instanceof Error ? run.abandon() : (type.serialize(value) ?? run.abandon()));
  }
  if (isListType(type)) {
    const complete = planValue(document, type.ofType, site);
    return (run, value) => {
      if (!Array.isArray(value)) return run.abandon();
      const list: unknown[] = [];
      for (const [index, item] of value.entries()) {
        if (isPromise(item)) {
          list[index] = null;
          run.wait(item, complete, (completed) => {
            list[index] = completed;
          });
        } else list[index] = complete(run, item);
      }
      return list;
    };
  }
  const completeAs = planObject(document, site);
  if (isObjectType(type)) return (run, value) => completeAs(run, value, type);
  return (run, value) => {
    const name = run.typeOf(type, value, site);
    const named = typeof name === "string" ? document.schema.getType(name) : undefined;
    return isObjectType(named) && document.schema.isSubType(type, named)
      ? completeAs(run, value, named)
      : run.abandon();
  };
}

/** How an object is completed, once it is known of which type it is. */
function planObject(document: PlannedDocument, site: Site) {
  const selections = site.info.fieldNodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  const planned = new Map<GraphQLObjectType, PlannedFields>();
  return (run: Run, value: unknown, type: GraphQLObjectType): Answer | null => {
    if (value instanceof Error || !run.isOf(type, value, site)) return run.abandon();
    const fields = planned.get(type) ?? planFields(document, type, selections);
    planned.set(type, fields);
    const object: Answer = {};
    run.fill(object, fields, value);
    return object;
  };
}

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";

function fragmentsOf({ definitions }: DocumentNode): Record<string, FragmentDefinitionNode> {
  const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  return Object.fromEntries(fragments.map((fragment) => [fragment.name.value, fragment]));
}
