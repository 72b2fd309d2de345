// The stream that does not break, over connections that do.
import { expect, test } from "vitest";
import type { EventAdded, Had } from "../../sdk/src/fill-gap.ts";
import { type EventsOptions, followEvents, type Source, type StreamItem } from "../../sdk/src/follow-events.ts";
import { ParleyError } from "../../sdk/src/parley-error.ts";
import { rememberSeen } from "../../sdk/src/seen.ts";
import { eventAdded, gapAfter, inShort, type TestPace, testPace } from "./given.ts";

const broken = () => new ParleyError("UNREACHABLE", "The connection broke.");

/** What one connection does: is taken, gives an item, breaks; then it ends. Or something that is run. */
type Step = "taken" | StreamItem | Error | (() => void);

interface Scene {
  readonly source: Source;
  readonly pace: TestPace;
  /** After what each connection was asked for. */
  readonly begun: (string | undefined)[];
}

/** A source whose connections go as they are told to; the one after the last aborts, so that the test ends. */
function scene(connections: readonly (readonly Step[])[], pace = testPace()): Scene & { readonly signal: AbortSignal } {
  const ending = new AbortController();
  const begun: (string | undefined)[] = [];
  let cursors = 0;
  const source: Source = {
    pace,
    cursor: async () => `now${++cursors}`,
    fill: async function* (gap, had: Iterable<Had>) {
      for (const { conversation, seq } of had) {
        for (const place of [1, 2, 3])
          yield { ...eventAdded(conversation, seq + place), cursor: gap.cursor } as EventAdded;
      }
    },
    open: async function* ({ after }, { onConnected }) {
      const steps = connections[begun.length];
      if (!steps) return ending.abort();
      begun.push(after ?? undefined);
      for (const step of steps) {
        if (step === "taken") onConnected("webSocket");
        else if (typeof step === "function") step();
        else if (step instanceof Error) throw step;
        else yield step;
      }
    },
  };
  return { source, pace, begun, signal: ending.signal };
}

async function followed({ source, signal }: ReturnType<typeof scene>, options: EventsOptions = {}): Promise<string[]> {
  const told: string[] = [];
  for await (const item of followEvents(source, options, signal)) told.push(inShort(item));
  return told;
}

test("after a break it goes on after the last cursor, and drops what comes again", async () => {
  const it = scene([
    ["taken", eventAdded("a", 1), eventAdded("b", 7), eventAdded("a", 2), broken()],
    ["taken", eventAdded("b", 7), eventAdded("a", 2), eventAdded("b", 8)],
  ]);
  expect(await followed(it, { after: "start" })).toEqual(["a1", "b7", "a2", "b8"]);
  expect(it.begun).toEqual(["start", "a2"]);
});

test("what is dropped moves no cursor back", async () => {
  const it = scene([
    ["taken", eventAdded("a", 1), eventAdded("a", 2), broken()],
    ["taken", eventAdded("a", 1), broken()],
    ["taken"],
  ]);
  await followed(it, { after: "start" });
  expect(it.begun).toEqual(["start", "a2", "a2"]);
});

test("from now on: a break before the first event loses nothing", async () => {
  const it = scene([
    ["taken", broken()],
    ["taken", eventAdded("a", 1)],
  ]);
  expect(await followed(it)).toEqual(["a1"]);
  expect(it.begun).toEqual([undefined, "now1"]);
});

test("from now on: as long as no connection was taken, now is later", async () => {
  const it = scene([[broken()], ["taken"]]);
  await followed(it);
  expect(it.begun).toEqual([undefined, undefined]);
});

test("each failure in a row doubles the longest wait, up to half a minute, and chance says how much of it", async () => {
  const never = Array.from({ length: 8 }, () => [broken()]);
  const longest = scene(never);
  await followed(longest, { after: "start" });
  expect(longest.pace.waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  const halves = scene(never.slice(0, 3), testPace(0.5, 0, 0.25));
  await followed(halves, { after: "start" });
  expect(halves.pace.waits).toEqual([500, 0, 1_000]);
});

test("waits begin anew after news, and after a connection that held; not after one that was merely taken", async () => {
  const pace = testPace();
  const it = scene(
    [
      [broken()],
      [broken()],
      ["taken", eventAdded("a", 1), broken()],
      ["taken", eventAdded("a", 1), broken()],
      [
        "taken",
        () => {
          pace.nowMs += 10_000;
        },
        broken(),
      ],
      ["taken"],
    ],
    pace,
  );
  await followed(it, { after: "start" });
  expect(pace.waits.slice(0, 5)).toEqual([1_000, 2_000, 1_000, 2_000, 1_000]);
});

test("who is asked to wait longer, waits longer", async () => {
  const it = scene([[new ParleyError("BAD_ANSWER", "Busy", { isRetryable: true, retryAfterMs: 90_000 })]]);
  await followed(it, { after: "start" });
  expect(it.pace.waits).toEqual([90_000]);
});

test.each(["UNAUTHENTICATED", "BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "BAD_ANSWER"])(
  "%s is thrown: another try would meet it again",
  async (code) => {
    const it = scene([[new ParleyError(code, "No.")]]);
    await expect(followed(it, { after: "start" })).rejects.toMatchObject({ name: "ParleyError", code });
    expect(it.pace.waits).toEqual([]);
  },
);

test.each(["UNREACHABLE", "TIMEOUT", "STOPPING", "INTERNAL_SERVER_ERROR", "TOO_MANY_STREAMS"])(
  "%s passes, and is tried again",
  async (code) => {
    const it = scene([[new ParleyError(code, "Not now.")], ["taken", eventAdded("a", 1)]]);
    expect(await followed(it, { after: "start" })).toEqual(["a1"]);
  },
);

test("a token that runs out later is thrown too", async () => {
  const it = scene([["taken", eventAdded("a", 1), broken()], [new ParleyError("UNAUTHENTICATED", "Not any more.")]]);
  await expect(followed(it, { after: "start" })).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
});

test("what is no GraphQL, where a platform was, is a proxy's, and passes", async () => {
  const it = scene([
    ["taken", broken()],
    [new ParleyError("BAD_ANSWER", "Log in here.")],
    ["taken", eventAdded("a", 1)],
  ]);
  expect(await followed(it, { after: "start" })).toEqual(["a1"]);
});

test("a platform that cannot give a cursor yet is asked again", async () => {
  const it = scene([["taken", eventAdded("a", 1)]]);
  const cursors = [Promise.reject(broken()), Promise.resolve("now")];
  const source = { ...it.source, cursor: async () => cursors.shift() ?? "later" };
  expect(await followed({ ...it, source })).toEqual(["a1"]);
});

test("an error of the reader's own is theirs", async () => {
  const it = scene([["taken", gapAfter("g")]]);
  const onGap = () => {
    throw new TypeError("mine");
  };
  await expect(followed(it, { onGap })).rejects.toThrow(TypeError);
});

test("a gap comes as an item; a break after it goes on after a cursor from before it was told", async () => {
  const it = scene([
    ["taken", eventAdded("a", 1), gapAfter("a1"), broken()],
    ["taken", eventAdded("a", 9)],
  ]);
  expect(await followed(it, { after: "start" })).toEqual(["a1", "Gap", "a9"]);
  expect(it.begun).toEqual(["start", "now1"]);
});

test("a gap is filled with what the reader names, each event once, before the stream goes on", async () => {
  const it = scene([["taken", eventAdded("a", 1), gapAfter("a1"), eventAdded("a", 4), eventAdded("a", 5)]]);
  const gaps: string[] = [];
  const onGap: EventsOptions["onGap"] = async ({ cursor }) => {
    gaps.push(cursor);
    return [
      { conversation: "a", seq: 0 },
      { conversation: "b", seq: 6 },
    ];
  };
  expect(await followed(it, { after: "start", onGap })).toEqual(["a1", "a2", "a3", "b7", "b8", "b9", "a4", "a5"]);
  expect(gaps).toEqual(["a1"]);
});

test("a gap that nobody wants to have filled is over when the reader says so", async () => {
  const it = scene([["taken", gapAfter("g"), eventAdded("a", 4), broken()], ["taken"]]);
  const onGap = () => undefined;
  expect(await followed(it, { after: "start", onGap })).toEqual(["a4"]);
  expect(it.begun).toEqual(["start", "a4"]);
});

test("where filling breaks, the gap is met again, and filled from where it was", async () => {
  const it = scene([["taken", gapAfter("g")], ["taken", gapAfter("g")], ["taken"]]);
  let times = 0;
  const fill: Source["fill"] = async function* (gap, had, signal) {
    for await (const item of it.source.fill(gap, had, signal)) {
      if (++times === 2) throw broken();
      yield item;
    }
  };
  const onGap = () => [{ conversation: "a", seq: 0 }];
  expect(await followed({ ...it, source: { ...it.source, fill } }, { after: "start", onGap })).toEqual([
    "a1",
    "a2",
    "a3",
  ]);
  expect(it.begun).toEqual(["start", "start", "now2"]);
});

test("it says how it is connected", async () => {
  const it = scene([["taken", eventAdded("a", 1), broken()], ["taken"]]);
  const states: unknown[] = [];
  await followed(it, { after: "start", onState: (state) => states.push(state) });
  expect(states).toEqual([
    { is: "connecting" },
    { is: "connected", over: "webSocket" },
    { is: "waiting", forMs: 1_000, error: expect.objectContaining({ code: "UNREACHABLE" }) },
    { is: "connecting" },
    { is: "connected", over: "webSocket" },
    { is: "waiting", forMs: 2_000, error: expect.objectContaining({ message: "The platform ended the stream." }) },
    { is: "connecting" },
  ]);
});

test("an abort while it waits ends it without an error", async () => {
  const abort = new AbortController();
  const it = scene([[broken()]]);
  const onState: EventsOptions["onState"] = ({ is }) => is === "waiting" && abort.abort();
  expect(await followed({ ...it, signal: abort.signal }, { onState })).toEqual([]);
  expect(it.begun).toHaveLength(1);
});

test("what it remembers of a long life is bounded: the conversations that were quiet for longest are forgotten", () => {
  const isNew = rememberSeen(3);
  for (const conversation of ["a", "b", "c", "d"]) expect(isNew(conversation, 5)).toBe(true);
  expect(["b", "c", "d"].map((conversation) => isNew(conversation, 5))).toEqual([false, false, false]);
  expect(isNew("b", 6)).toBe(true);
  expect(isNew("a", 5)).toBe(true);
  expect(isNew("b", 6)).toBe(false);
  expect(isNew("c", 5)).toBe(true);
});
