// Reads of the log, as far as the viewer may see it.
import DataLoader from "dataloader";
import type { Body } from "../../protocol/event.ts";
import type { Hash } from "../../protocol/hash.ts";
import { type RecordedRow, recordedColumns, recordedEventOf } from "../recorded-event.ts";
import type { Query } from "./bounded-query.ts";
import { type Page, type PageRequest, pageOf, seqPageSql, statementName } from "./page.ts";
import { participantView, type ReadParticipantRow } from "./participants.ts";
import type { ConversationView, EventView } from "./views.ts";

export function eventReads(query: Query) {
  const eventLoader = new DataLoader<{ of: ConversationView; seq: number }, EventView | null, string>(
    async (keys) => {
      const rows = await query<RecordedRow & { readonly actor_row: ReadParticipantRow | null }>(
        "events",
        // Whoever asks for single events mostly asks who did it.
        `SELECT ${recordedColumns("e", "t.is_erased")}, row_to_json(t) AS actor_row
        FROM unnest($1::text[], $2::int[]) AS k(conversation_id, seq) JOIN event AS e USING (conversation_id, seq)
        LEFT JOIN LATERAL (
          SELECT * FROM participant WHERE conversation_id = e.conversation_id AND id = coalesce(e.actor, e.id) OFFSET 0
        ) AS t ON true`,
        [keys.map(({ of }) => of.id), keys.map(({ seq }) => seq)],
      );
      const found = new Map(rows.map((row) => [`${row.conversation_id} ${row.seq}`, row]));
      return keys.map(({ of, seq }) => {
        const row = seq <= of.horizon ? found.get(`${of.id} ${seq}`) : undefined;
        if (!row) return null;
        return { ...eventView(row, of), actor: row.actor_row && participantView(row.actor_row, of) };
      });
    },
    { cacheKeyFn: ({ of, seq }) => `${of.id} ${of.horizon} ${seq}` },
  );

  return {
    event: (of: ConversationView, seq: number) => eventLoader.load({ of, seq }),

    eventById: async (of: ConversationView, id: Hash): Promise<EventView | null> => {
      const [row] = await query<{ seq: number }>(
        "event_by_id",
        "SELECT seq FROM event WHERE conversation_id = $1 AND id = $2",
        [of.id, id],
      );
      return row ? eventLoader.load({ of, seq: row.seq }) : null;
    },

    events: async (of: ConversationView, request: PageRequest<number>): Promise<Page<EventView>> => {
      const { sql, values } = seqPageSql("seq", 2, request, of.horizon);
      const rows = await query<RecordedRow>(
        statementName("event_page", request),
        `SELECT ${recordedColumns("e")}
        FROM (SELECT * FROM event WHERE conversation_id = $1 AND ${sql}) AS e ORDER BY e.seq ${request.isBackward ? "DESC" : "ASC"}`,
        [of.id, ...values],
      );
      const page = pageOf(rows, request);
      return { ...page, nodes: page.nodes.map((row) => eventView(row, of)) };
    },

    /** The body of an event, null where it is erased or owed. */
    bodyAt: async (of: ConversationView, seq: number): Promise<Body | null> =>
      (await eventLoader.load({ of, seq }))?.event.body ?? null,
  };
}

function eventView(row: RecordedRow, of: ConversationView): EventView {
  return { of, event: recordedEventOf(row) };
}
