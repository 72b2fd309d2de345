// Rows: events a second to a platform that answers, while another that is in the same conversations does not, against the same
// while all answer.
import { ask } from "../../src/conformance/asking.ts";
import { firstKeys, keyAt } from "../../src/conformance/played-keys.ts";
import { type Answered, type Asked, openPlayedPlatform } from "../../src/conformance/played-platform.ts";
import { batchSchema } from "../../src/federation/batch.ts";
import type { PlatformName } from "../../src/protocol/event.ts";
import { freePort } from "../../test/support/free-port.ts";
import { startChild } from "../ask-child.ts";
import type { Effort } from "../effort.ts";
import { median, type Row } from "../measure.ts";
import {
  checkEqual,
  type Guest,
  makeSharedTalks,
  openPlatforms,
  type Platform,
  sayAll,
  untilDelivered,
} from "../platforms.ts";
import type { Stage } from "../stage.ts";

const talksCount = 200;

export async function deadPeer(stage: Stage, { isQuick, progress }: Effort): Promise<readonly Row[]> {
  const [rounds, count] = isQuick ? [2, 1_500] : [5, 5_000];
  await using peer = await openPeer("peer.localhost");
  await using platforms = await openPlatforms(stage, ["sender.localhost", "receiver.localhost"], {
    played: new Map([[peer.name, peer.port]]),
  });
  const [sender, receiver] = [platforms.on("sender.localhost"), platforms.on("receiver.localhost")];
  const [people, far] = [await sender.makePeople(talksCount), await receiver.makePeople(talksCount)];
  const talks = await makeSharedTalks(
    sender,
    Array.from({ length: talksCount }, (_, index) => ({
      people: [...people, ...people].slice(index, index + 3),
      guests: [...far.slice(index, index + 1).map((one): Guest => ({ ...one, via: receiver.name })), peer.guest(index)],
    })),
  );
  await using _receiving = await receiver.start();
  await using _sending = await sender.start();
  await using load = startChild("./http-load.ts");
  const allDelivered = async () => {
    await untilDelivered(sender, receiver.name);
    await untilDelivered(sender, peer.name);
  };
  await allDelivered();

  /** Events a second, until the platform that answers has all. Afterwards the other does, too. */
  const run = async (mode: Mode, messages: number): Promise<number> => {
    await peer.behave(mode);
    const saidMs = await sayAll(load, sender, talks, messages);
    const rate = (messages * 1000) / (saidMs + (await untilDelivered(sender, receiver.name)));
    await peer.behave("answers");
    await peer.greet(sender);
    await allDelivered();
    return rate;
  };

  progress("warming up");
  await run("answers", count / 2);
  for (const platform of [sender, receiver]) await platform.analyze();
  const rates = { answers: [] as number[], refuses: [] as number[], hangs: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    for (const mode of modes) rates[mode].push(await run(mode, count));
    progress(modes.map((mode) => `${mode}: ${Math.round(rates[mode].at(-1) ?? 0)}/s`).join(", "));
  }
  await checkEqual(receiver, sender, talks, count / 2 + modes.length * rounds * count);
  const rowOf = (row: string, mode: Mode): Row => ({
    ...{ row, unit: "/s", ours: median(rates[mode]), limit: median(rates.answers) },
    toReach: { ratio: { least: 0.9 } },
    told: { rounds: rates[mode].map((rate, index) => (rate / (rates.answers[index] ?? 1)).toFixed(2)).join(" ") },
  });
  return [
    rowOf("events to one platform while another refuses connections", "refuses"),
    rowOf("… while another does not answer", "hangs"),
  ];
}

const modes = ["answers", "refuses", "hangs"] as const;
type Mode = (typeof modes)[number];

interface Peer extends AsyncDisposable {
  readonly name: PlatformName;
  readonly port: number;
  guest(index: number): Guest;
  /** From now on. What it was asked and did not answer is cut off. */
  behave(mode: Mode): Promise<void>;
  /** Says to another platform that it is there. */
  greet(of: Platform): Promise<void>;
}

/** A platform of which there is only what others see: it takes all that it is sent, at once, and keeps nothing. */
async function openPeer(name: PlatformName): Promise<Peer> {
  const port = await freePort();
  const keys = firstKeys(name);
  const open = (answer: (asked: Asked) => Answered | Promise<Answered>) =>
    openPlayedPlatform({ list: keys.list, host: "127.0.0.1", port, answer });
  let listening: AsyncDisposable | null = await open(takeAll);
  const close = async () => {
    await listening?.[Symbol.asyncDispose]();
    listening = null;
  };
  return {
    name,
    port,
    guest: (index) => ({ address: `guest${index}@${name}`, name: `Guest ${index}`, via: name }),
    behave: async (mode) => {
      await close();
      if (mode === "answers") listening = await open(takeAll);
      if (mode === "hangs") listening = await open(() => new Promise<Answered>(() => {}));
    },
    greet: async (of) => {
      const signer = { platform: name, key: keyAt(keys, 0) };
      const { status } = await ask({ name: of.name, base: new URL(of.url) }, signer, {
        method: "GET",
        path: "/f/auth/",
      });
      if (status !== 204) throw new Error(`a greeting was answered with ${status}`);
    },
    [Symbol.asyncDispose]: close,
  };
}

function takeAll({ method, body }: Asked): Answered {
  if (method !== "POST") return { status: 204 };
  const { entries } = batchSchema.parse(JSON.parse(body.toString()));
  return { status: 200, json: { results: entries.map(() => ({ result: "accepted" })) } };
}
