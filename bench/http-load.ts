// The load on HTTP, in a process of its own: POSTs over kept-alive connections, a fixed number in flight.
//
// It writes and reads HTTP/1.1 itself: on two cores, what `node:http` costs as a client (about as much as the platform
// spends on a request) would be taken from the platform.
import { connect, type Socket } from "node:net";
import { z } from "zod";
import { nowMs } from "./measure.ts";

/** What to send: `bodies` go out in turn, each with its token. */
export const loadSchema = z.object({
  port: z.int(),
  inFlight: z.int(),
  /** Requests a second; null: as fast as they are answered. */
  rate: z.number().nullable(),
  requests: z.array(z.object({ token: z.string(), body: z.string() })),
  /** An answer that does not contain this is a failure. */
  expects: z.string(),
});
export type Load = z.infer<typeof loadSchema>;

export const loadedSchema = z.object({
  /** From the first request sent to the last answer. */
  elapsedMs: z.number(),
  failures: z.int(),
  firstFailure: z.string().nullable(),
  /** When each was sent and answered, since 1970, in the order of the requests. */
  sentAt: z.array(z.number()),
  answeredAt: z.array(z.number()),
});
export type Loaded = z.infer<typeof loadedSchema>;

async function run({ port, inFlight, rate, requests, expects }: Load): Promise<Loaded> {
  const heads = requests.map(({ token, body }) =>
    Buffer.from(
      `POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\nAccept: application/graphql-response+json\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    ),
  );
  const sentAt = new Array<number>(requests.length).fill(0);
  const answeredAt = new Array<number>(requests.length).fill(0);
  let failures = 0;
  let firstFailure: string | null = null;
  let next = 0;
  const connections = await Promise.all(Array.from({ length: inFlight }, () => opened(port)));
  const startedAt = nowMs();
  await Promise.all(
    connections.map(async (connection) => {
      for (;;) {
        const index = next++;
        const head = heads[index];
        if (!head) break;
        if (rate !== null) await until(startedAt + (index * 1000) / rate);
        sentAt[index] = nowMs();
        const answer = await connection.ask(head);
        answeredAt[index] = nowMs();
        if (!answer.includes(expects)) {
          failures++;
          firstFailure ??= answer;
        }
      }
    }),
  );
  const elapsedMs = nowMs() - startedAt;
  for (const { socket } of connections) socket.destroy();
  return { elapsedMs, failures, firstFailure, sentAt, answeredAt };
}

async function until(atMs: number): Promise<void> {
  const left = atMs - nowMs();
  if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
}

interface Connection {
  readonly socket: Socket;
  /** Sends a request and resolves with the whole answer as text. One at a time. */
  ask(request: Buffer): Promise<string>;
}

function opened(port: number): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    let text = "";
    let answer: ((text: string) => void) | null = null;
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (!isWhole(text)) return;
      const whole = text;
      text = "";
      answer?.(whole);
    });
    socket.on("close", () => answer?.(`the connection was closed after ${JSON.stringify(text)}`));
    socket.once("error", reject);
    socket.once("connect", () =>
      resolve({
        socket,
        ask: (request) =>
          new Promise((done) => {
            answer = done;
            socket.write(request);
          }),
      }),
    );
  });
}

/** RFC 9112 §6: a length, or chunks up to an empty one. Whether this is one whole answer. */
function isWhole(text: string): boolean {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, headEnd))?.[1];
  return length === undefined ? text.endsWith("\r\n0\r\n\r\n") : text.length >= headEnd + 4 + Number(length);
}

process.on("message", (message) => {
  void run(loadSchema.parse(message)).then((loaded) => process.send?.(loaded));
});
