// The limit of fanning out: a `ws` server that does nothing but send the same bytes to everybody.
import { createServer } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";
import { nowMs } from "./measure.ts";

const askedSchema = z.discriminatedUnion("ask", [
  z.object({ ask: z.literal("listen") }),
  z.object({ ask: z.literal("broadcast"), text: z.string() }),
  z.object({ ask: z.literal("memory") }),
]);

export const listeningSchema = z.object({ port: z.int() });
/** When it began to send, in milliseconds since 1970. */
export const broadcastSchema = z.object({ calledAt: z.number() });
export const memorySchema = z.object({ heap: z.number(), rss: z.number() });

const http = createServer();
const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });
// As Parley's: somebody who breaks off must not end the process.
sockets.on("connection", (socket: WebSocket) => socket.on("error", () => {}));

function answer(asked: z.infer<typeof askedSchema>): Promise<object> | object {
  switch (asked.ask) {
    case "listen":
      return new Promise((resolve) => {
        http.listen(0, "127.0.0.1", () => {
          const address = http.address();
          resolve({ port: typeof address === "object" && address ? address.port : 0 });
        });
      });
    case "broadcast": {
      const calledAt = nowMs();
      const data = Buffer.from(asked.text);
      for (const socket of sockets.clients) socket.send(data, { binary: false });
      return { calledAt };
    }
    case "memory": {
      void globalThis.gc?.();
      void globalThis.gc?.();
      const { heapUsed, external, rss } = process.memoryUsage();
      return { heap: heapUsed + external, rss };
    }
  }
}

process.on("message", (message) => {
  void Promise.resolve(answer(askedSchema.parse(message))).then((answered) => process.send?.(answered));
});
