// What resolvers are handed. Made anew for each request, and for each event of a subscription: nothing in it, an answer
// about access least of all, may outlive what it was made for.
import { GraphQLError } from "graphql";
import type { Viewer } from "../accounts/accounts.ts";
import type { FindRecipients } from "../accounts/find-recipients.ts";
import type { Bus } from "../announce/bus.ts";
import type { Feed } from "../announce/feed.ts";
import type { InboundHandling } from "../mail/in/inbound-handling.ts";
import type { PlatformName } from "../protocol/event.ts";
import type { Signer } from "../protocol/seal.ts";
import type { AppendAnywhere, ConversationStore } from "../store/conversation-store.ts";
import type { Database } from "../store/database.ts";
import { createReader, type Reader } from "../store/read/reader.ts";
import { type AnswerBudget, createAnswerBudget } from "./answer-budget.ts";

/** What the GraphQL layer stands on. */
export interface Platform {
  readonly database: Database;
  readonly append: AppendAnywhere;
  readonly findRecipients: FindRecipients;
  readonly store: Pick<ConversationStore, "moveReceipt">;
  readonly bus: Bus;
  readonly feed: Feed;
  readonly signer: Signer;
  /** Mails that came in. */
  readonly mail: Pick<InboundHandling, "original" | "keptMails" | "keptMail" | "acceptKept" | "discardKept">;
  /** The domains whose addresses are accounts here. */
  readonly domains: readonly PlatformName[];
  now(): string;
  /** 32 random bytes, base64url. */
  salt(): string;
}

export interface Context {
  readonly platform: Platform;
  readonly reader: Reader;
  readonly budget: AnswerBudget;
  /** Who is signed in. @throws GraphQLError UNAUTHENTICATED where nobody is */
  readonly viewer: Viewer;
  /** Where a stream broke, as SSE's Last-Event-ID says it: goes before the `after` that the document says. */
  readonly resumeAfter: string | null;
  /** Reads nothing more for it: it was given up. */
  stopReading(): void;
}

/**
 * The context of one request, or of one event for one subscriber.
 * @param reader may be that of others for whom the same event is being answered; by default its own
 */
export function createContext(
  platform: Platform,
  viewer: Viewer | null,
  resumeAfter: string | null = null,
  reader?: Reader,
): Context {
  let ownReader = reader;
  return {
    platform,
    resumeAfter,
    budget: createAnswerBudget(),
    stopReading: () => ownReader?.stop(),
    // Made when it is needed: beginning a subscription needs none.
    get reader() {
      ownReader ??= createReader(platform.database.pool);
      return ownReader;
    },
    get viewer() {
      if (viewer) return viewer;
      throw new GraphQLError(
        "Sign in first: send a token as `Authorization: Bearer TOKEN`, over WebSocket as `{token: TOKEN}` in connectionParams.",
        {
          extensions: { code: "UNAUTHENTICATED" },
        },
      );
    },
  };
}

/** The same context, which says when the database is asked for something: the answer then is newer than the context. */
export function watched(context: Context, onRead: () => void): Context {
  return {
    platform: context.platform,
    resumeAfter: context.resumeAfter,
    budget: context.budget,
    stopReading: () => context.stopReading(),
    get viewer() {
      return context.viewer;
    },
    get reader() {
      onRead();
      return context.reader;
    },
  };
}

/** The context in which one execution serves several subscribers. Whatever asks who is looking cannot be shared. */
export function createSharedContext(platform: Platform, onViewerRead: () => void): Context {
  const reader = createReader(platform.database.pool);
  return {
    platform,
    resumeAfter: null,
    budget: createAnswerBudget(),
    reader,
    stopReading: () => reader.stop(),
    get viewer(): Viewer {
      onViewerRead();
      throw new Error("This depends on the viewer.");
    },
  };
}
