// Executes subscriptions. Subscribers of the same document, variables and operation share one execution per item; where
// the answer turns out to depend on who is looking, each gets their own.
import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionResult,
  execute,
  type GraphQLSchema,
} from "graphql";
import type { Viewer } from "../accounts/accounts.ts";
import type { LiveItem } from "../announce/live.ts";
import { createContext, createSharedContext, type Platform } from "./context.ts";

export interface Subscribing {
  /** As `createPrepare` gave it: one object per text, so that equal documents are seen to be equal. */
  readonly document: DocumentNode;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  readonly operationName: string | undefined;
  readonly viewer: Viewer | null;
  /** A cursor that goes before the one in the document: SSE's Last-Event-ID. */
  readonly resumeAfter?: string | null;
}

/** A result, and the item that it is about: its cursor is what a client resumes after. */
export interface LiveResult {
  readonly result: ExecutionResult;
  readonly item: LiveItem["item"];
}

export type Subscribe = (subscribing: Subscribing) => Promise<AsyncIterableIterator<LiveResult, undefined> | ExecutionResult>;

/**
 * Makes the function that subscribes; what cannot be subscribed is answered as a result with errors.
 * @param masked the result as clients may see it
 */
export function createSubscribe(
  schema: GraphQLSchema,
  platform: Platform,
  masked: (result: ExecutionResult) => ExecutionResult,
): Subscribe {
  /** Documents whose answers depend on the viewer: found out once. */
  const personal = new WeakSet<DocumentNode>();
  const shared = new WeakMap<object, Map<string, Promise<ExecutionResult | null>>>();
  const documentNames = new WeakMap<DocumentNode, number>();
  let documentCount = 0;

  const nameOf = (document: DocumentNode): number => {
    const name = documentNames.get(document) ?? ++documentCount;
    documentNames.set(document, name);
    return name;
  };

  const run = async (subscribing: Subscribing, item: LiveItem, contextValue: object): Promise<ExecutionResult> => {
    const { document, variables, operationName } = subscribing;
    return execute({
      schema,
      document,
      rootValue: item,
      contextValue,
      ...(variables && { variableValues: variables }),
      ...(operationName !== undefined && { operationName }),
    });
  };

  /** The execution for everybody who sees as far; null where it read the viewer, and says nothing to anybody. */
  const runShared = async (subscribing: Subscribing, item: LiveItem): Promise<ExecutionResult | null> => {
    let isPersonal = false;
    const context = createSharedContext(platform, () => {
      isPersonal = true;
    });
    const result = await run(subscribing, item, context);
    if (!isPersonal) return masked(result);
    personal.add(subscribing.document);
    return null;
  };

  const executeFor = async (subscribing: Subscribing, sharing: string, item: LiveItem): Promise<ExecutionResult> => {
    if (!personal.has(subscribing.document)) {
      const executions = shared.get(item.item) ?? new Map<string, Promise<ExecutionResult | null>>();
      shared.set(item.item, executions);
      const key = `${sharing} ${item.horizon}`;
      const execution = executions.get(key) ?? runShared(subscribing, item);
      executions.set(key, execution);
      const result = await execution;
      if (result) return result;
    }
    return masked(await run(subscribing, item, createContext(platform, subscribing.viewer)));
  };

  return async (subscribing) => {
    const { document, variables, operationName, viewer } = subscribing;
    const source = await createSourceEventStream({
      schema,
      document,
      contextValue: createContext(platform, viewer, subscribing.resumeAfter),
      ...(variables && { variableValues: variables }),
      ...(operationName !== undefined && { operationName }),
    });
    if (!(Symbol.asyncIterator in source)) return masked(source);
    const items = source[Symbol.asyncIterator]() as AsyncIterableIterator<LiveItem, undefined>;
    const sharing = `${nameOf(document)} ${operationName ?? ""} ${JSON.stringify(variables ?? {})}`;
    const results: AsyncIterableIterator<LiveResult, undefined> = {
      next: async () => {
        const step = await items.next();
        if (step.done) return { done: true, value: undefined };
        return { done: false, value: { result: await executeFor(subscribing, sharing, step.value), item: step.value.item } };
      },
      return: async () => {
        await items.return?.();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]: () => results,
    };
    return results;
  };
}
