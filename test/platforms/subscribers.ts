// People at their devices: they ask an API process over HTTP, and listen to it over WebSocket or SSE, with nothing of ours.
import { createClient } from "graphql-ws";
import { expect } from "vitest";
import { WebSocket } from "ws";
import { z } from "zod";
import type { Hash } from "../../src/protocol/hash.ts";

const answerSchema = z.object({ data: z.record(z.string(), z.unknown()).nullish(), errors: z.unknown().optional() });

/** Asks over HTTP; fails where there are errors. */
export async function ask(url: string, token: string, query: string, variables: object = {}): Promise<unknown> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = answerSchema.parse(await response.json());
  expect(errors).toBeUndefined();
  return data;
}

const payloadSchema = z.object({
  done: z.object({
    conversation: z.object({ hash: z.string() }),
    event: z.object({ seq: z.int(), hash: z.string() }),
  }),
});

/** Does a mutation that appends; tells which event that was. */
export async function append(
  url: string,
  token: string,
  mutation: string,
  input: object,
): Promise<{ readonly conversation: Hash; readonly seq: number; readonly event: Hash }> {
  const payload = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}`;
  const query = `mutation ($input: ${payload}Input!) {
    done: ${mutation}(input: $input) { ... on ${payload}Payload { conversation { hash } event { seq hash } } ... on Rejection { code } }
  }`;
  const { done } = payloadSchema.parse(await ask(url, token, query, { input }));
  return { conversation: done.conversation.hash, seq: done.event.seq, event: done.event.hash };
}

/** Publishes a conversation with these people. */
export async function converse(url: string, token: string, ...addresses: readonly string[]): Promise<Hash> {
  const participants = addresses.map((address) => ({ address, role: "WRITER" }));
  const { conversation } = await append(url, token, "conversationCreate", { participants, publish: true });
  return conversation;
}

export const say = (url: string, token: string, conversation: Hash, body: string, clientId?: string) =>
  append(url, token, "messageAdd", { conversation, body, ...(clientId !== undefined && { clientId }) });

const itemSchema = z.object({
  __typename: z.string(),
  conversation: z.looseObject({ hash: z.string() }).optional(),
  event: z.looseObject({ seq: z.int() }).optional(),
});
const resultSchema = z.object({ data: z.object({ events: itemSchema }) });

/** What a subscriber is told. */
export type Told = z.infer<typeof itemSchema>;

export interface Subscriber extends AsyncDisposable {
  readonly name: string;
  readonly told: readonly Told[];
  /** The places of the events of a conversation that it was told of, in the order of telling. */
  seqsOf(conversation: Hash): readonly number[];
  /** Resolves once it was told of that event; rejects where the stream breaks or ends before. */
  until(conversation: Hash, seq: number): Promise<void>;
}

const documentOf = (selection: string) => `subscription {
  events { __typename ... on EventAdded { event { seq } conversation { hash ${selection} } } }
}`;

function listening(name: string, close: () => Promise<void>) {
  const told: Told[] = [];
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => {});
  const waiting = new Set<() => void>();
  const seqsOf = (conversation: Hash) =>
    told.flatMap(({ event, conversation: of }) => (event && of?.hash === conversation ? [event.seq] : []));
  const subscriber: Subscriber = {
    name,
    told,
    seqsOf,
    until: async (conversation, seq) => {
      while (!seqsOf(conversation).includes(seq)) {
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting.add(resolve);
        await Promise.race([promise, broken.promise]);
        waiting.delete(resolve);
      }
    },
    [Symbol.asyncDispose]: close,
  };
  return {
    subscriber,
    hear: (result: unknown) => {
      told.push(resultSchema.parse(result).data.events);
      for (const go of waiting) go();
    },
    fail: (error: unknown) => broken.reject(new Error(`${name} broke`, { cause: error })),
  };
}

/** Subscribes over WebSocket. @param selection more fields of the conversation of each event */
export async function overWebSocket(url: string, token: string, selection = ""): Promise<Subscriber> {
  const client = createClient({
    url: `${url.replace("http", "ws")}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { token },
    retryAttempts: 0,
    lazy: false,
    onNonLazyError: (error) => fail(error),
  });
  const { subscriber, hear, fail } = listening(`WebSocket at ${url}`, async () => client.dispose());
  const subscribed = new Promise<void>((resolve, reject) => {
    client.on("message", (message) => message.type === "connection_ack" && resolve());
    client.on("closed", (event) => reject(new Error("the socket was closed before it was open", { cause: event })));
  });
  // Once it is open, that is told to who waits for an event.
  subscribed.catch(() => {});
  client.subscribe({ query: documentOf(selection) }, { next: hear, error: fail, complete: () => fail("completed") });
  await subscribed;
  // The socket answers in order: once it has answered this, the subscription before it stands.
  const query = "{ viewer { address } }";
  await new Promise<void>((resolve, reject) => {
    client.subscribe({ query }, { next: () => {}, error: reject, complete: resolve });
  });
  return subscriber;
}

/** Subscribes over server-sent events. @param selection more fields of the conversation of each event */
export async function overSse(url: string, token: string, selection = ""): Promise<Subscriber> {
  const abort = new AbortController();
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "text/event-stream",
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ query: documentOf(selection) }),
    signal: abort.signal,
  });
  expect(response.status).toBe(200);
  const { subscriber, hear, fail } = listening(`SSE at ${url}`, async () => {
    abort.abort();
    await reading;
  });
  const reading = (async () => {
    let text = "";
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const data = /^data: (.+)$/m.exec(block)?.[1];
        if (/^event: next$/m.test(block) && data !== undefined) hear(JSON.parse(data));
      }
    }
    fail("the answer ended");
  })().catch(fail);
  return subscriber;
}

/** A subscription over each transport at each of these processes. */
export async function everywhere(
  urls: readonly string[],
  token: string,
  selection = "",
): Promise<readonly Subscriber[]> {
  return Promise.all(urls.flatMap((url) => [overWebSocket(url, token, selection), overSse(url, token, selection)]));
}
