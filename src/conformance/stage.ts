// Where the tries are made: the platform that is tried, the one that is played before it, and the conversations of both.
import { setTimeout as pause } from "node:timers/promises";
import { type Address, domainOf } from "../conversation/address.ts";
import { type LogPage, logPageSchema, type Result, resultsSchema } from "../federation/batch.ts";
import { type Hash, sha256 } from "../protocol/hash.ts";
import type { Signer } from "../protocol/seal.ts";
import { type Answer, type Asking, ask, headersOf, type Tested } from "./asking.ts";
import type { Inbound } from "./inbound.ts";
import { LeftOut } from "./left-out.ts";
import type { PlayedKeys } from "./played-keys.ts";
import { adding, begun, type PlayedLog } from "./played-log.ts";
import type { PlayedPlatform } from "./played-platform.ts";

/** What the platform that is tried shows of itself. */
export interface Shown {
  readonly answer: Answer;
  readonly domains: readonly string[];
}

export interface StageOptions {
  readonly tested: Tested;
  readonly shown: Shown;
  readonly played: PlayedPlatform;
  readonly inbound: Inbound;
  readonly signer: Signer;
  /** An address that has an account there. */
  readonly address: Address | null;
  /** What becomes of a body that never comes; null where none was sent. */
  readonly slowBody: Promise<string> | null;
  /** How long something is waited for that the other platform does by and by. */
  readonly patienceMs: number;
  /** The same for somebody there to begin a conversation; 0 where nobody will. */
  readonly leadWithinMs: number;
  readonly keys: {
    held(): PlayedKeys;
    /** Keeps and shows them. */
    hold(keys: PlayedKeys): Promise<void>;
  };
  /** Asks the person who runs this to have somebody begin a conversation with that address. */
  onLeadWanted(address: Address): void;
}

/** Why what needs somebody there is left out. */
export const needsAddress = "needs an address there: --address";

export type Stage = ReturnType<typeof createStage>;

/** Conversations begun here say so: people find them. */
const subjectOf = (what: string) => `Parley conformance: ${what} (made by a program; may be removed)`;

export function createStage(options: StageOptions) {
  const { tested, inbound, signer, address, patienceMs } = options;
  const own = `conformance@${signer.platform}`;
  let main: PlayedLog | null = null;

  const request = (asking: Asking) => ask(tested, signer, asking);

  /** Rightly signed, whatever is in it. */
  const post = async (bytes: Buffer, path = `/f/evt/${sha256(bytes)}/`) =>
    request({ method: "POST", path, body: bytes });

  const until = async (holds: () => boolean | Promise<boolean>, withinMs = patienceMs): Promise<boolean> => {
    for (const deadline = performance.now() + withinMs; performance.now() < deadline; await pause(50)) {
      if (await holds()) return true;
    }
    return holds();
  };

  /** A log that begins here with the address in it; the other platform has not heard of it. */
  const begin = (what: string): PlayedLog => {
    if (address === null) throw new LeftOut(needsAddress);
    const log = begun(signer, own, subjectOf(what));
    const { id } = log.head;
    log.does(signer, id, adding(`reader@${signer.platform}`, { role: "READER", via: signer.platform }));
    log.does(signer, id, adding(address, { role: "READER", via: tested.name }));
    return log;
  };

  /** The results for these entries. @throws Error where it is no batch's answer */
  const hand = async (...entries: readonly unknown[]): Promise<readonly Result[]> => {
    const answer = await post(batchOf(entries));
    const { data } = resultsSchema.safeParse(answer.json);
    if (answer.status !== 200 || !data) throw new Error(wordOf(answer));
    return data.results;
  };

  const pageAt = async (path: string): Promise<LogPage> => {
    const answer = await request({ method: "GET", path });
    const { data } = logPageSchema.safeParse(answer.json);
    if (answer.status !== 200 || !data) throw new Error(wordOf(answer));
    return data;
  };

  return {
    ...options,
    own,
    request,
    /** The headers of a request that is signed rightly. */
    signed: (asking: Asking) => headersOf(tested, signer, asking),
    post,
    hand,
    pageAt,
    page: (conversation: Hash, after: number) => pageAt(`/f/${conversation}/events/?after=${after}`),
    until,
    begin,
    /** Results in words: `accepted`, `rejected LOCKED`, `gap 4`. */
    results: async (...entries: readonly unknown[]) => (await hand(...entries)).map(resultWord).join(", "),
    /** The same bytes two times, signature and all; the results of each. */
    twice: async (...entries: readonly unknown[]): Promise<readonly string[]> => {
      const body = batchOf(entries);
      const asking = { method: "POST", path: `/f/evt/${sha256(body)}/`, body };
      const headers = headersOf(tested, signer, asking);
      const answers = [];
      for (const _ of [1, 2]) answers.push(await request({ ...asking, signing: null, headers }));
      return answers.map((answer) => {
        const { data } = resultsSchema.safeParse(answer.json);
        return data ? data.results.map(resultWord).join(", ") : wordOf(answer);
      });
    },
    /** The conversation that the tries about events share. */
    main: (): PlayedLog => {
      if (main === null) throw new LeftOut(address === null ? needsAddress : "the first contact was not taken");
      return main;
    },
    share: (log: PlayedLog) => {
      main = log;
      inbound.logs.set(log.head.id, log);
    },
    /** Hands over events of a log that begins here, which is then known there. @throws LeftOut where it is not */
    introduce: async (what: string): Promise<PlayedLog> => {
      const log = begin(what);
      inbound.logs.set(log.head.id, log);
      const results = await hand(...log.entries.map((event) => ({ event })));
      if (results.some(({ result }) => result !== "accepted")) throw new LeftOut("the first contact was not taken");
      return log;
    },
    /** A name of somebody whom nobody there is called. */
    nobody: (): Address => {
      if (address === null) throw new LeftOut(needsAddress);
      return `nobody-${sha256(String(performance.now())).slice(0, 12).toLowerCase().replaceAll(/[_-]/g, "x")}@${domainOf(address)}`;
    },
  };
}

export const batchOf = (entries: readonly unknown[]): Buffer => Buffer.from(JSON.stringify({ entries }));

/** The status, and the code where there is one: `401 UNSIGNED`. */
export function wordOf({ status, json }: Answer): string {
  const code = typeof json === "object" && json !== null && "code" in json ? ` ${json.code}` : "";
  return `${status}${code}`;
}

export function resultWord(result: Result): string {
  if (result.result === "rejected") return `rejected ${result.code}`;
  return result.result === "gap" ? `gap ${result.seq}` : result.result;
}
