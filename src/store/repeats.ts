// Requests that come again: what was appended for them before is what they are answered with.
import type pg from "pg";
import { reject } from "../conversation/rejection.ts";
import type { SignedProposal } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type { Place } from "./conversation-store.ts";
import { type Client, clientKey, clientOf, draftsOf, draftVersionOf, type Waiting } from "./waiting.ts";

/**
 * Answers those that were appended before; returns the others, where what was appended before stands (by client request,
 * draft and proposal), and what waits for a leader, by client request.
 */
export async function settleRepeats(client: pg.ClientBase, batch: readonly Waiting[]) {
  const places = new Map<string, Place>();
  const waiting = new Map<string, SignedProposal>();
  const clients = batch.flatMap(({ request }) => clientOf(request) ?? []);
  if (clients.length > 0) {
    const { rows } = await client.query<ClientRow>({
      name: "find_client_requests",
      text: `WITH k AS (SELECT * FROM unnest($1::uuid[], $2::text[]) AS k(account_id, client_id))
        SELECT account_id, client_id, conversation_id, seq, NULL::jsonb AS proposal
        FROM k JOIN client_request USING (account_id, client_id)
        UNION ALL SELECT account_id, client_id, conversation_id, 0, proposal
        FROM k JOIN pending_proposal USING (account_id, client_id)`,
      values: [clients.map(({ accountId }) => accountId), clients.map(({ clientId }) => clientId)],
    });
    for (const { account_id: accountId, client_id: clientId, conversation_id: conversation, seq, proposal } of rows) {
      if (proposal) waiting.set(clientKey({ accountId, clientId }), proposal);
      else places.set(clientKey({ accountId, clientId }), { conversation, seq });
    }
  }
  const proposed = batch.flatMap(({ conversation, ids }) => ids.map((id) => ({ conversation, id })));
  if (proposed.length > 0) {
    const { rows } = await client.query<{ key: Hash; conversation_id: Hash; seq: number }>({
      name: "find_proposals",
      // OFFSET keeps the planner from reading all events of the database, which it did where it knew little of the table.
      text: `SELECT e.id AS key, e.conversation_id, e.seq FROM unnest($1::text[], $2::text[]) AS k(conversation_id, id)
          CROSS JOIN LATERAL (
            SELECT id, conversation_id, seq FROM event WHERE conversation_id = k.conversation_id AND id = k.id OFFSET 0) AS e
        UNION ALL SELECT c.draft_hash, c.id, c.seq FROM unnest($3::text[]) AS d(hash)
          CROSS JOIN LATERAL (SELECT draft_hash, id, seq FROM conversation WHERE draft_hash = d.hash OFFSET 0) AS c`,
      values: [
        proposed.map(({ conversation }) => conversation),
        proposed.map(({ id }) => id),
        batch.flatMap(({ request }) => draftsOf(request)),
      ],
    });
    for (const { key, conversation_id: conversation, seq } of rows) places.set(key, { conversation, seq });
  }

  const drafts = await readDraftVersions(client, batch);
  const fresh = batch.filter((waiting) => {
    const { request, ids } = waiting;
    // What is followed is held against the log itself.
    if ("run" in request) return true;
    const place =
      (request.client && places.get(clientKey(request.client))) ??
      (ids.every((id) => places.has(id)) ? places.get(ids.at(-1) ?? "") : undefined) ??
      places.get(draftsOf(request)[0] ?? "");
    if (place) waiting.resolve({ conversation: place.conversation, repeatOf: place.seq });
    const version = draftVersionOf(request);
    const isStale = !place && version !== null && drafts.get(draftsOf(request)[0] ?? "") !== version;
    if (isStale) waiting.resolve({ rejection: reject("CONFLICT", "The draft was changed meanwhile.") });
    return !place && !isStale;
  });
  return { fresh, places, waiting };
}

interface ClientRow {
  readonly account_id: string;
  readonly client_id: string;
  readonly conversation_id: Hash;
  readonly seq: number;
  readonly proposal: SignedProposal | null;
}

/** The versions at which the drafts stand that are to be published. */
async function readDraftVersions(client: pg.ClientBase, batch: readonly Waiting[]): Promise<ReadonlyMap<Hash, number>> {
  const hashes = batch.flatMap(({ request }) => (draftVersionOf(request) === null ? [] : draftsOf(request)));
  if (hashes.length === 0) return new Map();
  const { rows } = await client.query<{ hash: Hash; version: number }>({
    name: "find_drafts",
    text: "SELECT hash, version FROM draft WHERE hash = ANY($1::text[])",
    values: [hashes],
  });
  return new Map(rows.map(({ hash, version }) => [hash, version]));
}

/** A client request that found nothing left to do, in a conversation that nothing else of its batch moves on. */
export interface Idle {
  readonly client: Client;
  readonly conversation: Hash;
}

/** Keeps that these were answered. Before the write: what is refused after it could not be told from what it refused. */
export async function rememberIdle(client: pg.ClientBase, idle: readonly Idle[]): Promise<void> {
  await client.query({
    name: "remember_idle",
    text: `INSERT INTO client_request (account_id, client_id, conversation_id, seq)
      SELECT *, 0 FROM unnest($1::uuid[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING`,
    values: [
      idle.map((one) => one.client.accountId),
      idle.map((one) => one.client.clientId),
      idle.map(({ conversation }) => conversation),
    ],
  });
}
