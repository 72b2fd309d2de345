// Filling a gap in a stream: what the logs have beyond what the client has.
import type { Run } from "./document.ts";
import { type EventsSubscription, logDocument } from "./generated.ts";

type StreamItem = EventsSubscription["events"];
export type EventAdded = Extract<StreamItem, { readonly __typename: "EventAdded" }>;
export type Gap = Extract<StreamItem, { readonly __typename: "Gap" }>;

/** What a client has of a conversation. */
export interface Had {
  /** Hash or global id. */
  readonly conversation: string;
  /** Place of the last event that the client has; 0: none. */
  readonly seq: number;
}

/** Pages of `log`, to find a place in it. Nothing is read of the events but where they are. */
const placesDocument = `query places($conversation: ID!, $before: String) {
  conversation(id: $conversation) {
    events(last: 100, before: $before) { edges { cursor node { seq } } pageInfo { hasPreviousPage startCursor } }
  }
}`;

interface PlacesAnswer {
  readonly conversation: {
    readonly events: {
      readonly edges: readonly { readonly cursor: string; readonly node: { readonly seq: number } }[];
      readonly pageInfo: { readonly hasPreviousPage: boolean; readonly startCursor: string | null };
    };
  } | null;
}

/**
 * The events of these conversations after what the client has, in the order of each log, page by page; of a conversation that
 * is not the viewer's, nothing. Each comes with the cursor of the gap: whoever goes on after it meets the gap again.
 * @throws ParleyError
 */
export async function* fillGap(
  run: Run,
  { cursor }: Gap,
  had: Iterable<Had>,
  signal: AbortSignal,
): AsyncGenerator<EventAdded, void, undefined> {
  for (const { conversation, seq } of had) {
    let after = seq > 0 ? await cursorOf(run, conversation, seq, signal) : null;
    for (;;) {
      const variables = { conversation, first: 100, ...(after !== null && { after }) };
      const page = (await run(logDocument, variables, { signal })).conversation;
      if (!page) break;
      const { events, ...shown } = page;
      for (const { node } of events.edges) {
        yield { __typename: "EventAdded", cursor, event: node, conversation: shown };
      }
      if (!events.pageInfo.hasNextPage) break;
      after = events.pageInfo.endCursor;
    }
  }
}

/** The cursor in the log behind which all is later than `seq`: looked for from the end, where it is near. Null: the start. */
async function cursorOf(run: Run, conversation: string, seq: number, signal: AbortSignal): Promise<string | null> {
  let before: string | null = null;
  for (;;) {
    const answer: PlacesAnswer = await run<PlacesAnswer, object>(
      placesDocument,
      { conversation, ...(before !== null && { before }) },
      { signal },
    );
    const events = answer.conversation?.events;
    const known = events?.edges.findLast(({ node }) => node.seq <= seq);
    if (known) return known.cursor;
    if (!events?.pageInfo.hasPreviousPage) return null;
    before = events.pageInfo.startCursor;
  }
}
