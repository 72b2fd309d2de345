// Platforms that are down, each a process of its own: what the others do meanwhile, and how it comes together again.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { done } from "../graphql/given.ts";
import { logIn, untilLogsEqual } from "../support/equal-logs.ts";
import { runParley } from "../support/parley-process.ts";
import { type PlatformProcesses, startPlatformProcesses } from "../support/platform-processes.ts";
import type { Someone } from "../support/platforms.ts";

const opened = new AsyncDisposableStack();
let platforms: PlatformProcesses;
let alice: Someone;
let bob: Someone;
let carol: Someone;

const [a, b, c] = ["a.localhost", "b.localhost", "c.localhost"];

beforeAll(async () => {
  platforms = opened.use(await startPlatformProcesses(a, b, c));
  alice = await platforms.someone("alice", a);
  bob = await platforms.someone("bob", b);
  carol = await platforms.someone("carol", c);
});
afterAll(() => opened.disposeAsync());

const poolOf = (name: string) => platforms.on(name).database.pool;
const equal = (conversation: string, ...names: readonly string[]) => untilLogsEqual(conversation, ...names.map(poolOf));

/** Begins a conversation of alice's with bob and carol, and waits until all have it. */
async function begun(): Promise<string> {
  const { conversation } = await done(
    alice.parley.conversationCreate({
      subject: "Through thick and thin",
      participants: [bob, carol].map(({ address }) => ({ address })),
      publish: true,
    }),
  );
  const hash = conversation.hash ?? expect.fail("it was not published");
  await equal(hash, a, b, c);
  return hash;
}

/** The words of a log, in its order. */
const wordsIn = (log: Awaited<ReturnType<typeof equal>>): readonly string[] =>
  log.flatMap(({ body }) => (body && "text" in body ? [body.text] : []));

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `Number ${index}`);

test("a platform that was down for a whole burst is caught up when it is there again, without anybody having to speak", async () => {
  const conversation = await begun();
  await platforms.end(b, "SIGKILL");
  const words = numbered(200);
  for (const body of words) await done(alice.parley.messageAdd({ conversation, body }));
  // The others do not wait for the one that is down.
  await equal(conversation, a, c);
  expect(await logIn(poolOf(b), conversation)).toHaveLength(4);

  await platforms.start(b);
  expect(wordsIn(await equal(conversation, a, b, c))).toEqual(words);
});

test("words for a leader that is down wait, are shown as waiting, and arrive in their order when it is back", async () => {
  const conversation = await begun();
  const first = await done(bob.parley.messageAdd({ conversation, body: "Said before." }));
  const message = first.event?.hash ?? expect.fail("it was not said");
  await platforms.end(a, "SIGKILL");

  const words = ["One", "Two", "Three"];
  for (const body of words) {
    const said = await done(bob.parley.messageAdd({ conversation, body }));
    expect(said).toMatchObject({ pending: true, event: null, item: { body, pending: true, seq: 0 } });
  }
  const unreachable = { code: "LEADER_UNREACHABLE" };
  expect(await bob.parley.messageLock({ conversation, message })).toMatchObject(unreachable);
  expect(await bob.parley.messageModify({ conversation, message, body: "Edited." })).toMatchObject(unreachable);
  expect(await bob.parley.subjectModify({ conversation, subject: "Another" })).toMatchObject(unreachable);
  expect(wordsIn(await logIn(poolOf(b), conversation))).toEqual(["Said before."]);

  await platforms.start(a);
  await expect
    .poll(async () => wordsIn(await equal(conversation, a, b, c)), { timeout: 30_000 })
    .toEqual(["Said before.", ...words]);
  const shown = await bob.parley.messages({ conversation, last: 10 });
  expect(shown?.messages.edges.map(({ node }) => node.pending)).toEqual([false, false, false, false]);
});

test("an export by a follower proves the log to somebody who has neither platform", async () => {
  const conversation = await begun();
  await done(bob.parley.messageAdd({ conversation, body: "Said on b." }));
  await done(alice.parley.messageAdd({ conversation, body: "Said on a." }));
  const log = await equal(conversation, a, b, c);
  const folder = await mkdtemp(join(tmpdir(), "parley-follower-"));
  await using _removed = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  const file = join(folder, "log.json");
  const exported = await runParley(["export", conversation, "--out", file], platforms.on(b).settings);
  expect(exported).toMatchObject({ code: 0, errors: "" });

  const verified = await runParley(["verify", file, "--json"]);
  expect(verified).toMatchObject({ code: 0, errors: "" });
  expect(JSON.parse(verified.output)).toMatchObject({
    fault: null,
    conversation,
    events: log.length,
    head: expect.any(String),
    exported: { exporter: b },
    keys: [
      { platform: a, events: log.length },
      { platform: b, events: 0, proposals: 1, isVouchedFor: true },
    ],
    bodies: { present: log.length, erased: 0, missing: 0 },
  });
});
