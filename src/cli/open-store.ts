// Puts together the store and what announces its commits.
import type { WorkerUtils } from "graphile-worker";
import type pg from "pg";
import { type Announcer, type AnnouncerOptions, announcementOf, createAnnouncer } from "../announce/announce.ts";
import type { Bus } from "../announce/bus.ts";
import type { RunningSigner } from "../federation/signer.ts";
import type { LoggerFactory } from "../observe/logger.ts";
import type { CollectedMetrics } from "../observe/metrics.ts";
import { currentRequestId } from "../observe/request-id.ts";
import type { ConversationStore } from "../store/conversation-store.ts";
import { postgresStore } from "../store/postgres-store.ts";
import { now, salt } from "./now-and-salt.ts";

export interface StoreParts extends Pick<AnnouncerOptions, "owe"> {
  readonly pool: pg.Pool;
  readonly bus: Bus;
  readonly signer: RunningSigner;
  readonly jobs: Pick<WorkerUtils, "addJob">;
  readonly metrics: CollectedMetrics | null;
  readonly log: LoggerFactory;
}

/** Appends wait until the signer has its key, and carry the id of the request that asks for them. */
export function openStore(
  stack: AsyncDisposableStack,
  { pool, bus, signer, jobs, metrics, log, owe }: StoreParts,
): { readonly announcer: Announcer; readonly store: ConversationStore } {
  const announcer = stack.use(
    createAnnouncer({
      ...{ pool, bus, owe, log: log("announce") },
      requestErasure: async (conversations, requestIds) => {
        for (const conversation of conversations) {
          const payload = { conversation, requestId: requestIds.get(conversation) };
          await jobs.addJob("erase-bodies", payload, { jobKey: `erase-bodies:${conversation}` });
        }
      },
    }),
  );
  const store = postgresStore({
    pool,
    signer,
    now,
    salt,
    ...(metrics && { onBatch: metrics.batch }),
    onCommitted: (appended) =>
      announcer.announce(
        appended.flatMap(({ conversation, entries, requestIds, isShared }) =>
          entries.map(({ event, body }) => ({
            ...announcementOf(conversation, { ...event.proposal, seq: event.seq, timestamp: event.timestamp, body }),
            requestId: requestIds.at(-1),
            isShared,
            // Of what others sequenced, only what may have given the lead to us.
            isOursToTell: event.leader === signer.platform || event.proposal.model === "leader",
          })),
        ),
      ),
  });
  const append: ConversationStore["append"] = async (request) => {
    const waiting = signer.ready();
    if (waiting !== null) await waiting;
    const requestId = currentRequestId();
    return store.append(requestId === undefined ? request : { ...request, requestId });
  };
  return { announcer, store: { ...store, append } };
}
