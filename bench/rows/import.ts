// Row: `parley import mbox`, against what people say over HTTP: events a second of each.
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startChild } from "../ask-child.ts";
import type { Effort } from "../effort.ts";
import { type Load, loadedSchema } from "../http-load.ts";
import { median, type Row } from "../measure.ts";
import { messageText, type Stage } from "../stage.ts";
import { requestsOf, untilAnnounced } from "./message-add.ts";

const inFlight = 16;
const sendersCount = 200;
const mailsInThread = 4;

export async function importArchive(stage: Stage, { isQuick, progress }: Effort): Promise<readonly Row[]> {
  const [rounds, mails, messages] = isQuick ? [2, 2_000, 2_000] : [3, 6_000, 6_000];
  const people = await stage.makePeople(500);
  const talks = await stage.makeTalks(
    Array.from({ length: 500 }, (_, index) => [...people.slice(index), ...people].slice(0, 5)),
  );
  await using stack = new AsyncDisposableStack();
  const file = join(tmpdir(), `parley-bench-${process.pid}.mbox`);
  stack.defer(() => rm(file, { force: true }));
  await writeFile(file, mboxOf(mails));
  const parley = stack.use(await stage.startParley("start"));
  const load = stack.use(startChild("./http-load.ts"));
  const port = Number(new URL(parley.url).port);

  /** As the row `messageAdd over HTTP`: until all were told. */
  const runSaying = async (count: number): Promise<number> => {
    const asked: Load = {
      ...{ port, inFlight, rate: null },
      requests: requestsOf(talks, count),
      expects: '"MessageAddPayload"',
    };
    const loaded = await load.ask(asked, loadedSchema);
    if (loaded.failures > 0) throw new Error(`${loaded.failures} failed, the first: ${loaded.firstFailure}`);
    return (count * 1000) / (loaded.elapsedMs + (await untilAnnounced(stage)));
  };
  const eventsCount = async (): Promise<number> => {
    const { rows } = await stage.database.pool.query<{ count: number }>("SELECT count(*)::int AS count FROM event");
    return rows[0]?.count ?? 0;
  };
  /** From the start of the process to its end: reading the archive, and connecting, is a part of it. */
  const runImport = async (round: number): Promise<{ readonly rate: number; readonly events: number }> => {
    const before = await eventsCount();
    const startedAt = performance.now();
    await stage.runParley(["import", "mbox", file, "--as", people[round]?.address ?? ""]);
    const elapsedMs = performance.now() - startedAt;
    const events = (await eventsCount()) - before;
    if (events < mails) throw new Error(`${events} events came of ${mails} mails`);
    await untilAnnounced(stage);
    return { rate: (events * 1000) / elapsedMs, events };
  };

  progress("warming up");
  await runSaying(messages / 2);
  const ours: { readonly rate: number; readonly events: number }[] = [];
  const limits: number[] = [];
  for (let round = 0; round < rounds; round++) {
    limits.push(await runSaying(messages));
    const one = await runImport(round);
    ours.push(one);
    progress(`import ${Math.round(one.rate)} events/s; messageAdd ${Math.round(limits.at(-1) ?? 0)}/s`);
  }
  return [
    {
      row: "import of an mbox",
      unit: "/s",
      ours: median(ours.map(({ rate }) => rate)),
      limit: median(limits),
      toReach: { ratio: { least: 0.5 } },
      told: {
        mails,
        events: median(ours.map(({ events }) => events)),
        rounds: ours.map(({ rate }, index) => (rate / (limits[index] ?? 1)).toFixed(2)).join(" "),
      },
    },
  ];
}

/** An archive of threads of four: each mail answers the one before, by other people, to a list and one person. */
function mboxOf(count: number): string {
  const mail = (number: number): string => {
    const thread = number - (number % mailsInThread);
    const earlier = Array.from({ length: number - thread }, (_, index) => `<mail${thread + index}@bench.example>`);
    const sender = number % sendersCount;
    return [
      `From sender${sender}@bench.example Mon Sep  9 17:57:43 2002`,
      `From: Sender ${sender} <sender${sender}@bench.example>`,
      `To: The list <list@bench.example>, Sender ${(sender + 7) % sendersCount} <sender${(sender + 7) % sendersCount}@bench.example>`,
      `Date: ${new Date(Date.UTC(2002, 8, 1) + number * 60_000).toUTCString()}`,
      `Message-ID: <mail${number}@bench.example>`,
      ...(earlier.length > 0 ? [`In-Reply-To: ${earlier.at(-1)}`, `References: ${earlier.join(" ")}`] : []),
      `Subject: ${earlier.length > 0 ? "Re: " : ""}Subject number ${thread}`,
      "Content-Type: text/plain; charset=utf-8",
      "",
      ...Array.from({ length: 8 }, (_, line) => messageText(number + line)),
      "",
      "",
    ].join("\n");
  };
  return Array.from({ length: count }, (_, number) => mail(number)).join("");
}
