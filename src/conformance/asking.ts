// Requests to the platform that is tried: signed rightly, or otherwise in just the way that is said.
import { type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { buffer } from "node:stream/consumers";
import { contentDigest } from "../federation/content-digest.ts";
import { signatureBase, signatureParams } from "../federation/signature-base.ts";
import type { PlatformName } from "../protocol/event.ts";
import type { Signer } from "../protocol/seal.ts";

/** How a request is signed; all that is left out is as the profile has it. */
export interface Signing {
  readonly signer?: Signer;
  readonly createdAt?: Date;
  readonly lifetimeSeconds?: number;
  readonly method?: string;
  readonly targetUri?: string;
  readonly body?: Buffer;
  readonly covered?: readonly string[];
  /** In this order, these instead: null leaves one out. */
  readonly parameters?: Readonly<Record<string, string | number | null>>;
  readonly label?: string;
  /** Instead of what the signer would sign: base64url. */
  readonly signature?: string;
}

export interface Asking {
  readonly method: string;
  readonly path: string;
  readonly body?: Buffer;
  /** Null: not at all. */
  readonly signing?: Signing | null;
  /** Put over those that are signed: null takes one away. */
  readonly headers?: Readonly<Record<string, string | null>>;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  /** Undefined where the body is not JSON. */
  readonly json: unknown;
}

/** The platform that is tried: its name, and where it is asked. */
export interface Tested {
  readonly name: PlatformName;
  readonly base: URL;
}

const answerWithinMs = 20_000;

/** @throws Error where there is no answer */
export function ask(tested: Tested, signer: Signer, asking: Asking): Promise<Answer> {
  return send(tested, asking.method, asking.path, headersOf(tested, signer, asking), asking.body);
}

/** Asks without a signature, as anybody may. */
export function askOpenly(tested: Tested, path: string): Promise<Answer> {
  return send(tested, "GET", path, { accept: "application/json" });
}

/** The headers of the request, as they go out. */
export function headersOf({ name }: Tested, own: Signer, asking: Asking): Record<string, string> {
  const { body, path, signing = {}, headers = {} } = asking;
  const all: Record<string, string | null> = { accept: "application/json" };
  if (body) Object.assign(all, { "content-type": "application/json", "content-length": String(body.length) });
  if (signing) {
    const { signer = own, method = asking.method, targetUri = `https://${name}${path}`, label = "parley" } = signing;
    const signedBody = signing.body ?? body;
    const values = new Map([
      ["@method", method],
      ["@target-uri", targetUri],
      ["content-digest", signedBody ? contentDigest(signedBody) : ""],
      ["content-type", "application/json"],
      ["@authority", name],
    ]);
    const inProfile = ["@method", "@target-uri", ...(signedBody ? ["content-digest", "content-type"] : [])];
    const { createdAt = new Date(), lifetimeSeconds = 60, covered = inProfile } = signing;
    const created = Math.floor(createdAt.getTime() / 1_000);
    const parameters = Object.entries({
      ...{ created, expires: created + lifetimeSeconds, keyid: `${signer.platform}/${signer.key.key}`, tag: "parley" },
      ...signing.parameters,
    }).filter((entry): entry is [string, string | number] => entry[1] !== null);
    const params = signatureParams(covered, new Map(parameters));
    const base = signatureBase(new Map(covered.map((component) => [component, values.get(component) ?? null])), params);
    if (base === null) throw new Error("what is signed has to be ASCII");
    const signature = Buffer.from(signing.signature ?? signer.key.signText(base), "base64url").toString("base64");
    Object.assign(all, {
      ...(signedBody && { "content-digest": contentDigest(signedBody) }),
      "signature-input": `${label}=${params}`,
      signature: `${label}=:${signature}:`,
    });
  }
  const sent = Object.entries({ ...all, ...headers }).filter(
    (header): header is [string, string] => header[1] !== null,
  );
  return Object.fromEntries(sent);
}

/** Sends what may be no right request at all. */
async function send(
  tested: Tested,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: Buffer = Buffer.alloc(0),
): Promise<Answer> {
  const request = begin(tested, method, path, headers, AbortSignal.timeout(answerWithinMs));
  const answered = answerTo(request);
  request.end(body);
  return answered;
}

/** A request whose body is still to come. */
export function begin(
  { name, base }: Tested,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): ClientRequest {
  const { protocol, hostname, port } = base;
  const options = {
    ...{ method, path, signal, host: hostname.replace(/^\[|\]$/g, ""), port, agent: false as const },
    headers: { host: name, ...headers },
  };
  // The certificate has to be that of the platform's name, wherever it is reached.
  return protocol === "https:" ? requestHttps({ ...options, servername: name }) : requestHttp(options);
}

export async function answerTo(request: ClientRequest): Promise<Answer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    request.once("response", resolve).on("error", reject),
  );
  const text = (await buffer(response)).toString();
  return { status: response.statusCode ?? 0, type: response.headers["content-type"] ?? "", json: jsonOf(text) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
