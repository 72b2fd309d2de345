// A stand-in for Postmark's API, as its documentation shows it: https://postmarkapp.com/developer/api/email-api
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { z } from "zod";

const messageSchema = z.strictObject({
  From: z.string(),
  To: z.string(),
  Subject: z.string(),
  TextBody: z.string(),
  HtmlBody: z.string(),
  MessageStream: z.string(),
  Headers: z.array(z.strictObject({ Name: z.string(), Value: z.string() })),
  Metadata: z.record(z.string().max(20), z.string().max(80)),
  TrackOpens: z.boolean(),
  TrackLinks: z.literal("None"),
});

export type PostmarkMessage = z.infer<typeof messageSchema> & { readonly MessageID: string };

/** How a batch is answered instead: a status with a body; or not at all, before or after it is taken. */
export type PostmarkFault =
  | { readonly status: number; readonly body?: object | string; readonly retryAfter?: number }
  | "close"
  | "take and close";

export interface PostmarkStandIn extends AsyncDisposable {
  readonly origin: string;
  readonly token: string;
  /** What it has taken over. */
  readonly taken: readonly PostmarkMessage[];
  /** How many mails each request had. */
  readonly batches: readonly number[];
  /** Addresses that it refuses, with the code. */
  readonly refused: Map<string, number>;
  /** How it answers batches from now on. */
  fault: PostmarkFault | null;
  /** Whether what it took is found by a search yet. */
  isSearchable: boolean;
}

export async function startPostmark(): Promise<PostmarkStandIn> {
  const taken: PostmarkMessage[] = [];
  const batches: number[] = [];
  const token = "a-server-token";
  const say = (
    response: ServerResponse,
    status: number,
    body: object | string,
    headers: Record<string, string> = {},
  ) => {
    // A connection that is kept may close just when the next request is sent on it: that is an outcome nobody knows.
    response.writeHead(status, { "content-type": "application/json", connection: "close", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
  const take = (message: z.infer<typeof messageSchema>) => {
    const address = /<([^<>]+)>$/.exec(message.To)?.[1] ?? message.To;
    const code = standIn.refused.get(address);
    if (code !== undefined) return { ErrorCode: code, Message: `refused with ${code}` };
    const MessageID = crypto.randomUUID();
    taken.push({ ...message, MessageID });
    return { To: message.To, SubmittedAt: new Date().toISOString(), MessageID, ErrorCode: 0, Message: "OK" };
  };
  const batch = async (request: IncomingMessage, response: ServerResponse) => {
    const { fault } = standIn;
    const messages = z
      .array(messageSchema)
      .max(500)
      .parse(await json(request));
    batches.push(messages.length);
    if (fault === "close") return response.destroy();
    if (fault !== null && fault !== "take and close") {
      const headers = fault.retryAfter === undefined ? {} : { "retry-after": String(fault.retryAfter) };
      return say(response, fault.status, fault.body ?? { ErrorCode: fault.status, Message: "a fault" }, headers);
    }
    const answers = messages.map(take);
    return fault === null ? say(response, 200, answers) : response.destroy();
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://postmark");
    if (request.headers["x-postmark-server-token"] !== token)
      return say(response, 401, { ErrorCode: 10, Message: "Bad or missing API token" });
    if (request.method === "POST" && url.pathname === "/email/batch") return void batch(request, response);
    if (request.method === "GET" && url.pathname === "/messages/outbound") {
      const id = url.searchParams.get("metadata_mail");
      const found = standIn.isSearchable ? taken.filter(({ Metadata }) => Metadata["mail"] === id) : [];
      const Messages = found.map(({ MessageID, To, Subject }) => ({
        MessageID,
        Recipients: [To],
        Subject,
        Status: "Sent",
      }));
      return say(response, 200, { TotalCount: found.length, Messages });
    }
    return say(response, 404, { ErrorCode: 404, Message: "no such endpoint" });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const standIn: PostmarkStandIn = {
    ...{ token, taken, batches, refused: new Map<string, number>(), fault: null, isSearchable: true },
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return standIn;
}
