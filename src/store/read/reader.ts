// Reads for people: parts of conversations, batched per request, never past what the viewer may see. Each subject has
// its file; here they are put together.
import type pg from "pg";
import { attachmentReads } from "./attachments.ts";
import { boundedQuery } from "./bounded-query.ts";
import { conversationListReads } from "./conversation-list.ts";
import { conversationReads } from "./conversations.ts";
import { draftReads } from "./drafts.ts";
import { eventReads } from "./events.ts";
import { createFoldUpTo } from "./fold-up-to.ts";
import { labelReads } from "./labels.ts";
import { messageReads } from "./messages.ts";
import { participantReads } from "./participants.ts";
import { participationReads } from "./participations.ts";
import { searchReads } from "./search.ts";
import { unreadReads } from "./unread.ts";

/** Reads of one request. Answers are remembered for as long as it lives, so take a new one for each request and event. */
export type Reader = ReturnType<typeof createReader>;

export function createReader(pool: pg.Pool) {
  let isStopped = false;
  const query = boundedQuery(pool, () => isStopped);
  const events = eventReads(query);
  const participants = participantReads(query);
  // Not stopped: others may wait for the same fold.
  const foldUpTo = createFoldUpTo(pool, boundedQuery(pool));
  return {
    /** Reads nothing more: nobody waits for it. What was asked for and has not begun is rejected. */
    stop: () => {
      isStopped = true;
    },
    ...conversationReads(query, foldUpTo),
    ...conversationListReads(query),
    ...draftReads(query),
    ...participationReads(query),
    ...participants,
    ...messageReads(query, { bodyAt: events.bodyAt, foldUpTo, participant: participants.participant }),
    ...events,
    ...labelReads(query),
    ...attachmentReads(query),
    ...unreadReads(query),
    ...searchReads(query),
  };
}
