// Puts federation together for a process: how it reaches others and looks them up, and the jobs that it asks for.
import type { WorkerUtils } from "graphile-worker";
import { createAddedPeople } from "../accounts/added-people.ts";
import { createFindRecipients, type FindRecipients, type PlatformOf } from "../accounts/find-recipients.ts";
import type { Bus } from "../announce/bus.ts";
import { domainOf } from "../conversation/address.ts";
import type { Retry } from "../federation/deliver.ts";
import type { Discovery } from "../federation/discovery.ts";
import { createFederation, type Federation, type Schedule } from "../federation/federation.ts";
import { createHttpTransport } from "../federation/http-transport.ts";
import { isSpecialUse } from "../federation/special-use.ts";
import type { Outgoing } from "../net/outgoing.ts";
import type { Logger } from "../observe/logger.ts";
import type { PlatformName } from "../protocol/event.ts";
import type { Signer } from "../protocol/seal.ts";
import type { ConversationStore } from "../store/conversation-store.ts";
import type { Database } from "../store/database.ts";
import { postgresPeerStore } from "../store/postgres-peer-store.ts";

export interface FederationParts {
  readonly database: Database;
  readonly store: ConversationStore;
  readonly signer: Signer;
  readonly bus: Bus;
  readonly domains: readonly PlatformName[];
  readonly discovery: Discovery;
  /** Names that development maps to origins: the only ones reached by a platform whose own name is none of the internet. */
  readonly mapped: ReadonlyMap<PlatformName, string>;
  readonly send: Outgoing["send"];
  readonly schedule: Schedule;
  readonly retry?: Retry;
  readonly log: Logger;
  now(): string;
}

export interface OpenedFederation {
  readonly federation: Federation;
  readonly findRecipients: FindRecipients;
}

export function openFederation(parts: FederationParts): OpenedFederation {
  const { database, store, signer, bus, domains, discovery, mapped, send, schedule, retry, log, now } = parts;
  const { platform } = signer;
  const { pool } = database;
  const isReachable = (domain: PlatformName) => mapped.has(domain) || !isSpecialUse(platform);
  const platformOf: PlatformOf = async (domain, source) => {
    if (domains.includes(domain)) return { kind: "platform", platform };
    return isReachable(domain) ? discovery.platformOf(domain, source) : { kind: "none" };
  };
  const own = { pool, platform, domains, platformOf };
  const findRecipients = createFindRecipients(own);
  const tell = (notes: Parameters<Bus["publish"]>[0]) => {
    bus.publish(notes).catch((error: unknown) => log.debug({ err: error }, "could not tell"));
  };
  const federation = createFederation({
    platform,
    store,
    peers: postgresPeerStore(pool, platform),
    transport: createHttpTransport({ send, signer, now }),
    keys: discovery,
    schedule,
    people: createAddedPeople(own),
    reach: async (address, source) => {
      const found = (await findRecipients([address], source)).get(address);
      if (found === "later") return "later";
      return found && !found.mail ? { platform: found.via } : "unknown";
    },
    isOurs: async (address) => domains.includes(domainOf(address)) && (await findRecipients([address])).has(address),
    onReceipts: (moved) => tell(moved.map((move) => ({ kind: "receipt", ...move }))),
    onPendingChanged: ({ id, conversation, accountId }) => tell([{ kind: "pending", id, conversation, accountId }]),
    onLie: (conversation, seq) =>
      log.error(
        { conversation, seq },
        "its leader signed two histories, or what no rule allows: the conversation is frozen, and the proof is kept in fork_proof. " +
          "Show it to whoever runs that platform, and publish a conversation that `continues` this one",
      ),
    now,
    random: Math.random,
    ...(retry && { retry }),
  });
  return { federation, findRecipients };
}

/** Asks for a job: one for each task and key. @param queue those of one queue run one at a time. @default the key's own */
export async function addJob(
  jobs: Pick<WorkerUtils, "addJob">,
  task: string,
  key: string,
  payload: object,
  inMs = 0,
  jobKeyMode: "replace" | "preserve_run_at" = "replace",
  queue = key,
): Promise<void> {
  const name = `${task}:${key}`;
  const when = inMs > 0 ? { runAt: new Date(Date.now() + inMs) } : {};
  await jobs.addJob(task, payload, { jobKey: name, jobKeyMode, queueName: `${task}:${queue}`, ...when });
}

/** Jobs by which the federation comes back to its work. */
export function scheduleJobs(jobs: Pick<WorkerUtils, "addJob">, log: Logger): Schedule {
  const add = (task: string, ...more: [string, object, number, ("replace" | "preserve_run_at")?, string?]) => {
    // What is owed is found again: by the next that is said, and by the worker every minute.
    addJob(jobs, task, ...more).catch((error: unknown) =>
      log.warn({ err: error, task }, "could not ask for a job; it will be asked for again"),
    );
  };
  const modeOf = (mode?: "unlessPlanned") => (mode === "unlessPlanned" ? "preserve_run_at" : "replace");
  return {
    deliver: (platform, inMs, mode) => add("deliver", platform, { platform }, inMs, modeOf(mode)),
    askAgain: (conversation, leader, inMs, mode) =>
      add("ask-leader", conversation, { conversation }, inMs, modeOf(mode), leader),
    askWords: (words, inMs, mode) =>
      addJob(jobs, "ask-words", words.conversation, words, inMs, modeOf(mode), words.from),
    catchUp: (conversation, from, inMs, failures, heldUpTo) => {
      const payload = { conversation, from, failures, heldUpTo };
      return addJob(jobs, "catch-up", `${conversation}:${from}`, payload, inMs, "replace", from);
    },
  };
}
