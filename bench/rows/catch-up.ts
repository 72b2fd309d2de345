// Row: a platform that was away takes in one long log, against how fast people made that.
import { startChild } from "../ask-child.ts";
import { cpuMs } from "../cpu-time.ts";
import type { Effort } from "../effort.ts";
import { median, type Row } from "../measure.ts";
import { checkEqual, makeSharedTalks, openPlatforms, sayAll, untilAtRest, untilDelivered } from "../platforms.ts";
import type { Stage } from "../stage.ts";

/** Messages that are said one at a time, as in most conversations: each waits for the one before. */
const singles = 300;

export async function catchUp(stage: Stage, { isQuick, progress }: Effort): Promise<readonly Row[]> {
  const [rounds, count] = isQuick ? [2, 3_000] : [3, 10_000];
  await using platforms = await openPlatforms(stage, ["sender.localhost", "receiver.localhost"]);
  const [sender, receiver] = [platforms.on("sender.localhost"), platforms.on("receiver.localhost")];
  const [people, guests] = [await sender.makePeople(3), await receiver.makePeople(2)];
  const group = { people, guests: guests.map((one) => ({ ...one, via: receiver.name })) };
  // One for each round, and one to warm up with: the receiver knows all of them from the beginning.
  const talks = await makeSharedTalks(
    sender,
    Array.from({ length: rounds + 1 }, () => group),
  );
  await using _sending = await sender.start();
  await using load = startChild("./http-load.ts");
  {
    await using _receiving = await receiver.start();
    await untilDelivered(sender, receiver.name);
  }

  const ours: number[] = [];
  const limits: number[] = [];
  const cpuUs: number[] = [];
  for (const [round, talk] of talks.entries()) {
    const messages = round === 0 ? count / 5 : count;
    limits.push((messages * 1000) / (await sayAll(load, sender, [talk], messages)));
    await untilAtRest(sender);
    await using receiving = await receiver.start();
    const before = (await cpuMs(receiving.pid)) + (await cpuMs(stage.postgresPid));
    const deliveredMs = await untilDelivered(sender, receiver.name);
    ours.push((messages * 1000) / deliveredMs);
    cpuUs.push((((await cpuMs(receiving.pid)) + (await cpuMs(stage.postgresPid)) - before) * 1000) / messages);
    progress(`caught up with ${Math.round(ours.at(-1) ?? 0)}/s what was said at ${Math.round(limits.at(-1) ?? 0)}/s`);
    await checkEqual(receiver, sender, [talk], messages);
    if (round === 0) for (const platform of [sender, receiver]) await platform.analyze();
  }
  const singleRate = (singles * 1000) / (await sayAll(load, sender, talks.slice(0, 1), singles, 1));
  const [measured, against] = [ours.slice(1), limits.slice(1)];
  return [
    {
      row: `catch-up of a log of ${count} events`,
      unit: "/s",
      ours: median(measured),
      limit: median(against),
      toReach: { ratio: { least: 5 } },
      told: {
        "processor µs an event, receiver and PostgreSQL": median(cpuUs.slice(1)),
        rounds: measured.map((rate, index) => (rate / (against[index] ?? 1)).toFixed(2)).join(" "),
      },
    },
    {
      row: "… against one said at a time",
      unit: "/s",
      ours: median(measured),
      limit: singleRate,
      toReach: { ratio: { least: 5 } },
      told: {},
    },
  ];
}
