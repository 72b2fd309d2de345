// Reads the body of a request: JSON only, bounded before it is in memory.
import type { IncomingMessage } from "node:http";

/** A message's 256 KiB may arrive with every character escaped. */
export const bodyBytesMax = 2 * 1024 * 1024;

/** The request cannot be taken; `status` is its HTTP status, and the message says what to send instead. */
export class BadRequestError extends Error {
  override readonly name = "BadRequestError";
  readonly status: number;

  constructor(message: string, options: ErrorOptions & { readonly status: number }) {
    super(message, options);
    this.status = options.status;
  }
}

/** Whether the body is said to be JSON in UTF-8. Forms and plain text are refused: browsers send those across origins unasked. */
function isJson(contentType: string | undefined): boolean {
  const [type = "", ...parameters] = (contentType ?? "")
    .toLowerCase()
    .split(";")
    .map((part) => part.trim());
  const charset = parameters.find((parameter) => parameter.startsWith("charset="));
  return type === "application/json" && (charset === undefined || /^charset="?utf-?8"?$/.test(charset));
}

/**
 * The JSON value of the body.
 * @throws BadRequestError 415 for another type, 413 for more than `bodyBytesMax`, 400 for what is not JSON in UTF-8
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const bytes = await readJsonBytes(request, bodyBytesMax);
  return parseJson(bytes, "Send {query, variables, operationName}.");
}

/**
 * The bytes of a body that is said to be JSON.
 * @throws BadRequestError 415 for another type, 413 for more than `bytesMax`, 400 where it breaks off
 */
export async function readJsonBytes(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const {
    "content-type": type,
    "content-encoding": encoding = "identity",
    "content-length": length = 0,
  } = request.headers;
  if (!isJson(type))
    throw new BadRequestError("Send JSON in UTF-8, with `Content-Type: application/json`.", { status: 415 });
  if (encoding !== "identity") throw new BadRequestError("Send the body as it is, not compressed.", { status: 415 });
  if (Number(length) > bytesMax) throw tooLarge(bytesMax);
  return readBytes(request, bytesMax);
}

/** @param advice what to send instead @throws BadRequestError 400 for what is not JSON in UTF-8 */
export function parseJson(
  bytes: Uint8Array,
  advice: string,
  reviver?: (this: unknown, key: string, value: unknown, context?: { readonly source?: string }) => unknown,
): unknown {
  try {
    // Fatal: a replaced byte would be a changed word.
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes), reviver);
  } catch (cause) {
    throw new BadRequestError(`The body is not JSON in UTF-8. ${advice}`, { status: 400, cause });
  }
}

/** The body's bytes. @throws BadRequestError 413 for more than `bytesMax`, 400 where it breaks off */
export function readBytes(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= bytesMax) chunks.push(chunk);
      else {
        // What follows is dropped as it comes: a client that is still sending would not hear an answer and a closed door.
        chunks = [];
        reject(tooLarge(bytesMax));
      }
    });
    request.once("end", () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    // Nobody is left to be told; but a client that goes is no fault of ours.
    const cut = () => {
      // Comes after each answer too; an error made in vain would cost more than reading the body.
      if (!request.complete) reject(new BadRequestError("The request ended before its body did.", { status: 400 }));
    };
    request.once("error", cut).once("close", cut);
  });
}

function tooLarge(bytesMax: number): BadRequestError {
  return new BadRequestError(`A request may have ${bytesMax / 1024 / 1024} MiB at most.`, { status: 413 });
}
