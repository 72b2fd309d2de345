// Speaks to an API over each of its transports, as plainly as a test needs it.
import { once } from "node:events";
import { WebSocket } from "ws";
import { z } from "zod";

export interface Asked {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
  readonly operationName?: string;
}

const resultSchema = z.looseObject({
  data: z.unknown().optional(),
  errors: z
    .array(z.looseObject({ message: z.string(), extensions: z.looseObject({ code: z.string() }).optional() }))
    .optional(),
});
export type Result = z.infer<typeof resultSchema>;

export interface Answer {
  /** Of HTTP; null over WebSocket. */
  readonly status: number | null;
  readonly result: Result;
}

const answerOf = async (response: Response): Promise<Answer> => ({
  status: response.status,
  result: resultSchema.parse(await response.json()),
});

export type Ask = (url: string, asked: Asked, token?: string) => Promise<Answer>;

const bearer = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

/** GraphQL over HTTP in its newer media type, where a status says whether the document was taken. */
const accept = "application/graphql-response+json";

export const post: Ask = async (url, asked, token) =>
  answerOf(
    await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", accept, ...bearer(token) },
      body: JSON.stringify(asked),
    }),
  );

export const queryString = ({ query, variables, operationName }: Asked): string =>
  new URLSearchParams({
    query,
    ...(variables && { variables: JSON.stringify(variables) }),
    ...(operationName !== undefined && { operationName }),
  }).toString();

export const get: Ask = async (url, asked, token) =>
  answerOf(await fetch(`${url}/graphql?${queryString(asked)}`, { headers: { accept, ...bearer(token) } }));

export interface StreamEvent {
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
}

export interface EventStream extends AsyncDisposable {
  readonly status: number;
  /** The next event; a comment is one with the event `:`. Null at the end of the stream. */
  next(): Promise<StreamEvent | null>;
  /** The next event's result. */
  result(): Promise<Result>;
}

export interface StreamOptions {
  readonly token?: string | undefined;
  readonly lastEventId?: string;
  readonly method?: "GET" | "POST";
}

/** Opens a stream of server-sent events. What is no stream is one event, named `answer`, with the body. */
export const openStream = async (url: string, asked: Asked, options: StreamOptions = {}): Promise<EventStream> => {
  const abort = new AbortController();
  const isPost = options.method !== "GET";
  const response = await fetch(isPost ? `${url}/graphql` : `${url}/graphql?${queryString(asked)}`, {
    method: isPost ? "POST" : "GET",
    headers: {
      ...(isPost && { "content-type": "application/json" }),
      accept: "text/event-stream",
      ...bearer(options.token),
      ...(options.lastEventId !== undefined && { "last-event-id": options.lastEventId }),
    },
    body: isPost ? JSON.stringify(asked) : null,
    signal: abort.signal,
  });
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
  const events = isStream ? parseEvents(response) : answered(response);
  const next = async () => (await events.next()).value ?? null;
  return {
    status: response.status,
    next,
    result: async () => resultSchema.parse(JSON.parse((await next())?.data ?? "null")),
    [Symbol.asyncDispose]: async () => abort.abort(),
  };
};

async function* answered(response: Response): AsyncGenerator<StreamEvent, undefined> {
  yield { id: null, event: "answer", data: await response.text() };
}

async function* parseEvents(response: Response): AsyncGenerator<StreamEvent, undefined> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = new Map(
        block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]),
      );
      const event = block === ":" ? ":" : (fields.get("event") ?? "message");
      yield { id: fields.get("id") ?? null, event, data: fields.get("data") ?? "" };
    }
  }
}

export const stream: Ask = async (url, asked, token) => {
  await using events = await openStream(url, asked, { token });
  return { status: events.status, result: await events.result() };
};

const messageSchema = z.looseObject({ type: z.string(), id: z.string().optional(), payload: z.unknown().optional() });
export type SocketMessage = z.infer<typeof messageSchema>;

export interface Socket extends AsyncDisposable {
  send(message: unknown): void;
  /** The next message. @throws Error where the socket closes first */
  next(): Promise<SocketMessage>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly webSocket: WebSocket;
}

export interface SocketOptions {
  /** Default: `{}`. Null: `connection_init` is not sent. */
  readonly params?: Record<string, unknown> | null;
  /** Default: `graphql-transport-ws`. */
  readonly protocols?: readonly string[];
}

/** Opens a WebSocket; unless told otherwise, it is acknowledged when this resolves. */
export const openSocket = async (
  url: string,
  { params = {}, protocols = ["graphql-transport-ws"] }: SocketOptions = {},
): Promise<Socket> => {
  const webSocket = new WebSocket(`${url.replace("http", "ws")}/graphql`, [...protocols]);
  const messages: SocketMessage[] = [];
  let wake = () => {};
  webSocket.on("message", (data) => {
    messages.push(messageSchema.parse(JSON.parse(String(data))));
    wake();
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    webSocket.once("close", (code, reason) => resolve({ code, reason: String(reason) }));
  });
  void closed.then(() => wake());
  // What breaks it is told by `closed`.
  webSocket.on("error", () => {});
  await once(webSocket, "open");
  const socket: Socket = {
    send: (message) => webSocket.send(typeof message === "string" ? message : JSON.stringify(message)),
    next: async () => {
      for (;;) {
        const message = messages.shift();
        if (message) return message;
        if (webSocket.readyState === WebSocket.CLOSED) throw new Error("the socket is closed");
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    closed,
    webSocket,
    [Symbol.asyncDispose]: async () => {
      webSocket.close();
      await closed;
    },
  };
  if (params === null) return socket;
  socket.send({ type: "connection_init", payload: params });
  const first = await socket.next();
  if (first.type !== "connection_ack") throw new Error(`not acknowledged: ${first.type}`);
  return socket;
};

export const overSocket: Ask = async (url, asked, token) => {
  await using socket = await openSocket(url, token === undefined ? {} : { params: { token } });
  socket.send({ type: "subscribe", id: "1", payload: asked });
  const { type, payload } = await socket.next();
  return { status: null, result: resultSchema.parse(type === "error" ? { errors: payload } : payload) };
};
