// One subscription over graphql-transport-ws, with as little around it as measuring allows.
import { WebSocket } from "ws";

/** @param told gets each `next` message as text */
export async function subscribe(url: string, token: string, query: string, told: (text: string) => void): Promise<AsyncDisposable> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/graphql`, "graphql-transport-ws", { perMessageDeflate: false });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.once("open", () => socket.send(JSON.stringify({ type: "connection_init", payload: { token } })));
    socket.on("message", (data) => {
      const text = String(data);
      if (text.includes('"type":"next"')) told(text);
      else if (text.includes('"connection_ack"')) {
        socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query } }));
        // There is no answer to a subscribe; what is asked after it on the same socket is answered after it.
        socket.send(JSON.stringify({ id: "2", type: "subscribe", payload: { query: "{ __typename }" } }));
      } else if (text.includes('"complete"')) resolve();
      else if (text.includes('"error"')) reject(new Error(`the subscription was refused: ${text}`));
    });
  });
  return { [Symbol.asyncDispose]: async () => socket.terminate() };
}
