// Reads of the log, as far as the viewer may see it.
import DataLoader from "dataloader";
import type { Body } from "../../protocol/event.ts";
import type { Hash } from "../../protocol/hash.ts";
import { type RecordedEvent, type RecordedRow, recordedColumns, recordedEventOf } from "../recorded-event.ts";
import type { Query } from "./bounded-query.ts";
import { type Page, type PageRequest, pageOf, seqPageSql, statementName } from "./page.ts";
import { participantView, type ReadParticipantRow, readColumns } from "./participants.ts";
import type { ConversationView, EventView, ParticipantView } from "./views.ts";

/** An event of which all was read. */
export type RecordedEventView = EventView & { readonly recorded: RecordedEvent };

export function eventReads(query: Query) {
  const eventLoader = new DataLoader<{ of: ConversationView; seq: number }, RecordedEventView | null, string>(
    async (keys) => {
      const rows = await query<RecordedRow & { readonly actor_row: ReadParticipantRow | null }>(
        "events",
        // Whoever asks for single events mostly asks who did it.
        `SELECT ${recordedColumns("e", "t.is_erased")}, row_to_json(t) AS actor_row
        FROM unnest($1::text[], $2::int[]) AS k(conversation_id, seq) JOIN event AS e USING (conversation_id, seq)
        LEFT JOIN LATERAL (
          SELECT ${readColumns("p")} FROM participant AS p
          WHERE p.conversation_id = e.conversation_id AND p.id = coalesce(e.actor, e.id) OFFSET 0
        ) AS t ON true`,
        [keys.map(({ of }) => of.id), keys.map(({ seq }) => seq)],
      );
      const found = new Map(rows.map((row) => [`${row.conversation_id} ${row.seq}`, row]));
      return keys.map(({ of, seq }) => {
        const row = seq <= of.horizon ? found.get(`${of.id} ${seq}`) : undefined;
        if (!row) return null;
        return eventView(recordedEventOf(row), of, row.actor_row && participantView(row.actor_row, of));
      });
    },
    { cacheKeyFn: ({ of, seq }) => `${of.id} ${of.horizon} ${seq}` },
  );

  return {
    event: (of: ConversationView, seq: number) => eventLoader.load({ of, seq }),

    /** All of an event of which only what lists show was read. */
    recorded: async ({ of, seq }: EventView): Promise<RecordedEvent> => {
      const found = await eventLoader.load({ of, seq });
      if (!found) throw new Error("an event that is shown is not there");
      return found.recorded;
    },

    eventById: async (of: ConversationView, id: Hash): Promise<RecordedEventView | null> => {
      const [row] = await query<{ seq: number }>(
        "event_by_id",
        "SELECT seq FROM event WHERE conversation_id = $1 AND id = $2",
        [of.id, id],
      );
      return row ? eventLoader.load({ of, seq: row.seq }) : null;
    },

    events: async (of: ConversationView, request: PageRequest<number>): Promise<Page<RecordedEventView>> => {
      const { sql, values } = seqPageSql("seq", 2, request, of.horizon);
      const rows = await query<RecordedRow>(
        statementName("event_page", request),
        `SELECT ${recordedColumns("e")}
        FROM (SELECT * FROM event WHERE conversation_id = $1 AND ${sql}) AS e ORDER BY e.seq ${request.isBackward ? "DESC" : "ASC"}`,
        [of.id, ...values],
      );
      const page = pageOf(rows, request);
      return { ...page, nodes: page.nodes.map((row) => eventView(recordedEventOf(row), of)) };
    },

    /** The body of an event, null where it is erased or owed. */
    bodyAt: async (of: ConversationView, seq: number): Promise<Body | null> =>
      (await eventLoader.load({ of, seq }))?.recorded.body ?? null,
  };
}

/** @param actor who did it, where that is at hand */
export function eventView(
  recorded: RecordedEvent,
  of: ConversationView,
  actor?: ParticipantView | null,
): RecordedEventView {
  const { id, seq, event } = recorded;
  const { action, model } = event.proposal;
  return { of, id, seq, timestamp: event.timestamp, action, model, recorded, actor };
}
