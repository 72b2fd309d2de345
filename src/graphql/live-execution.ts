// Executes subscriptions. Subscribers of the same document, variables and operation share one execution per item; where
// the answer turns out to depend on who is looking, those of one account do.
import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLSchema,
} from "graphql";
import type { Viewer } from "../accounts/accounts.ts";
import type { LiveItem } from "../announce/live.ts";
import type { AccountId } from "../store/conversation-store.ts";
import { createReader, type Reader } from "../store/read/reader.ts";
import { type Context, createContext, createSharedContext, type Platform, watched } from "./context.ts";

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

interface Answer {
  readonly result: ExecutionResult;
  /** Whether the database was asked for something: then the answer is newer than the item. */
  readonly isRead: boolean;
}

/** Streams that one account may have open in one process. */
const streamsMax = 500;

export type Subscribe = (
  subscribing: Subscribing,
) => Promise<AsyncIterableIterator<LiveResult, undefined> | ExecutionResult>;

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
  const executionsOf = new WeakMap<object, Map<string, Promise<Answer | null>>>();
  const readers = new WeakMap<object, Reader>();
  const documentNames = new WeakMap<DocumentNode, number>();
  /** How many streams each account has open. */
  const open = new Map<AccountId, number>();
  let documentCount = 0;

  const count = (accountId: AccountId | null, change: 1 | -1) => {
    if (accountId === null) return;
    const streams = (open.get(accountId) ?? 0) + change;
    if (streams > 0) open.set(accountId, streams);
    else open.delete(accountId);
  };

  const nameOf = (document: DocumentNode): number => {
    const name = documentNames.get(document) ?? ++documentCount;
    documentNames.set(document, name);
    return name;
  };

  const run = async (subscribing: Subscribing, item: LiveItem, context: Context): Promise<Answer> => {
    const { document, variables, operationName } = subscribing;
    let isRead = false;
    const result = await execute({
      schema,
      document,
      rootValue: item,
      contextValue: watched(context, () => {
        isRead = true;
      }),
      ...(variables && { variableValues: variables }),
      ...(operationName !== undefined && { operationName }),
    });
    return { result, isRead };
  };

  /** The execution for everybody who sees as far; null where it read the viewer, and says nothing to anybody. */
  const runShared = async (subscribing: Subscribing, item: LiveItem): Promise<Answer | null> => {
    let isPersonal = false;
    const context = createSharedContext(platform, () => {
      isPersonal = true;
    });
    const { result, isRead } = await run(subscribing, item, context);
    if (!isPersonal) return { result: masked(result), isRead };
    personal.add(subscribing.document);
    return null;
  };

  const runAlone = async (subscribing: Subscribing, item: LiveItem, reader?: Reader): Promise<Answer> => {
    const { result, isRead } = await run(subscribing, item, createContext(platform, subscribing.viewer, null, reader));
    return { result: masked(result), isRead };
  };

  /** A reader of its own, but for how much is unread: that is read in one query for all to whom the item is told. */
  const readerOf = ({ item }: LiveItem): Reader => {
    const { unread } = readers.get(item) ?? createReader(platform.database.pool);
    const reader = { ...createReader(platform.database.pool), unread };
    if (!readers.has(item)) readers.set(item, reader);
    return reader;
  };

  /** Runs it once per item for all who ask with the same key. */
  const once = (item: LiveItem, key: string, execute: () => Promise<Answer | null>): Promise<Answer | null> => {
    const executions = executionsOf.get(item.item) ?? new Map<string, Promise<Answer | null>>();
    executionsOf.set(item.item, executions);
    const execution = executions.get(key) ?? execute();
    executions.set(key, execution);
    return execution;
  };

  /** Several devices of one person share one; null where nobody is signed in. */
  const runPersonal = (subscribing: Subscribing, key: string, item: LiveItem): Promise<Answer | null> | null => {
    const { viewer } = subscribing;
    return viewer && once(item, `${key} ${viewer.accountId}`, () => runAlone(subscribing, item, readerOf(item)));
  };

  const executeFor = async (subscribing: Subscribing, sharing: string, item: LiveItem): Promise<ExecutionResult> => {
    const key = `${sharing} ${item.horizon}`;
    // Of what one account alone is told, the answer is its own; the document stays one that others can share.
    const isPersonal = item.item.kind === "participation" || personal.has(subscribing.document);
    const shared = isPersonal ? null : await once(item, key, () => runShared(subscribing, item));
    const answer = shared ?? (await runPersonal(subscribing, key, item)) ?? (await runAlone(subscribing, item));
    if (!answer.isRead || item.item.kind === "gap" || !subscribing.viewer) return answer.result;
    // The item waited, or others were quicker: what was read for it may be newer than the removal of this subscriber. So
    // they are looked up after the reading, and whoever is gone is answered anew, with what was there up to then.
    const horizon = await platform.feed.horizon(subscribing.viewer.accountId, item.item.conversation);
    return horizon >= item.horizon ? answer.result : (await runAlone(subscribing, { ...item, horizon })).result;
  };

  return async (subscribing) => {
    const { document, variables, operationName, viewer } = subscribing;
    const { accountId = null } = viewer ?? {};
    if (accountId !== null && (open.get(accountId) ?? 0) >= streamsMax) return tooManyStreams();
    // Counted before anything is waited for: many may be asked for at once.
    count(accountId, 1);
    let isOpen = true;
    const close = () => {
      if (isOpen) count(accountId, -1);
      isOpen = false;
    };
    const source = await createSourceEventStream({
      schema,
      document,
      contextValue: createContext(platform, viewer, subscribing.resumeAfter),
      ...(variables && { variableValues: variables }),
      ...(operationName !== undefined && { operationName }),
    }).catch((error: unknown) => {
      close();
      throw error;
    });
    if (!(Symbol.asyncIterator in source)) {
      close();
      return masked(source);
    }
    const items = source[Symbol.asyncIterator]() as AsyncIterableIterator<LiveItem, undefined>;
    const sharing = `${nameOf(document)} ${operationName ?? ""} ${JSON.stringify(variables ?? {})}`;
    const end = async () => {
      close();
      await items.return?.();
    };
    const results: AsyncIterableIterator<LiveResult, undefined> = {
      next: async () => {
        try {
          const step = await items.next();
          if (step.done) return { done: true, value: undefined };
          const result = await executeFor(subscribing, sharing, step.value);
          return { done: false, value: { result, item: step.value.item } };
        } catch (error) {
          // Whoever iterates does not let go of what failed.
          await end();
          throw error;
        }
      },
      return: async () => {
        await end();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]: () => results,
    };
    return results;
  };
}

function tooManyStreams(): ExecutionResult {
  const message = `An account has ${streamsMax} streams open at most. Close some, or share one.`;
  return { errors: [new GraphQLError(message, { extensions: { code: "TOO_MANY_STREAMS" } })] };
}
