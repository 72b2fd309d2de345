// Row: events a second from platform to platform, while people say them at full speed, against what the sender takes from
// people who are all its own.
import { type Child, startChild } from "../ask-child.ts";
import { cpuMs } from "../cpu-time.ts";
import type { Effort } from "../effort.ts";
import { median, type Row } from "../measure.ts";
import {
  checkEqual,
  makeSharedTalks,
  openPlatforms,
  type Platform,
  sayAll,
  untilAtRest,
  untilDelivered,
  untilTold,
} from "../platforms.ts";
import type { Parley, Somebody, Stage } from "../stage.ts";

const talksCount = 500;
const localsInEach = 3;
const guestsInEach = 2;

export async function delivery(stage: Stage, effort: Effort): Promise<readonly Row[]> {
  const rows: Row[] = [];
  if (process.platform === "linux") {
    effort.progress("each on a core of its own");
    rows.push(await measure(stage, effort, true));
  }
  effort.progress("both on all cores");
  return [...rows, await measure(stage, effort, false)];
}

async function measure(stage: Stage, { isQuick, progress }: Effort, hasOwnCore: boolean): Promise<Row> {
  const [rounds, count] = isQuick ? [2, 3_000] : [3, 10_000];
  await using platforms = await openPlatforms(stage, ["sender.localhost", "receiver.localhost"], { hasOwnCore });
  const [sender, receiver] = [platforms.on("sender.localhost"), platforms.on("receiver.localhost")];
  const [locals, far] = [await sender.makePeople(talksCount), await receiver.makePeople(talksCount)];
  const someOf = (people: readonly Somebody[], from: number, many: number) =>
    Array.from({ length: many }, (_, place) => people[(from + place * 197) % people.length]).filter(
      (one) => one !== undefined,
    );
  const groupsWith = (guests: number) =>
    Array.from({ length: talksCount }, (_, index) => ({
      people: someOf(locals, index, localsInEach + guestsInEach - guests),
      guests: someOf(far, index, guests).map((one) => ({ ...one, via: receiver.name })),
    }));
  const shared = await makeSharedTalks(sender, groupsWith(guestsInEach));
  const own = await makeSharedTalks(sender, groupsWith(0));
  await using receiving = await receiver.start();
  await using sending = await sender.start();
  await using load = startChild("./http-load.ts");
  progress("waiting until the receiver knows the conversations");
  await untilDelivered(sender, receiver.name);

  /** Until the receiver has verified, committed and acknowledged all. */
  const runShared = async (messages: number) => {
    const saidMs = await sayAll(load, sender, shared, messages);
    const behindMs = await untilDelivered(sender, receiver.name);
    return { answered: (messages * 1000) / saidMs, delivered: (messages * 1000) / (saidMs + behindMs), behindMs };
  };
  const runOwn = async (messages: number) => {
    const saidMs = await sayAll(load, sender, own, messages);
    return (messages * 1000) / (saidMs + (await untilTold(sender)));
  };
  const atRest = async () => {
    for (const platform of [sender, receiver]) await untilAtRest(platform);
  };
  const cpu = () => cpuOf({ sender, sending, receiver, receiving, load });

  progress("warming up");
  await runShared(count / 2);
  await runOwn(count / 2);
  for (const platform of [sender, receiver]) await platform.analyze();
  const ours: Awaited<ReturnType<typeof runShared>>[] = [];
  const limits: number[] = [];
  const [usOurs, usLimit]: [Us[], Us[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    await atRest();
    const atFirst = await cpu();
    limits.push(await runOwn(count));
    usLimit.push(perEvent(atFirst, await cpu(), count));
    await atRest();
    const between = await cpu();
    ours.push(await runShared(count));
    usOurs.push(perEvent(between, await cpu(), count));
    const { answered = 0, delivered = 0 } = ours.at(-1) ?? {};
    progress(
      `answered ${Math.round(answered)}/s, delivered ${Math.round(delivered)}/s; all its own ${Math.round(limits.at(-1) ?? 0)}/s`,
    );
  }
  progress("checking what was written");
  await checkEqual(receiver, sender, shared, rounds * count + count / 2);
  return {
    row: hasOwnCore
      ? "events from platform to platform, a core each"
      : "events from platform to platform, both on all cores",
    unit: "/s",
    ours: median(ours.map(({ delivered }) => delivered)),
    limit: median(limits),
    toReach: { ratio: { least: 0.7 } },
    told: {
      "answered /s": median(ours.map(({ answered }) => answered)),
      "had by the receiver after the last answer ms": median(ours.map(({ behindMs }) => behindMs)),
      "events checked": rounds * count + count / 2,
      "processor µs an event": said(usOurs),
      "limit's processor µs an event": said(usLimit),
      "ratio by processor time": sumOf(usLimit) / sumOf(usOurs),
      rounds: ours.map(({ delivered }, index) => (delivered / (limits[index] ?? 1)).toFixed(2)).join(" "),
    },
  };
}

const parts = ["sender", "its PostgreSQL", "receiver", "its own PostgreSQL", "load"] as const;
type Us = Readonly<Record<(typeof parts)[number], number>>;

interface Measured {
  readonly sender: Platform;
  readonly sending: Parley;
  readonly receiver: Platform;
  readonly receiving: Parley;
  readonly load: Child;
}

/** Milliseconds of processor so far: of processes, and of each platform's connections to PostgreSQL. */
const cpuOf = async ({ sender, sending, receiver, receiving, load }: Measured) => ({
  sending: await cpuMs(sending.pid),
  receiving: await cpuMs(receiving.pid),
  load: await cpuMs(load.pid),
  ofSender: await sender.postgresCpuMs(),
  ofReceiver: await receiver.postgresCpuMs(),
});
type Cpu = Awaited<ReturnType<typeof cpuOf>>;

function perEvent(before: Cpu, after: Cpu, events: number): Us {
  const us = (ms: number) => (ms * 1000) / events;
  const byConnection = (name: "ofSender" | "ofReceiver") =>
    [...after[name]].reduce((sum, [pid, ms]) => sum + ms - (before[name].get(pid) ?? 0), 0);
  return {
    sender: us(after.sending - before.sending),
    "its PostgreSQL": us(byConnection("ofSender")),
    receiver: us(after.receiving - before.receiving),
    "its own PostgreSQL": us(byConnection("ofReceiver")),
    load: us(after.load - before.load),
  };
}

const medianOf = (samples: readonly Us[], part: (typeof parts)[number]) => median(samples.map((one) => one[part]));
const sumOf = (samples: readonly Us[]) => parts.reduce((sum, part) => sum + medianOf(samples, part), 0);
const said = (samples: readonly Us[]) =>
  parts.map((part) => `${part} ${Math.round(medianOf(samples, part))}`).join(" + ");
