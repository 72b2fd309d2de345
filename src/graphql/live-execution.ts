// Executes subscriptions. Subscribers of the same document, variables and operation share one execution per item; where
// the answer turns out to depend on who is looking, those of one account do.
import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
} from "graphql";
import type { Viewer } from "../accounts/accounts.ts";
import { freshForMs } from "../announce/feed.ts";
import type { Give, LiveItem, LiveStream } from "../announce/live.ts";
import { asRequest, currentRequestId } from "../observe/request-id.ts";
import type { AccountId } from "../store/conversation-store.ts";
import { createReader, type Reader } from "../store/read/reader.ts";
import { type Context, createContext, createSharedContext, type Platform, watched } from "./context.ts";
import type { Execute } from "./execute.ts";
import { createSharingKey } from "./sharing-key.ts";

export interface Subscribing {
  /** As `createPrepare` gave it: one object per text, so that equal documents are seen to be equal. */
  readonly document: DocumentNode;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  readonly operationName: string | undefined;
  readonly viewer: Viewer | null;
  /** A cursor that goes before the one in the document: SSE's Last-Event-ID. */
  readonly resumeAfter?: string | null;
}

/** A result, and the item that it is about: its cursor is what a client resumes after. One object for all who share it. */
export interface LiveResult {
  readonly result: ExecutionResult;
  readonly item: LiveItem["item"];
}

/** The results of one subscription. */
export interface LiveResults {
  /** Gives them, each when there is room for it, until ended. To be called once. Rejects where something broke; then it is at an end. */
  each(give: Give<LiveResult>): Promise<void>;
  /** Gives nothing from now on. */
  end(): void;
}

interface Answer extends LiveResult {
  /** Whether the database was asked for something: then the answer is newer than the item. */
  readonly isRead: boolean;
}

/** A subscription that stands. */
interface Stream extends Subscribing {
  /** Alike for those who can share answers. */
  readonly sharingKey: string;
  /** The request that opened it, as part of which its executions are logged. */
  readonly requestId: string | undefined;
}

/** Streams that one account may have open in one process. */
const streamsMax = 500;

export type Subscribe = (subscribing: Subscribing) => Promise<LiveResults | ExecutionResult>;

/**
 * Makes the function that subscribes; what cannot be subscribed is answered as a result with errors.
 * @param masked the result as clients may see it
 */
export function createSubscribe(
  schema: GraphQLSchema,
  execute: Execute,
  platform: Platform,
  masked: (result: ExecutionResult) => ExecutionResult,
): Subscribe {
  /** Documents whose answers depend on the viewer: found out once. */
  const personal = new WeakSet<DocumentNode>();
  const onceForAll = oncePerItem<Answer | null>();
  const onceForAccount = oncePerItem<Answer>();
  const readers = new WeakMap<object, Reader>();
  const sharingKeyOf = createSharingKey();
  /** How many streams each account has open. */
  const open = new Map<AccountId, number>();

  const count = (accountId: AccountId | null, change: 1 | -1) => {
    if (accountId === null) return;
    const streams = (open.get(accountId) ?? 0) + change;
    if (streams > 0) open.set(accountId, streams);
    else open.delete(accountId);
  };

  const run = async (stream: Stream, item: LiveItem, contextOf: () => Context): Promise<Answer> => {
    const { document, variables, operationName } = stream;
    let isRead = false;
    const createContext = () =>
      watched(contextOf(), () => {
        isRead = true;
      });
    const result = await execute({ document, operationName, variables, rootValue: item, createContext });
    return { result, item: item.item, isRead };
  };

  /** The execution for everybody who sees as far; null where it read the viewer, and says nothing to anybody. */
  const runForAll = async (stream: Stream, item: LiveItem): Promise<Answer | null> => {
    let isPersonal = false;
    const contextOf = () =>
      createSharedContext(platform, () => {
        isPersonal = true;
      });
    const answer = await run(stream, item, contextOf);
    if (!isPersonal) return { ...answer, result: masked(answer.result) };
    personal.add(stream.document);
    return null;
  };

  const runAlone = async (stream: Stream, item: LiveItem, readerOf?: (item: LiveItem) => Reader): Promise<Answer> => {
    const answer = await run(stream, item, () => createContext(platform, stream.viewer, null, readerOf?.(item)));
    return { ...answer, result: masked(answer.result) };
  };

  /** A reader of its own, but for how much is unread: that is read in one query for all to whom the item is told. */
  const readerOf = ({ item }: LiveItem): Reader => {
    const { pool } = platform.database;
    const shared = readers.get(item) ?? createReader(pool);
    readers.set(item, shared);
    return { ...createReader(pool), unread: shared.unread };
  };

  /** What all devices of an account are told, who may take what was read for all where that is not null. */
  const answerAccount = async (stream: Stream, item: LiveItem, forAll: Answer | null): Promise<Answer> => {
    const answer = forAll ?? (await runAlone(stream, item, readerOf));
    if (!answer.isRead || item.item.kind === "gap" || !stream.viewer) return answer;
    // The item waited, or others were quicker: what was read for it may be newer than the removal of this account. So
    // they are looked up after the reading, and whoever is gone is answered anew, with what was there up to then.
    const horizon = await platform.feed.horizon(stream.viewer.accountId, item.item.conversation);
    return horizon >= item.horizon ? answer : runAlone(stream, { ...item, horizon });
  };

  const answer = async (stream: Stream, item: LiveItem): Promise<LiveResult> => {
    const key = `${stream.sharingKey} ${item.horizon} ${ageOf(item)}`;
    // Of what one account alone is told, the answer is its own; the document stays one that others can share.
    const { kind } = item.item;
    const isPersonal = kind === "participation" || kind === "pending" || personal.has(stream.document);
    const asOpened = <T>(run: () => T) => asRequest(stream.requestId, run);
    const forAll = isPersonal ? null : await onceForAll(item, key, () => asOpened(() => runForAll(stream, item)));
    if (forAll && !forAll.isRead) return forAll;
    const ownKey = `${key} ${stream.viewer?.accountId}`;
    return onceForAccount(item, ownKey, () => asOpened(() => answerAccount(stream, item, forAll)));
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
    const items = source as LiveStream;
    const stream: Stream = { ...subscribing, sharingKey: sharingKeyOf(subscribing), requestId: currentRequestId() };
    const end = () => {
      close();
      items.end();
    };
    return {
      each: (give) =>
        items
          .each(async (item) => {
            const answered = await answer(stream, item);
            // It may have been ended meanwhile.
            if (isOpen) await give(answered);
          })
          .finally(end),
      end,
    };
  };
}

/** Runs what is asked once for each item and key. */
function oncePerItem<T>() {
  const running = new WeakMap<object, Map<string, Promise<T>>>();
  return ({ item }: LiveItem, key: string, run: () => Promise<T>): Promise<T> => {
    const ofItem = running.get(item) ?? new Map<string, Promise<T>>();
    running.set(item, ofItem);
    const one = ofItem.get(key) ?? run();
    ofItem.set(key, one);
    return one;
  };
}

/** 0 while an event is fresh. After that its words are read anew for those who were slow to take it, whatever others got. */
function ageOf({ item }: LiveItem): number {
  return item.kind === "event" ? Math.floor((Date.now() - item.readAtMs) / freshForMs) : 0;
}

function tooManyStreams(): ExecutionResult {
  const message = `An account has ${streamsMax} streams open at most. Close some, or share one.`;
  return { errors: [new GraphQLError(message, { extensions: { code: "TOO_MANY_STREAMS" } })] };
}
