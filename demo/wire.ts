// The wire from one platform to another, which can be cut.
import { connect, createServer, type Socket } from "node:net";

export interface Wire extends AsyncDisposable {
  /** Where it begins: what the one platform takes for the other. */
  readonly origin: string;
  /** Where it ends. Until that is known it counts as cut. */
  leadTo(port: number): void;
  /** Nothing comes through any more, and what is under way is lost. */
  cut(): void;
  join(): void;
}

export async function openWire(): Promise<Wire> {
  let port: number | null = null;
  let isCut = false;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    if (port === null || isCut) return void near.destroy();
    const far = connect(port, "127.0.0.1");
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a wire has no port");
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    origin: `http://127.0.0.1:${address.port}`,
    leadTo: (to) => {
      port = to;
    },
    cut,
    join: () => {
      isCut = false;
    },
    [Symbol.asyncDispose]: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
