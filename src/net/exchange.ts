// One request and its answer over a connection of Node's: bounded, and not decoded.
import type { ClientRequest, IncomingMessage } from "node:http";
import { OutgoingError } from "./outgoing-error.ts";

export interface Answer {
  /** Redirects are answers as any other: nothing follows them. */
  readonly status: number;
  /** By names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/**
 * Sends the body and reads the answer. When this is over, so is the use of the connection: it is closed, or there for the next request.
 * @throws OutgoingError, or what Node's client fails with
 */
export async function exchange(
  request: ClientRequest,
  body: Uint8Array | null,
  maxAnswerBytes: number,
): Promise<Answer> {
  const closed = new Promise<void>((done) => request.once("close", done));
  try {
    request.end(body ?? undefined);
    const answer = await answerTo(request);
    const answerBody = await bodyOf(answer, maxAnswerBytes);
    // Answered before all was sent: what is left would stand in the way of the next request.
    if (!request.writableFinished) request.destroy();
    await closed;
    return { status: answer.statusCode ?? 0, headers: headersOf(answer), body: answerBody };
  } catch (error) {
    request.destroy();
    throw error;
  }
}

function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((done, failed) => {
    request.once("response", done);
    // Stays: after the answer has begun, who reads it is told.
    request.on("error", failed);
    // An answer that changes to another protocol ends without an error.
    request.once("close", () => failed(new Error("closed without an answer")));
  });
}

async function bodyOf(answer: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const { "content-encoding": encoding = "identity", "transfer-encoding": transfer = "chunked" } = answer.headers;
  // It was asked for as it is. Decoding would let a few bytes become many.
  if (encoding !== "identity" || transfer !== "chunked")
    throw new OutgoingError("broken", "the answer has an encoding that was not asked for");
  const tooLarge = new OutgoingError("tooLarge", `the answer has more than ${maxBytes} bytes`);
  if (Number(answer.headers["content-length"] ?? 0) > maxBytes) throw tooLarge;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function headersOf(answer: IncomingMessage): ReadonlyMap<string, string> {
  return new Map(Object.entries(answer.headersDistinct).map(([name, values = []]) => [name, values.join(", ")]));
}
