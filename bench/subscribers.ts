// Many subscribers in a process of their own: sockets to Parley or to the bare server, and when a message reached each.
//
// Messages are not parsed, only searched: reading 5,000 answers costs this process more than it costs to send them.
import { WebSocket } from "ws";
import { z } from "zod";
import { nowMs } from "./measure.ts";

const askedSchema = z.discriminatedUnion("ask", [
  z.object({
    ask: z.literal("open"),
    url: z.string(),
    /** One socket for each. */
    tokens: z.array(z.string()),
    /** What each subscribes to; null: the bare server, which speaks no protocol. */
    query: z.string().nullable(),
  }),
  /** From now on, messages that contain `needle` count, until there are `count` of them. */
  z.object({ ask: z.literal("expect"), needle: z.string(), count: z.int() }),
  /** Answered when all that was expected has come, or after 20 seconds. */
  z.object({ ask: z.literal("arrived") }),
]);
export type Asked = z.infer<typeof askedSchema>;

export const doneSchema = z.object({ done: z.literal(true) });

export const arrivedSchema = z.object({
  count: z.int(),
  /** When each came, in milliseconds since 1970. */
  at: z.array(z.number()),
  /** The text of the first thousand. */
  texts: z.array(z.string()),
});
export type Arrived = z.infer<typeof arrivedSchema>;

const arrivedWithinMs = 20_000;
const openAtOnce = 100;
const textsMax = 1_000;

const done = { done: true };
let needle: Buffer | null = null;
let expected = 0;
let at: number[] = [];
let texts: string[] = [];
let complete = () => {};

function heard(data: Buffer): void {
  if (needle === null || !data.includes(needle)) return;
  at.push(nowMs());
  if (texts.length < textsMax) texts.push(String(data));
  if (at.length === expected) complete();
}

/** Resolves when it is open, and Parley has taken the subscription. */
function opened(url: string, token: string, query: string | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, query === null ? [] : ["graphql-transport-ws"], {
      perMessageDeflate: false,
      skipUTF8Validation: true,
    });
    const say = (message: object) => socket.send(JSON.stringify(message));
    socket.once("error", reject);
    socket.once("close", (code, reason) => reject(new Error(`a socket was closed: ${code} ${reason}`)));
    socket.once("open", () => {
      if (query !== null) return say({ type: "connection_init", payload: { token } });
      socket.on("message", heard);
      resolve();
    });
    if (query === null) return;
    const greet = (data: Buffer) => {
      const text = String(data);
      if (text.includes("connection_ack")) {
        say({ type: "subscribe", id: "1", payload: { query } });
        // Answered after it: messages of one socket are taken in their order.
        say({ type: "subscribe", id: "2", payload: { query: "{ __typename }" } });
      } else if (text.includes('"complete"')) {
        socket.off("message", greet);
        socket.on("message", heard);
        resolve();
      } else if (text.includes('"error"')) reject(new Error(text));
    };
    socket.on("message", greet);
  });
}

async function answer(asked: Asked): Promise<object> {
  switch (asked.ask) {
    case "open": {
      const { url, tokens, query } = asked;
      for (let from = 0; from < tokens.length; from += openAtOnce) {
        await Promise.all(tokens.slice(from, from + openAtOnce).map((token) => opened(url, token, query)));
      }
      return done;
    }
    case "expect":
      needle = Buffer.from(asked.needle);
      expected = asked.count;
      at = [];
      texts = [];
      return done;
    case "arrived":
      if (at.length < expected) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, arrivedWithinMs);
          complete = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      return { count: at.length, at, texts };
  }
}

process.on("message", (message) => {
  answer(askedSchema.parse(message)).then(
    (answered) => process.send?.(answered),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
