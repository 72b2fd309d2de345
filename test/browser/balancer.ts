// A page's origin with two processes behind it, as a proxy has it: files of the page, and `/graphql` to one of them in turn.
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { join, normalize } from "node:path";

export interface Balancer extends AsyncDisposable {
  readonly url: string;
  /** How many requests and sockets were broken off, for the process that answered them went. */
  readonly broken: () => number;
}

/**
 * @param processes where they listen: `http://127.0.0.1:PORT`
 * @param folders what is served under which first part of a path
 */
export async function startBalancer(
  processes: readonly string[],
  page: string,
  folders: Readonly<Record<string, string>>,
): Promise<Balancer> {
  const ports = processes.map((url) => Number(new URL(url).port));
  const sockets = new Set<Socket>();
  /** Streams have turns of their own, so that they are spread whatever is asked beside them. */
  const turns = { request: 0, stream: 0 };
  let broken = 0;

  /** A connection to the next process that takes one. What was sent to one that then broke is not sent to another. */
  const reach = async (kind: keyof typeof turns): Promise<Socket | null> => {
    const first = turns[kind]++ % ports.length;
    for (const port of [...ports.slice(first), ...ports.slice(0, first)]) {
      const socket = connect(port, "127.0.0.1");
      const isThere = await new Promise<boolean>((resolve) => {
        socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      });
      if (isThere) return socket;
    }
    return null;
  };

  const forward = async (asked: IncomingMessage, response: ServerResponse): Promise<void> => {
    const socket = await reach(asked.headers.accept === "text/event-stream" ? "stream" : "request");
    const fail = () => {
      broken++;
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end("<h1>Bad Gateway</h1>");
    };
    if (!socket) return fail();
    const { method = "GET", url = "/", headers } = asked;
    const sent = request({
      createConnection: () => socket,
      method,
      path: url,
      headers: { ...headers, connection: "close" },
    });
    sent.on("error", fail);
    sent.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on("error", fail);
      answer.pipe(response);
    });
    response.on("close", () => sent.destroy());
    asked.pipe(sent);
  };

  const serve = async (path: string, response: ServerResponse): Promise<void> => {
    if (path === "/") {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(page);
      return;
    }
    const [, first = "", ...rest] = normalize(path).split("/");
    const folder = folders[first];
    const file = folder === undefined ? null : await readFile(join(folder, ...rest)).catch(() => null);
    if (file) response.writeHead(200, { "content-type": "text/javascript; charset=utf-8" }).end(file);
    else response.writeHead(404).end();
  };

  const server = createServer((asked, response) => {
    const path = new URL(asked.url ?? "/", "http://page").pathname;
    void (path === "/graphql" ? forward(asked, response) : serve(path, response));
  });
  server.on("connection", (socket) => sockets.add(socket.once("close", () => sockets.delete(socket))));
  server.on("upgrade", async ({ url, rawHeaders }: IncomingMessage, client: Socket, head: Buffer) => {
    client.on("error", () => {});
    const socket = await reach("stream");
    if (!socket) {
      client.destroy();
      return;
    }
    const lines = rawHeaders.flatMap((name, index) => (index % 2 ? [] : [`${name}: ${rawHeaders[index + 1]}`]));
    socket.write(`GET ${url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    socket.write(head);
    socket.pipe(client).pipe(socket);
    socket.on("error", () => {});
    let isLeft = false;
    client.on("close", () => {
      isLeft = true;
      socket.destroy();
    });
    socket.on("close", () => {
      if (!isLeft) broken++;
      client.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    broken: () => broken,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
