// Append: load, decide, write, announce. The only way into a log.
//
// Requests that wait are taken together: one load (of what is not remembered), one write, one commit for all of them, each
// conversation folded in memory. Alone, a request is a batch of one. While a batch is out, its conversations are kept from the next ones, so
// that this process never competes with itself; other processes are met by the head that a write expects.
import pg from "pg";
import type { Occasion } from "../conversation/accept.ts";
import type { Address } from "../conversation/address.ts";
import { type Rejection, reject } from "../conversation/rejection.ts";
import { type Taken, take, type Wish } from "../conversation/take.ts";
import { isTimestamp } from "../protocol/form.ts";
import type { Hash } from "../protocol/hash.ts";
import { proposalId, type Signer } from "../protocol/seal.ts";
import type { AppendRequest, AppendResult, Person } from "./conversation-store.ts";
import { createHeadMemory, type HeadMemory } from "./head-memory.ts";
import { actorKey, conversationOfRequest, loadSlices, type Slice } from "./load.ts";
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
  /** Of the proposals that it brings. */
  readonly ids: readonly Hash[];
  /** Client request, draft and proposals: two requests that share one are never out together, for one repeats the other. */
  readonly keys: readonly string[];
  /** Set once a batch with others failed: then this one is tried by itself, to learn whose fault it was. */
  isAlone: boolean;
  /** Whether it may be decided on what is remembered of the conversation: not once that turned out old. */
  mayRecall: boolean;
  /** How often somebody else was quicker, or the database refused. */
  tries: number;
  resolve(result: AppendResult): void;
  reject(error: unknown): void;
}

// Other processes can win a conversation again and again, but each time one of us got on.
const triesMax = 200;

/** Makes `append`, as `ConversationStore` promises it, on PostgreSQL. */
export function createAppend(options: AppendOptions): (request: AppendRequest) => Promise<AppendResult> {
  const { lanes = 2, batchMax = 64 } = options;
  const memory = createHeadMemory();
  let queue: Waiting[] = [];
  const out = new Set<string>();
  let lanesOut = 0;
  let isPumpDue = false;

  const nextBatch = (): Waiting[] => {
    const batch: Waiting[] = [];
    let left: Waiting[] = [];
    const held = new Set<string>();
    for (const [index, waiting] of queue.entries()) {
      if (batch.length >= batchMax || batch[0]?.isAlone) {
        left = left.concat(queue.slice(index));
        break;
      }
      const { conversation, keys } = waiting;
      const isFree = [conversation, ...keys].every((key) => !out.has(key) && !held.has(key));
      const goes = isFree && (batch.length === 0 || !waiting.isAlone);
      (goes ? batch : left).push(waiting);
      for (const key of keys) held.add(key);
      // Nobody overtakes who was left behind: order within a conversation is the order of asking.
      if (!goes) held.add(conversation);
    }
    queue = left;
    return batch;
  };

  const pump = () => {
    isPumpDue = false;
    while (lanesOut < lanes && queue.length > 0) {
      const batch = nextBatch();
      if (batch.length === 0) return;
      const keys = batch.flatMap((waiting) => [waiting.conversation, ...waiting.keys]);
      for (const key of keys) out.add(key);
      lanesOut++;
      void appendBatch(options, memory, batch).then((again) => {
        for (const key of keys) out.delete(key);
        lanesOut--;
        queue.unshift(...again);
        pump();
      });
    }
  };

  return (request) =>
    new Promise((resolve, rejectWith) => {
      const ids = idsOf(request);
      queue.push({
        request,
        conversation: conversationOfRequest(request),
        ids,
        keys: [...(request.client ? [keyOf(request.client)] : []), ...draftsOf(request), ...ids],
        isAlone: false,
        mayRecall: true,
        tries: 0,
        resolve,
        reject: rejectWith,
      });
      // Not at once: what arrives in one turn of the event loop goes together.
      if (!isPumpDue) setImmediate(pump);
      isPumpDue = true;
    });
}

const keyOf = ({ accountId, clientId }: NonNullable<AppendRequest["client"]>): string => `${accountId} ${clientId}`;

function idsOf(request: AppendRequest): readonly Hash[] {
  if (!("proposals" in request)) return [];
  if (request.proposals.length === 0) throw new Error("a request has to bring proposals, or a command");
  return request.proposals.map(({ proposal }) => proposalId(proposal));
}

function draftsOf(request: AppendRequest): readonly Hash[] {
  return "draft" in request && request.draft ? [request.draft] : [];
}

function draftVersionOf(request: AppendRequest): number | null {
  return ("draftVersion" in request ? request.draftVersion : undefined) ?? null;
}

/** Appends a batch and settles what it can; returns what has to be tried again. Never throws. */
async function appendBatch(
  options: AppendOptions,
  memory: HeadMemory,
  batch: readonly Waiting[],
): Promise<readonly Waiting[]> {
  try {
    const { committed, settle } = await withClient(options.pool, async (client) => {
      const { fresh, places } = await settleRepeats(client, batch);
      const recalled = memory.recall(fresh);
      const toLoad = fresh.filter(({ conversation }) => !recalled.has(conversation));
      const loaded = await loadSlices(
        client,
        toLoad.map(({ request }) => request),
      );
      const slices = new Map([...recalled, ...loaded]);
      const { appended, idle, settle } = decideBatch(options, fresh, places, slices, recalled);
      if (idle.length > 0) await rememberIdle(client, idle);
      const written = appended.length > 0 ? await write(client, appended) : new Set<Hash>();
      const committed = appended.filter(({ conversation }) => written.has(conversation));
      memory.remember(slices, committed);
      return { committed, settle: () => settle(written) };
    });
    if (committed.length > 0) options.onCommitted(committed);
    return settle();
  } catch (error) {
    return afterFailure(batch, error);
  }
}

/** One connection for `use`, given up where it broke. */
async function withClient<Result>(pool: pg.Pool, use: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
  const client = await pool.connect();
  // The query that is out, or the next one, tells that the connection broke. pg says it by an event too, which would end
  // the process if nobody listened.
  const heed = () => {};
  client.on("error", heed);
  let isBroken = false;
  try {
    return await use(client);
  } catch (error) {
    isBroken = !isRefusal(error);
    throw error;
  } finally {
    client.release(isBroken);
    client.off("error", heed);
  }
}

/**
 * What was refused was rolled back, so each is tried by itself. Anything else (the connection broke, the pool was ended)
 * is no one request's fault and may have come after the commit: trying again would append twice, so all hear of it.
 */
function afterFailure(batch: readonly Waiting[], error: unknown): readonly Waiting[] {
  const mayTryAgain = isRefusal(error) && (batch.length > 1 || isWorthRetrying(error));
  const again: Waiting[] = [];
  for (const waiting of batch) {
    waiting.isAlone = true;
    if (mayTryAgain && ++waiting.tries <= triesMax) again.push(waiting);
    else waiting.reject(error);
  }
  return again;
}

/** Whether the database refused a statement, and lives on: https://www.postgresql.org/docs/18/errcodes-appendix.html */
function isRefusal(error: unknown): error is pg.DatabaseError {
  // Classes 08 and 57P: the connection is lost, or the server is going down.
  return error instanceof pg.DatabaseError && !/^(?:08|57P)/.test(error.code ?? "08");
}

/**
 * Whether the database refused for a reason that loading again resolves: a unique violation (somebody appended the same
 * client request meanwhile), a deadlock, a serialization failure. Everything else has to be heard of.
 */
function isWorthRetrying({ code }: pg.DatabaseError): boolean {
  return code === "23505" || code === "40P01" || code === "40001";
}

interface RepeatPlace {
  readonly conversation: Hash;
  readonly seq: number;
}

/**
 * Answers those that were appended before; returns the others, and where what was appended before stands: by client
 * request, draft and proposal.
 */
async function settleRepeats(client: pg.ClientBase, batch: readonly Waiting[]) {
  const places = new Map<string, RepeatPlace>();
  const withClient = batch.flatMap(({ request }) => (request.client ? [request.client] : []));
  if (withClient.length > 0) {
    const { rows } = await client.query<{ account_id: string; client_id: string; conversation_id: Hash; seq: number }>({
      name: "find_client_requests",
      text: `SELECT r.* FROM unnest($1::uuid[], $2::text[]) AS k(account_id, client_id)
        JOIN client_request AS r USING (account_id, client_id)`,
      values: [withClient.map(({ accountId }) => accountId), withClient.map(({ clientId }) => clientId)],
    });
    for (const { account_id: accountId, client_id: clientId, conversation_id: conversation, seq } of rows) {
      places.set(keyOf({ accountId, clientId }), { conversation, seq });
    }
  }
  const proposed = batch.flatMap(({ conversation, ids }) => ids.map((id) => ({ conversation, id })));
  if (proposed.length > 0) {
    const { rows } = await client.query<{ key: Hash; conversation_id: Hash; seq: number }>({
      name: "find_proposals",
      text: `SELECT e.id AS key, e.conversation_id, e.seq FROM unnest($1::text[], $2::text[]) AS k(conversation_id, id)
          JOIN event AS e USING (conversation_id, id)
        UNION ALL SELECT draft_hash, id, seq FROM conversation WHERE draft_hash = ANY($3::text[])`,
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
    const place =
      (request.client && places.get(keyOf(request.client))) ??
      (ids.every((id) => places.has(id)) ? places.get(ids.at(-1) ?? "") : undefined) ??
      places.get(draftsOf(request)[0] ?? "");
    if (place) waiting.resolve({ conversation: place.conversation, repeatOf: place.seq });
    const version = draftVersionOf(request);
    const isStale = !place && version !== null && drafts.get(draftsOf(request)[0] ?? "") !== version;
    if (isStale) waiting.resolve({ rejection: reject("CONFLICT", "The draft was changed meanwhile.") });
    return !place && !isStale;
  });
  return { fresh, places };
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
interface Idle {
  readonly client: NonNullable<AppendRequest["client"]>;
  readonly conversation: Hash;
}

/** Keeps that these were answered. Before the write: what is refused after it could not be told from what it refused. */
async function rememberIdle(client: pg.ClientBase, idle: readonly Idle[]): Promise<void> {
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

interface Outcome {
  readonly waiting: Waiting;
  answer(): void;
}

/** Decides each request on what the ones before it left. Answers are held back until the write has gone through. */
function decideBatch(
  options: AppendOptions,
  batch: readonly Waiting[],
  places: ReadonlyMap<string, RepeatPlace>,
  slices: ReadonlyMap<Hash, Slice>,
  recalled: ReadonlyMap<Hash, Slice>,
) {
  const now = options.now();
  if (!isTimestamp(now)) throw new Error(`the clock says ${now}`);
  const occasion: Occasion = { signer: options.signer, sentAt: now, salt: options.salt };
  const outcomes: Outcome[] = [];
  const byConversation = new Map<Hash, Mutable<Appended>>();
  const done: Idle[] = [];
  for (const waiting of batch) {
    const { request, conversation } = waiting;
    const slice = slices.get(conversation);
    if (!slice) throw new Error("no slice was loaded for a request");
    let taken: Taken;
    try {
      const wish = wishOf(waiting, slice, places);
      const isKnown = (address: Address) => request.people?.has(address) ?? false;
      taken = "code" in wish ? { rejection: wish } : take(slice.state, slice.words, wish, now, occasion, isKnown);
    } catch (error) {
      // Nothing was taken, so the others of its batch stand on what they would stand on without it.
      outcomes.push({ waiting, answer: () => waiting.reject(error) });
      continue;
    }
    if ("rejection" in taken) {
      outcomes.push({ waiting, answer: () => waiting.resolve(taken) });
      continue;
    }
    const { entries, changes } = taken;
    const head = slice.state.conversation;
    if (!head) throw new Error("a request was taken, and there is no conversation");
    outcomes.push({ waiting, answer: () => waiting.resolve({ conversation, entries, changes, head }) });
    const seq = entries.at(-1)?.event.seq;
    if (seq === undefined) {
      if (request.client) done.push({ client: request.client, conversation });
      continue;
    }
    const so = byConversation.get(conversation) ?? newAppended(conversation);
    byConversation.set(conversation, so);
    so.entries.push(...entries);
    so.changes.push(...changes);
    if (request.client) so.clientRequests.push({ client: request.client, seq });
    so.drafts.push(...draftsOf(request).map((hash) => ({ hash, version: draftVersionOf(request) })));
    for (const { id, body } of entries) {
      if (body !== null && "address" in body) {
        const person = request.people?.get(body.address);
        if (!person) throw new Error("somebody was added whom nobody had looked up");
        so.people.set(id, { person, name: body.name });
      }
    }
  }
  // In a conversation that moves on, with it or not at all: else they are decided again.
  for (const { client, conversation } of done)
    byConversation.get(conversation)?.clientRequests.push({ client, seq: 0 });
  const idle = done.filter(({ conversation }) => !byConversation.has(conversation) && !recalled.has(conversation));
  const appended: readonly Appended[] = [...byConversation.values()];
  const settle = (written: ReadonlySet<Hash>): readonly Waiting[] => {
    const again: Waiting[] = [];
    for (const { waiting, answer } of outcomes) {
      // Also what was rejected or done is decided again where the state it was decided on turned out old.
      const { conversation } = waiting;
      const isUnproven = byConversation.has(conversation) || recalled.has(conversation);
      if (!isUnproven || written.has(conversation)) answer();
      else if (++waiting.tries > triesMax) waiting.reject(new Error("the conversation is too busy: try again later"));
      else {
        waiting.mayRecall = false;
        again.push(waiting);
      }
    }
    return again;
  };
  return { appended, idle, settle };
}

interface Mutable<T extends Appended> {
  conversation: T["conversation"];
  entries: T["entries"][number][];
  changes: T["changes"][number][];
  people: Map<Hash, { person: Person | null; name: string | null }>;
  clientRequests: T["clientRequests"][number][];
  drafts: T["drafts"][number][];
}

function newAppended(conversation: Hash): Mutable<Appended> {
  const lists = { entries: [], changes: [], people: new Map(), clientRequests: [], drafts: [] };
  return { conversation, ...lists };
}

/** What the request wants, by whom. Whoever never took part is told no more than that there is no such conversation. */
function wishOf({ request, ids }: Waiting, slice: Slice, places: ReadonlyMap<string, RepeatPlace>): Wish | Rejection {
  // Of those that come again with others, the others.
  if ("proposals" in request)
    return { proposals: request.proposals.filter((_, index) => !places.has(ids[index] ?? "")) };
  const actor = slice.actors.get(actorKey(request.accountId, request.actor ?? null));
  if (actor === undefined) return reject("NOT_FOUND", "There is no such conversation.");
  return { command: request.command, actor };
}
