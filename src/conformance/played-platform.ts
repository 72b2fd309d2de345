// The platform that the checks play, as others see it: a name, a list of keys at its well-known place, and under `/f/`
// whatever it is to answer.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { type ReadSignature, type RequestFault, readSignature } from "../federation/request-signature.ts";
import type { PlatformName } from "../protocol/event.ts";
import type { KeyList } from "../protocol/key-list.ts";

/** What somebody asks of it. */
export interface Asked {
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  readonly body: Buffer;
  /** Who says that they call, and signed it; whose key that is has not been asked. Or why nobody counts as having signed it. */
  readonly signed: Pick<ReadSignature, "platform" | "key"> | RequestFault;
}

export interface Answered {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Left out: none. */
  readonly json?: unknown;
}

export interface PlayedPlatform extends AsyncDisposable {
  readonly name: PlatformName;
  readonly port: number;
  /** Shown from now on; it need not hold. */
  show(list: KeyList): void;
  /** How often its list was asked for. */
  lookUps(): number;
}

export interface PlayedPlatformOptions {
  readonly list: KeyList;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Under `/f/`. Where it throws, the answer is 500. */
  answer(asked: Asked): Answered | Promise<Answered>;
}

/** Serves until disposed; then it cuts what is left. @throws where it cannot listen */
export async function openPlayedPlatform({ list, host, port, answer }: PlayedPlatformOptions): Promise<PlayedPlatform> {
  const name = list.platform;
  let shown = list;
  let lookUps = 0;
  const answerTo = async (request: IncomingMessage): Promise<Answered> => {
    if (request.url === "/.well-known/parley") {
      lookUps++;
      // As short as it may be kept: the checks show another one soon.
      return {
        status: 200,
        headers: { "cache-control": "max-age=0" },
        json: { ...shown, domains: [name], versions: [1] },
      };
    }
    return answer(await askedBy(request, name));
  };
  const server = createServer((request, response) => {
    answerTo(request).then(
      (answered) => respond(response, answered),
      (error: unknown) => respond(response, { status: 500, json: { code: "FAULT", detail: String(error) } }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return {
    name,
    port: (server.address() as AddressInfo).port,
    show: (list) => {
      shown = list;
    },
    lookUps: () => lookUps,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function askedBy(request: IncomingMessage, name: PlatformName): Promise<Asked> {
  const { method = "", url: target = "", headers } = request;
  const body = await buffer(request);
  const read = readSignature({
    method,
    targetUri: `https://${name}${target}`,
    headers: new Map(Object.entries(headers).map(([header, value]) => [header, String(value)])),
    body,
  });
  if (read.fault !== null) return { method, target, body, signed: read.fault };
  return { method, target, body, signed: read.verify(new Date()) ?? read };
}

function respond(response: ServerResponse, { status, headers = {}, json }: Answered): void {
  const text = json === undefined ? "" : JSON.stringify(json);
  response.writeHead(status, {
    ...(text !== "" && { "content-type": status < 400 ? "application/json" : "application/problem+json" }),
    "content-length": Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}
