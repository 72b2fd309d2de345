// Queries and mutations that got no answer: which are sent again, how often, and what is thrown in the end.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Document, RequestOptions } from "../../sdk/src/document.ts";
import { operationsWith } from "../../sdk/src/operations.ts";
import { runOverHttp } from "../../sdk/src/run-over-http.ts";
import { errorCodeOf } from "../graphql/given.ts";
import { testPace } from "./given.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

type Reply = () => Promise<Response>;
const answer =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Reply =>
  async () =>
    new Response(typeof body === "string" ? body : JSON.stringify(body), { status, headers });
const lost: Reply = async () => {
  throw new TypeError("fetch failed");
};
const away = answer("<h1>Bad Gateway</h1>", 502);
const fine = answer({ data: { fine: true } });

/** A client whose requests are answered so, one after the other; then with the last. */
function asking(...replies: readonly Reply[]) {
  const sent: { readonly input?: { readonly clientId?: string } }[] = [];
  const closing = new AbortController();
  const pace = testPace();
  const run = runOverHttp({
    endpoint: new URL("http://parley.test/graphql"),
    token: "token",
    timeoutMs: 5_000,
    tries: 4,
    pace,
    closed: closing.signal,
    fetch: async (_, init) => {
      sent.push(JSON.parse(String(init?.body)).variables);
      const reply = replies[Math.min(sent.length, replies.length) - 1] ?? lost;
      const aborted = new Promise<never>((_resolve, reject) => {
        init?.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
      });
      return Promise.race([reply(), aborted]);
    },
  });
  const ask = (document: string, options?: RequestOptions) =>
    run(document as Document<unknown, object>, { input: {} }, options);
  return { ask, sent, pace, closing, parley: operationsWith(run) };
}
const query = "{ fine }";
const mutation = "mutation { fine }";

test.each([
  ["a lost connection", lost],
  ["a proxy that has no platform behind it", away],
  ["one that is asked too much", answer("", 429)],
])("a query meets %s, and is sent again", async (_, reply) => {
  const { ask, sent, pace } = asking(reply, reply, fine);
  expect(await ask(query)).toEqual({ fine: true });
  expect(sent).toHaveLength(3);
  expect(pace.waits).toEqual([1_000, 2_000]);
});

test("it is sent four times, and no more", async () => {
  const { ask, sent } = asking(lost);
  expect(await errorCodeOf(ask(query))).toBe("UNREACHABLE");
  expect(sent).toHaveLength(4);
});

test("what the platform itself answers is not asked again", async () => {
  const errors = [{ message: "Something broke.", extensions: { code: "INTERNAL_SERVER_ERROR" } }];
  const { ask, sent } = asking(answer({ errors }, 500));
  await expect(ask(query)).rejects.toMatchObject({ code: "INTERNAL_SERVER_ERROR", isRetryable: true });
  expect(sent).toHaveLength(1);
});

test("an address that is no platform's is not asked again", async () => {
  const { ask, sent } = asking(answer("<h1>Not found</h1>", 404));
  await expect(ask(query)).rejects.toMatchObject({ code: "BAD_ANSWER", isRetryable: false });
  expect(sent).toHaveLength(1);
});

test("an answer that broke off is a lost connection", async () => {
  const brokenOff = async () =>
    new Response(
      new ReadableStream({
        start: (controller) => {
          controller.enqueue(new TextEncoder().encode('{"data":{"fi'));
          controller.error(new TypeError("terminated"));
        },
      }),
    );
  const { ask } = asking(brokenOff, fine);
  expect(await ask(query)).toEqual({ fine: true });
});

test("a mutation without a clientId is sent once: nobody knows whether it was done", async () => {
  const { ask, sent } = asking(lost, fine);
  await expect(ask(mutation)).rejects.toMatchObject({ code: "UNREACHABLE", isRetryable: true });
  expect(sent).toHaveLength(1);
});

test("a mutation that says that it may be repeated is sent again", async () => {
  const { ask } = asking(lost, fine);
  expect(await ask(mutation, { isRepeatable: true })).toEqual({ fine: true });
});

test("a method that appends names its request, and is sent again under that name", async () => {
  const { parley, sent } = asking(lost, away, answer({ data: { messageAdd: "done" } }));
  expect(await parley.messageAdd({ conversation: "c", body: "Words" })).toBe("done");
  const [name, ...again] = sent.map(({ input }) => input?.clientId);
  expect(name).toMatch(/^[0-9a-f]{32}$/);
  expect(again).toEqual([name, name]);
  await parley.messageAdd({ conversation: "c", body: "Words" });
  expect(sent.at(-1)?.input?.clientId).not.toBe(name);
});

test("a clientId of the caller's own stays", async () => {
  const { parley, sent } = asking(lost, answer({ data: { messageAdd: "done" } }));
  await parley.messageAdd({ conversation: "c", body: "Words", clientId: "mine" });
  expect(sent.map(({ input }) => input?.clientId)).toEqual(["mine", "mine"]);
});

test("a draft is made once: nothing says that it was made before", async () => {
  const { parley, sent } = asking(lost);
  expect(await errorCodeOf(parley.conversationCreate({ subject: "Lunch" }))).toBe("UNREACHABLE");
  expect(sent).toHaveLength(1);
  expect(await errorCodeOf(parley.conversationCreate({ subject: "Lunch", publish: true }))).toBe("UNREACHABLE");
  expect(sent).toHaveLength(5);
});

test("who is asked to wait waits so long, and for more than half a minute leaves it to the caller", async () => {
  const soon = asking(answer("", 503, { "retry-after": "7" }), fine);
  expect(await soon.ask(query)).toEqual({ fine: true });
  expect(soon.pace.waits).toEqual([7_000]);
  const late = asking(answer("", 503, { "retry-after": "3600" }), fine);
  await expect(late.ask(query)).rejects.toMatchObject({ code: "BAD_ANSWER", retryAfterMs: 3_600_000 });
});

test("no answer within the time is TIMEOUT, and is sent again", async () => {
  const never: Reply = () => new Promise(() => {});
  const { ask, sent } = asking(never, fine);
  const answered = ask(query);
  await vi.advanceTimersByTimeAsync(4_999);
  expect(sent).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(await answered).toEqual({ fine: true });
  const once = asking(never);
  const refused = errorCodeOf(once.ask(mutation));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(await refused).toBe("TIMEOUT");
});

test("a signal stops it with its reason: before it is sent, while it is, and between two tries", async () => {
  const reason = new Error("mine");
  const before = asking(fine);
  await expect(before.ask(query, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(before.sent).toHaveLength(0);

  const abort = new AbortController();
  const during = asking(() => {
    abort.abort(reason);
    return new Promise(() => {});
  });
  await expect(during.ask(query, { signal: abort.signal })).rejects.toBe(reason);

  const between = new AbortController();
  const { ask, pace, sent } = asking(lost);
  pace.wait = async () => between.abort(reason);
  await expect(ask(query, { signal: between.signal })).rejects.toBe(reason);
  expect(sent).toHaveLength(1);
});

test("a closed client sends nothing: no request, and none again", async () => {
  const { ask, closing, sent } = asking(async () => {
    closing.abort();
    return lost();
  });
  expect(await errorCodeOf(ask(query))).toBe("UNREACHABLE");
  expect(sent).toHaveLength(1);
  await expect(ask(query)).rejects.toMatchObject({ code: "CLOSED", isRetryable: false });
  expect(await errorCodeOf(ask(mutation, { isRepeatable: true }))).toBe("CLOSED");
  expect(sent).toHaveLength(1);
});
