// Append: load, decide, write, announce. The only way into a log.
//
// Requests that wait are taken together: one load, one write, one commit for all of them, each conversation folded in
// memory. Alone, a request is a batch of one. While a batch is out, its conversations are kept from the next ones, so
// that this process never competes with itself; other processes are met by the `seq` that a write expects.
import type pg from "pg";
import type { Occasion } from "../conversation/accept.ts";
import { type Rejection, reject } from "../conversation/rejection.ts";
import { take, type Wish } from "../conversation/take.ts";
import { isTimestamp } from "../protocol/form.ts";
import type { Hash } from "../protocol/hash.ts";
import { proposalId, type Signer } from "../protocol/seal.ts";
import type { AppendRequest, AppendResult, Person } from "./conversation-store.ts";
import { conversationOfRequest, loadSlices, type Slice } from "./load.ts";
import { type Appended, write } from "./write.ts";

export interface AppendOptions {
  readonly pool: pg.Pool;
  readonly signer: Signer;
  /** Now, as RFC 3339 with three decimals. */
  now(): string;
  /** 32 random bytes, base64url. */
  salt(): string;
  /** Called after each commit, before `append` answers; must not throw. What it does with them, it does on its own time. */
  onCommitted(appended: readonly Appended[]): void;
  /** Batches out at a time. One is decided and signed while the other is written. @default 2 */
  readonly lanes?: number;
  /** Requests in a batch at most. @default 64 */
  readonly batchMax?: number;
}

interface Waiting {
  readonly request: AppendRequest;
  readonly conversation: Hash;
  /** Set once a batch with others failed: then this one is tried by itself, to learn whose fault it was. */
  isAlone: boolean;
  /** How often somebody else was quicker, or the write failed. */
  tries: number;
  resolve(result: AppendResult): void;
  reject(error: unknown): void;
}

// Other processes can win a conversation again and again, but each time one of us got on.
const triesMax = 200;

/** Makes `append`, as `ConversationStore` promises it, on PostgreSQL. */
export function createAppend(options: AppendOptions): (request: AppendRequest) => Promise<AppendResult> {
  const { lanes = 2, batchMax = 64 } = options;
  let queue: Waiting[] = [];
  const out = new Set<string>();
  let lanesOut = 0;
  let isPumpDue = false;

  // A conversation, a client request or a draft that is out is kept from other batches.
  const keysOf = ({ request, conversation }: Waiting): readonly string[] => [
    conversation,
    ...(request.client ? [`${request.client.accountId} ${request.client.clientId}`] : []),
    ...("draft" in request && request.draft ? [request.draft] : []),
  ];

  const nextBatch = (): Waiting[] => {
    const batch: Waiting[] = [];
    const left: Waiting[] = [];
    const claimed = new Set<string>();
    for (const waiting of queue) {
      const keys = keysOf(waiting);
      const isFree = keys.every((key) => !out.has(key)) && keys.slice(1).every((key) => !claimed.has(key));
      const fits = batch.length < batchMax && (batch.length === 0 || !(waiting.isAlone || batch[0]?.isAlone));
      (isFree && fits ? batch : left).push(waiting);
      // Also of those left behind: order within a conversation is the order of asking.
      for (const key of keys.slice(1)) claimed.add(key);
    }
    queue = left;
    return batch;
  };

  const pump = () => {
    isPumpDue = false;
    while (lanesOut < lanes && queue.length > 0) {
      const batch = nextBatch();
      if (batch.length === 0) return;
      const keys = batch.flatMap(keysOf);
      for (const key of keys) out.add(key);
      lanesOut++;
      void appendBatch(options, batch).then((again) => {
        for (const key of keys) out.delete(key);
        lanesOut--;
        queue.unshift(...again);
        pump();
      });
    }
  };

  return (request) =>
    new Promise((resolve, rejectWith) => {
      queue.push({
        request,
        conversation: conversationOfRequest(request),
        isAlone: false,
        tries: 0,
        resolve,
        reject: rejectWith,
      });
      // Not at once: what arrives in one turn of the event loop goes together.
      if (!isPumpDue) setImmediate(pump);
      isPumpDue = true;
    });
}

/** Appends a batch and settles what it can; returns what has to be tried again. Never throws. */
async function appendBatch(options: AppendOptions, batch: readonly Waiting[]): Promise<readonly Waiting[]> {
  let client: pg.PoolClient | undefined;
  try {
    client = await options.pool.connect();
    const fresh = await settleRepeats(client, batch);
    const slices = await loadSlices(client, fresh.map(({ request }) => request));
    const { appended, settle } = decideBatch(options, fresh, slices);
    const written = appended.length > 0 ? await write(client, appended) : new Set<Hash>();
    client.release();
    client = undefined;
    const committed = appended.filter(({ conversation }) => written.has(conversation));
    if (committed.length > 0) options.onCommitted(committed);
    return settle(written);
  } catch (error) {
    client?.release(error instanceof Error && !("severity" in error));
    return afterFailure(batch, error);
  }
}

function afterFailure(batch: readonly Waiting[], error: unknown): readonly Waiting[] {
  const again: Waiting[] = [];
  for (const waiting of batch) {
    waiting.tries++;
    const isOwnFault = batch.length === 1 && !isWorthRetrying(error);
    if (isOwnFault || waiting.tries > triesMax) waiting.reject(error);
    else again.push(waiting);
    waiting.isAlone = true;
  }
  return again;
}

/**
 * Whether the database refused for a reason that loading again resolves: a unique violation (somebody appended the same
 * client request meanwhile), a deadlock, a serialization failure. Everything else has to be heard of.
 */
function isWorthRetrying(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "23505" || code === "40P01" || code === "40001";
}

/** Answers those that were appended before; returns the others. */
async function settleRepeats(client: pg.ClientBase, batch: readonly Waiting[]): Promise<readonly Waiting[]> {
  const withClient = batch.flatMap(({ request }) => (request.client ? [request.client] : []));
  const isRepeatable = ({ request }: Waiting) => request.client !== undefined || "proposals" in request;
  if (!batch.some(isRepeatable)) return batch;

  const places = new Map<string, { conversation: Hash; seq: number }>();
  if (withClient.length > 0) {
    const { rows } = await client.query<{ account_id: string; client_id: string; conversation_id: Hash; seq: number }>({
      name: "find_client_requests",
      text: `SELECT r.* FROM unnest($1::uuid[], $2::text[]) AS k(account_id, client_id)
        JOIN client_request AS r USING (account_id, client_id)`,
      values: [withClient.map(({ accountId }) => accountId), withClient.map(({ clientId }) => clientId)],
    });
    for (const row of rows) {
      places.set(`${row.account_id} ${row.client_id}`, { conversation: row.conversation_id, seq: row.seq });
    }
  }
  const proposing = batch.flatMap(({ request, conversation }) =>
    "proposals" in request ? [{ request, conversation, id: lastIdOf(request.proposals) }] : [],
  );
  if (proposing.length > 0) {
    const { rows } = await client.query<{ id: Hash; draft_hash: Hash | null; conversation_id: Hash; seq: number }>({
      name: "find_proposals",
      text: `SELECT e.id, NULL AS draft_hash, e.conversation_id, e.seq FROM unnest($1::text[], $2::text[]) AS k(conversation_id, id)
          JOIN event AS e USING (conversation_id, id)
        UNION ALL SELECT NULL, draft_hash, id, seq FROM conversation WHERE draft_hash = ANY($3::text[])`,
      values: [
        proposing.map(({ conversation }) => conversation),
        proposing.map(({ id }) => id),
        proposing.flatMap(({ request }) => ("draft" in request && request.draft ? [request.draft] : [])),
      ],
    });
    for (const row of rows) places.set(row.id ?? row.draft_hash ?? "", { conversation: row.conversation_id, seq: row.seq });
  }

  return batch.filter((waiting) => {
    const { request } = waiting;
    const place =
      (request.client && places.get(`${request.client.accountId} ${request.client.clientId}`)) ??
      ("proposals" in request ? places.get(lastIdOf(request.proposals)) : undefined) ??
      ("draft" in request && request.draft ? places.get(request.draft) : undefined);
    if (place) waiting.resolve({ conversation: place.conversation, repeatOf: place.seq });
    return !place;
  });
}

function lastIdOf(proposals: readonly { readonly proposal: Parameters<typeof proposalId>[0] }[]): Hash {
  const last = proposals.at(-1);
  if (!last) throw new Error("a request has to bring proposals");
  return proposalId(last.proposal);
}

type Outcome = { readonly waiting: Waiting; readonly result: AppendResult };

/** Decides each request on what the ones before it left. Answers are held back until the write has gone through. */
function decideBatch(options: AppendOptions, batch: readonly Waiting[], slices: ReadonlyMap<Hash, Slice>) {
  const now = options.now();
  if (!isTimestamp(now)) throw new Error(`the clock says ${now}`);
  const occasion: Occasion = { signer: options.signer, sentAt: now, salt: options.salt };
  const outcomes: Outcome[] = [];
  const byConversation = new Map<Hash, Mutable<Appended>>();
  for (const waiting of batch) {
    const { request, conversation } = waiting;
    const slice = slices.get(conversation);
    if (!slice) throw new Error("no slice was loaded for a request");
    const expected = slice.state.conversation?.seq ?? 0;
    const wish = wishOf(request, slice);
    const taken = "code" in wish ? { rejection: wish } : take(slice.state, slice.words, wish, now, occasion);
    if ("rejection" in taken) {
      outcomes.push({ waiting, result: taken });
      continue;
    }
    const { entries, changes } = taken;
    outcomes.push({ waiting, result: { conversation, entries } });
    const seq = entries.at(-1)?.event.seq;
    if (seq === undefined) continue;
    const so = byConversation.get(conversation) ?? newAppended(request, conversation, expected, slice);
    byConversation.set(conversation, so);
    so.entries.push(...entries);
    so.changes.push(...changes);
    if (request.client) so.clientRequests.push({ client: request.client, seq });
    if ("draft" in request && request.draft) so.drafts.push(request.draft);
    for (const { id, body } of entries) {
      if (body !== null && "address" in body) {
        so.people.set(id, { person: request.people?.get(body.address) ?? null, name: body.name });
      }
    }
  }
  const appended: readonly Appended[] = [...byConversation.values()];
  const settle = (written: ReadonlySet<Hash>): readonly Waiting[] => {
    const again: Waiting[] = [];
    for (const { waiting, result } of outcomes) {
      // Also what was rejected or done is decided again where the state it was decided on turned out old.
      if (!byConversation.has(waiting.conversation) || written.has(waiting.conversation)) waiting.resolve(result);
      else if (++waiting.tries > triesMax) waiting.reject(new Error("the conversation is too busy: try again later"));
      else again.push(waiting);
    }
    return again;
  };
  return { appended, settle };
}

interface Mutable<T extends Appended> {
  conversation: T["conversation"];
  expected: number;
  draftHash: string | null;
  entries: T["entries"][number][];
  changes: T["changes"][number][];
  people: Map<Hash, { person: Person | null; name: string | null }>;
  clientRequests: T["clientRequests"][number][];
  drafts: Hash[];
}

function newAppended(request: AppendRequest, conversation: Hash, expected: number, slice: Slice): Mutable<Appended> {
  const draftHash = "draft" in request && request.draft ? request.draft : slice.draftHash;
  const lists = { entries: [], changes: [], people: new Map(), clientRequests: [], drafts: [] };
  return { conversation, expected, draftHash, ...lists };
}

/** What the request wants, by whom. Whoever never took part is told no more than that there is no such conversation. */
function wishOf(request: AppendRequest, slice: Slice): Wish | Rejection {
  if ("proposals" in request) return { proposals: request.proposals };
  const actor = slice.actors.get(request.accountId);
  if (actor === undefined) return reject("NOT_FOUND", "There is no such conversation.");
  return { command: request.command, actor };
}
