// That each try of the conformance checks can fail: platforms that say yes to everything, or no, or nothing.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { adding, begun, type PlayedLog } from "../../src/conformance/played-log.ts";
import { allTries, runConformance, type Tried } from "../../src/conformance/run.ts";
import { batchSchema, logPageSchema, readEntry } from "../../src/federation/batch.ts";
import type { SignedEvent } from "../../src/protocol/event.ts";
import { proposalId } from "../../src/protocol/seal.ts";
import { type BarePlatform, startBarePlatform } from "../support/bare-platform.ts";
import { freePort } from "../support/free-port.ts";

vi.setConfig({ hookTimeout: 240_000 });

const opened = new AsyncDisposableStack();
afterAll(() => opened.disposeAsync());

/** How a platform behaves towards the one that tries it, whose origin it is told. */
interface Behaviour {
  /** Somebody who is said to be there. @default bob@tried.localhost */
  readonly address?: string;
  begin(bare: BarePlatform, origin: URL): void;
  /** Where somebody there is asked to begin a conversation. */
  leads?(bare: BarePlatform, origin: URL, other: string): Promise<void>;
}

const name = "conformance.localhost";

async function tried({
  address = "bob@tried.localhost",
  begin,
  leads = async () => {},
}: Behaviour): Promise<readonly Tried[]> {
  const folder = await mkdtemp(join(tmpdir(), "parley-can-fail-"));
  opened.defer(() => rm(folder, { recursive: true }));
  await using bare = await startBarePlatform("tried.localhost");
  const port = await freePort();
  const origin = new URL(`http://127.0.0.1:${port}`);
  begin(bare, origin);
  const led: Promise<void>[] = [];
  const { tries } = await runConformance({
    ...{ base: new URL(bare.url), address, name, host: "127.0.0.1", port },
    ...{ keysFile: join(folder, "keys.json"), leadWithinMs: 2_000, patienceMs: 150, slowBodyMs: 200 },
    onLeadWanted: (other) => void led.push(leads(bare, origin, other)),
  });
  await Promise.all(led);
  return tries;
}

const entriesOf = (body: Buffer) => {
  try {
    return batchSchema.parse(JSON.parse(body.toString())).entries;
  } catch {
    return [];
  }
};

/** The conversations that they lead. */
const ledBy = new WeakMap<BarePlatform, PlayedLog>();

/** Says yes, believes all that it is told, and asks where it is told that there is more. */
function saysYes(bare: BarePlatform, origin: URL): void {
  const logs = new Map<string, SignedEvent[]>();
  const believe = (events: readonly SignedEvent[]) => {
    for (const signed of events) {
      const { proposal, seq } = signed.event;
      const conversation = proposal.conversation ?? proposalId(proposal);
      const log = logs.get(conversation) ?? [];
      log[seq - 1] = signed;
      // What is told in great numbers is not kept: a list has no room for it.
      if (seq < 1_000) logs.set(conversation, log);
    }
  };
  const pull = async (path: string): Promise<void> => {
    const { json, status } = await bare.asks({ name, base: origin }, { method: "GET", path });
    if (status === 307) await pull("/f/elsewhere/");
    believe(logPageSchema.safeParse(json).data?.events ?? []);
  };
  bare.answers(async ({ method, target, body }) => {
    if (method === "POST") {
      const results = [];
      for (const value of entriesOf(body)) {
        const entry = readEntry(value);
        if (entry && "event" in entry) believe([entry.event]);
        const has = entry && "head" in entry ? (logs.get(entry.head.conversation)?.length ?? 0) : 0;
        // Unsigned, which nobody should take.
        if (has > 0) await bare.asks({ name, base: origin }, { method: "GET", path: "/f/auth/", signing: null });
        const isMore = entry !== null && "head" in entry && entry.head.seq > has;
        if (isMore) await pull(`/f/${entry.head.conversation}/events/?after=${has}`);
        const own = entry && "proposal" in entry ? ledBy.get(bare) : undefined;
        const event = own && entry && "proposal" in entry ? own.sequenced(bare.signer, entry.proposal) : undefined;
        // What only a leader would refuse would lead the two logs apart.
        const isSaid = /Is this taken|Better words/.test(JSON.stringify(value));
        const isTaken = own !== undefined && event !== undefined && isSaid && own.take(event) === null;
        results.push(isMore ? { result: "gap", seq: has } : { result: "accepted", ...(isTaken && { event }) });
      }
      return { status: 200, json: { results } };
    }
    const log = logs.get(target.split("/")[2] ?? "")?.filter(() => true);
    const last = log?.at(-1);
    if (!log || !last) return { status: 204 };
    return { status: 200, json: { head: { seq: log.length, hash: last.event.parent ?? "" }, events: log } };
  });
}

/** Begins a conversation, and sends it as often as that, whatever it is answered. */
const pushing =
  (times: number, order: (events: readonly SignedEvent[]) => readonly SignedEvent[]): NonNullable<Behaviour["leads"]> =>
  async (bare, origin, other) => {
    const log = begun(bare.signer, "bob@tried.localhost", "Try me");
    log.does(bare.signer, log.head.id, adding(other, { role: "WRITER", via: name }));
    ledBy.set(bare, log);
    const events = order(log.entries).map((event) => ({ event }));
    for (let time = 0; time < times; time++) await bare.hands({ name, base: origin }, ...events).catch(() => {});
  };

const behaviours: Readonly<Record<string, Behaviour>> = {
  "says yes to everything, and sends what it likes": {
    begin: saysYes,
    leads: pushing(1, (events) => events.toReversed()),
  },
  "says yes to everything, and sends a conversation four times": {
    begin: saysYes,
    leads: pushing(4, (events) => events),
  },
  "takes the first request, and no other": {
    begin: (bare) => {
      let count = 0;
      bare.answers(() => (count++ === 0 ? { status: 204 } : { status: 500, json: { code: "NO" } }));
    },
  },
  "takes what is first told of a conversation, and forgets it": {
    begin: (bare) => {
      bare.answers(({ method, body }) => {
        if (method === "GET") return { status: 204 };
        const entries = entriesOf(body).map(readEntry);
        const isFirst = entries.some((entry) => entry && "event" in entry && entry.event.event.seq === 1);
        const result = isFirst ? { result: "accepted" } : { result: "rejected", code: "NO", message: "No." };
        return { status: 200, json: { results: entries.map(() => result) } };
      });
    },
  },
  "shows no key, serves another domain, and signs nothing": {
    address: "bob@elsewhere.localhost",
    begin: (bare) => {
      bare.shows({ platform: "tried.localhost", keys: [] });
      bare.answers(() => ({ status: 500 }));
    },
  },
};

const all = new Map<string, readonly Tried[]>();
beforeAll(async () => {
  for (const [title, behaviour] of Object.entries(behaviours)) all.set(title, await tried(behaviour));
});

const wrongIn = (title: string) =>
  (all.get(title) ?? []).flatMap(({ must, sent, verdict }) => (verdict === "wrong" ? [`${must} ${sent}`] : []));

test("a platform that says yes is found out by everything hostile", () => {
  const refusals = allTries.filter(({ expected }) =>
    expected.every((word) => /^(4\d\d|503|rejected|later$)/.test(word) && !word.includes("accepted")),
  );
  const wrong = new Set(wrongIn("says yes to everything, and sends a conversation four times"));
  const left = refusals.map(({ must, sent }) => `${must} ${sent}`).filter((one) => !wrong.has(one));
  expect(refusals.length).toBeGreaterThan(80);
  expect(left).toEqual([]);
});

test("each try is wrong of one of them", () => {
  const wrong = new Set(Object.keys(behaviours).flatMap(wrongIn));
  const never = allTries.map(({ must, sent }) => `${must} ${sent}`).filter((one) => !wrong.has(one));
  expect(never).toEqual([]);
});
