// Reads the body of a request: JSON only, bounded before it is in memory.
import type { IncomingMessage } from "node:http";

/** A message's 256 KiB may arrive with every character escaped. */
export const bodyBytesMax = 2 * 1024 * 1024;

/** The request cannot be taken; `status` is its HTTP status, and the message says what to send instead. */
export class BadRequestError extends Error {
  override readonly name = "BadRequestError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Whether the body is said to be JSON in UTF-8. Forms and plain text are refused: browsers send those across origins unasked. */
export function isJson(contentType: string | undefined): boolean {
  const [type = "", ...parameters] = (contentType ?? "").toLowerCase().split(";").map((part) => part.trim());
  const charset = parameters.find((parameter) => parameter.startsWith("charset="));
  return type === "application/json" && (charset === undefined || /^charset="?utf-?8"?$/.test(charset));
}

/**
 * The JSON value of the body.
 * @throws BadRequestError 415 for another type, 413 for more than `bodyBytesMax`, 400 for what is not JSON in UTF-8
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  if (!isJson(request.headers["content-type"])) throw new BadRequestError(415, "Send application/json.");
  if (Number(request.headers["content-length"] ?? 0) > bodyBytesMax) throw tooLarge();
  const bytes = await readBytes(request);
  try {
    // Fatal: a replaced byte would be a changed word.
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new BadRequestError(400, "The body is not JSON in UTF-8.");
  }
}

function readBytes(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > bodyBytesMax) {
        reject(tooLarge());
        request.pause();
      } else chunks.push(chunk);
    });
    request.once("end", () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    request.once("error", reject);
    request.once("close", () => reject(new BadRequestError(400, "The request ended before its body did.")));
  });
}

function tooLarge(): BadRequestError {
  return new BadRequestError(413, `A request may have ${bodyBytesMax / 1024 / 1024} MiB at most.`);
}
