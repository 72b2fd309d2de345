// Rows: one event to 5,000 subscribers of one process, against a bare `ws` server; and what an idle subscription holds.
import { setTimeout as pause } from "node:timers/promises";
import { startChild } from "../ask-child.ts";
import { broadcastSchema, listeningSchema, memorySchema } from "../bare-broadcast.ts";
import { cpuMs } from "../cpu-time.ts";
import type { Effort } from "../effort.ts";
import { type Load, loadedSchema } from "../http-load.ts";
import { median, type Row } from "../measure.ts";
import { messageText, type Stage, type Talk } from "../stage.ts";
import { type Asked, arrivedSchema, doneSchema } from "../subscribers.ts";
import { recordedMs, socketUrl } from "./live-latency.ts";
import { messageAddDocument } from "./message-add.ts";

const peopleCount = 50;
/** After an event: for what follows it (lists, the outbox) to end before the other side is measured. */
const restMs = 200;

const selections = {
  "one answer for all":
    "subscription { events { ... on EventAdded { cursor event { seq action actor { displayName } body } conversation { id subject } } } }",
  "one answer for each account":
    "subscription { events { ... on EventAdded { cursor event { seq action body } conversation { id unread } } } }",
} as const;

export async function fanOut(stage: Stage, { isQuick, progress }: Effort): Promise<readonly Row[]> {
  const [socketsCount, rounds] = isQuick ? [1_000, 5] : [5_000, 11];
  const [talk] = await stage.makeTalks([await stage.makePeople(peopleCount)]);
  if (!talk) throw new Error("there is no conversation");
  await using parley = await stage.startParley("start");
  await using bare = startChild("./bare-broadcast.ts");
  await using load = startChild("./http-load.ts");
  const { port } = await bare.ask({ ask: "listen" }, listeningSchema);
  const tokens = Array.from({ length: socketsCount }, (_, index) => talk.people[index % peopleCount]?.token ?? "");
  const rows: Row[] = [];

  const opening = (most: number, query: string): readonly [Asked, Asked] => [
    { ask: "open", url: socketUrl(parley.url), tokens: tokens.slice(0, most), query },
    { ask: "open", url: `ws://127.0.0.1:${port}`, tokens: tokens.slice(0, most), query: null },
  ];
  {
    // Sockets that come and go, so that what both processes take once, for the first thousands, is not counted as theirs.
    await using early = startChild("./subscribers.ts");
    for (const open of opening(socketsCount / 2, selections["one answer for all"])) await early.ask(open, doneSchema);
  }
  await pause(restMs);

  for (const [name, query] of Object.entries(selections)) {
    await using subscribers = startChild("./subscribers.ts");
    const before = { ours: await parley.memory(), bare: await bare.ask({ ask: "memory" }, memorySchema) };
    for (const open of opening(socketsCount, query)) await subscribers.ask(open, doneSchema);
    const after = { ours: await parley.memory(), bare: await bare.ask({ ask: "memory" }, memorySchema) };

    const arrivals = async (needle: string, send: () => Promise<number>) => {
      const expect: Asked = { ask: "expect", needle, count: socketsCount };
      await subscribers.ask(expect, doneSchema);
      const sentAt = await send();
      const arrived: Asked = { ask: "arrived" };
      const { at, texts } = await subscribers.ask(arrived, arrivedSchema);
      if (at.length < socketsCount) throw new Error(`${at.length} of ${socketsCount} subscribers were told`);
      const lastAt = at.at(-1) ?? Number.NaN;
      await pause(restMs);
      return { sentAt, lastAt, text: texts[0] ?? "" };
    };
    const oneRound = async (round: number) => {
      const needle = `${name}, round ${round}:`;
      const cpuAtFirst = await cpuOf(parley.pid, bare.pid);
      const ours = await arrivals(needle, async () => {
        const loaded = await load.ask(messageOf(talk, parley.url, `${needle} ${messageText(round)}`), loadedSchema);
        if (loaded.failures > 0) throw new Error(`the message failed: ${loaded.firstFailure}`);
        return loaded.answeredAt[0] ?? Number.NaN;
      });
      const limit = await arrivals(needle, async () => {
        const { calledAt } = await bare.ask({ ask: "broadcast", text: ours.text }, broadcastSchema);
        return calledAt;
      });
      const cpu = await cpuOf(parley.pid, bare.pid);
      return {
        ours: ours.lastAt - ours.sentAt,
        limit: limit.lastAt - limit.sentAt,
        sinceRecorded: ours.lastAt - recordedMs(ours.text),
        ourCpu: cpu.ours - cpuAtFirst.ours,
        bareCpu: cpu.bare - cpuAtFirst.bare,
        bytes: ours.text.length,
      };
    };

    for (let round = -2; round < 0; round++) await oneRound(round);
    const measured: Awaited<ReturnType<typeof oneRound>>[] = [];
    for (let round = 0; round < rounds; round++) measured.push(await oneRound(round));
    const isShared = name === "one answer for all";
    const ours = median(measured.map((round) => round.ours));
    const limit = median(measured.map((round) => round.limit));
    progress(`${name}: the last of ${socketsCount} after ${ours.toFixed(0)} ms, limit ${limit.toFixed(0)} ms`);
    rows.push({
      row: `one event to ${socketsCount} subscribers, ${name}`,
      unit: "ms",
      ours,
      limit,
      toReach: { ratio: { most: isShared ? 2 : 4 } },
      told: {
        "since recorded ms": median(measured.map((round) => round.sinceRecorded)),
        // Means: the system counts in steps of 10 ms.
        "processor ms an event": `${mean(measured.map((round) => round.ourCpu)).toFixed(0)} Parley, ${mean(measured.map((round) => round.bareCpu)).toFixed(0)} bare`,
        accounts: peopleCount,
        bytes: median(measured.map((round) => round.bytes)),
        rounds: measured.map((round) => (round.ours / round.limit).toFixed(2)).join(" "),
      },
    });
    if (!isShared) continue;
    const perSocket = (whose: "ours" | "bare", what: "rss" | "heap") =>
      (after[whose][what] - before[whose][what]) / 1024 / socketsCount;
    rows.push({
      row: "memory of an idle subscription",
      unit: "KiB",
      ours: perSocket("ours", "rss"),
      limit: perSocket("bare", "rss"),
      toReach: { ours: { most: 25 } },
      told: {
        "heap KiB": perSocket("ours", "heap"),
        "bare heap KiB": perSocket("bare", "heap"),
        sockets: socketsCount,
      },
    });
  }
  return rows;
}

const mean = (samples: readonly number[]): number => samples.reduce((sum, sample) => sum + sample, 0) / samples.length;

const cpuOf = async (ours: number, bare: number) => ({ ours: await cpuMs(ours), bare: await cpuMs(bare) });

function messageOf({ conversation, people }: Talk, url: string, body: string): Load {
  const request = { query: messageAddDocument, variables: { input: { conversation, body } } };
  const requests = [{ token: people[0]?.token ?? "", body: JSON.stringify(request) }];
  return { port: Number(new URL(url).port), inFlight: 1, rate: null, requests, expects: '"MessageAddPayload"' };
}
