// Rows: from an event's being committed to its arrival at a subscriber of another platform, against two signed HTTP requests
// to that platform, one after the other.
import { setTimeout as pause } from "node:timers/promises";
import { signRequest } from "../../src/federation/request-signature.ts";
import { createOutgoing } from "../../src/net/outgoing.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import { sha256 } from "../../src/protocol/hash.ts";
import { startChild } from "../ask-child.ts";
import type { Effort } from "../effort.ts";
import { type Load, loadedSchema } from "../http-load.ts";
import { median, percentile, type Row } from "../measure.ts";
import { checkEqual, makeSharedTalks, openPlatforms, type Platform, untilDelivered } from "../platforms.ts";
import type { Stage } from "../stage.ts";
import { type Asked, arrivedSchema, doneSchema } from "../subscribers.ts";
import { numberIn, requestsIn, socketUrl } from "./live-latency.ts";

const perSecond = 50;
const talksCount = 10;

const eventsDocument =
  "subscription { events { ... on EventAdded { event { seq action actor { displayName } body } conversation { id subject } } } }";

export async function remoteLatency(stage: Stage, { isQuick, progress }: Effort): Promise<readonly Row[]> {
  const count = perSecond * (isQuick ? 4 : 20);
  await using platforms = await openPlatforms(stage, ["sender.localhost", "receiver.localhost"]);
  const [sender, receiver] = [platforms.on("sender.localhost"), platforms.on("receiver.localhost")];
  const [speakers, [listener]] = [await sender.makePeople(20), await receiver.makePeople(1)];
  if (!listener) throw new Error("there are no people");
  const guests = [{ ...listener, via: receiver.name }];
  const talks = await makeSharedTalks(
    sender,
    Array.from({ length: talksCount }, (_, index) => ({ people: speakers.slice(index, index + 5), guests })),
  );
  await using _receiving = await receiver.start();
  await using _sending = await sender.start();
  await using load = startChild("./http-load.ts");
  await using subscribers = startChild("./subscribers.ts");
  await untilDelivered(sender, receiver.name);
  const open: Asked = { ask: "open", url: socketUrl(receiver.url), tokens: [listener.token], query: eventsDocument };
  await subscribers.ask(open, doneSchema);

  /** Milliseconds from the commit of each message on the sender to its arrival. */
  const run = async (mark: string, messages: number): Promise<readonly number[]> => {
    const expect: Asked = { ask: "expect", needle: mark, count: messages };
    await subscribers.ask(expect, doneSchema);
    const toSend: Load = {
      ...{ port: Number(new URL(sender.url).port), inFlight: 4, rate: perSecond },
      ...{ requests: requestsIn(talks, mark, messages), expects: '"MessageAddPayload"' },
    };
    const loaded = await load.ask(toSend, loadedSchema);
    if (loaded.failures > 0) throw new Error(`${loaded.failures} failed, the first: ${loaded.firstFailure}`);
    const arrived: Asked = { ask: "arrived" };
    const { at, texts } = await subscribers.ask(arrived, arrivedSchema);
    if (at.length < messages) throw new Error(`${at.length} of ${messages} messages arrived`);
    const recordedAt = await recordedMs(sender, mark);
    return texts.map((text, index) => (at[index] ?? Number.NaN) - (recordedAt.get(numberIn(text)) ?? Number.NaN));
  };

  await using floor = openFloor(sender, receiver);
  await run("warming up", perSecond);
  for (const platform of [sender, receiver]) await platform.analyze();
  await floor.run(perSecond);
  // Before and after, so that both are of the same minutes: others may use the machine too.
  const before = await floor.run(count / 2);
  const ours = await run("measured", count);
  const limits = [...before, ...(await floor.run(count / 2))];
  await untilDelivered(sender, receiver.name);
  await checkEqual(receiver, sender, talks, count + perSecond);
  progress(`${count} messages, p50 ${median(ours).toFixed(1)} ms, limit ${median(limits).toFixed(1)} ms`);
  const rowOf = (name: string, p: number, told: Row["told"]): Row => ({
    row: `committed → subscriber of another platform, ${name}`,
    unit: "ms",
    ours: percentile(ours, p),
    limit: percentile(limits, p),
    toReach: null,
    told,
  });
  return [rowOf("p50", 0.5, { messages: count, "messages /s": perSecond }), rowOf("p99", 0.99, {})];
}

/** When each message of a run was committed, by the sender's database, in milliseconds since 1970, by its number. */
async function recordedMs({ database: { pool } }: Platform, mark: string): Promise<ReadonlyMap<number, number>> {
  const { rows } = await pool.query<{ text: string; recorded: number }>(
    `SELECT body->>'text' AS text, extract(epoch FROM recorded_at)::float8 * 1000 AS recorded FROM event
    WHERE model = 'message' AND starts_with(body->>'text', $1)`,
    [mark],
  );
  return new Map(rows.map(({ text, recorded }) => [numberIn(text), recorded]));
}

interface Floor extends AsyncDisposable {
  /** Asks twice, `count` times at the pace of the messages. Milliseconds each time. */
  run(count: number): Promise<readonly number[]>;
}

/** What nobody can go below who sends something signed and hears that it was verified, and is asked something signed in turn. */
function openFloor({ name, signer }: Platform, receiver: Platform): Floor {
  const outgoing = createOutgoing({ peers: new Map([[receiver.name, receiver.url]]), log: silentLogger });
  // A batch of nothing that is known: it is verified, read and answered, and nothing is written.
  const body = Buffer.from(JSON.stringify({ entries: [{ from: name }] }));
  const url = new URL(`https://${receiver.name}/f/evt/${sha256(body)}/`);
  const one = async () => {
    const headers = new Map([["content-type", "application/json"]]);
    const signed = signRequest({ method: "POST", targetUri: url.href, headers, body }, signer, new Date());
    const all = { ...Object.fromEntries(headers), ...signed };
    const { status } = await outgoing.send({
      ...{ method: "POST", url, headers: all, body, timeoutMs: 5_000, maxAnswerBytes: 100_000 },
    });
    if (status !== 200) throw new Error(`a signed request was answered with ${status}`);
  };
  return {
    run: async (count) => {
      const samples: number[] = [];
      for (let index = 0; index < count; index++) {
        const startedAt = performance.now();
        await one();
        await one();
        samples.push(performance.now() - startedAt);
        await pause(1000 / perSecond);
      }
      return samples;
    },
    [Symbol.asyncDispose]: () => outgoing[Symbol.asyncDispose](),
  };
}
