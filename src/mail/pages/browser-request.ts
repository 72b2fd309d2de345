// What a browser asks of a page: its query, its form, its cookies, and whether a form comes from a page of ours.
import { BadRequestError, readBytes } from "../../http/body.ts";
import type { PageRequest } from "../../http/pages.ts";
import { isBase64url32 } from "../../protocol/encoding.ts";
import type { Hash } from "../../protocol/hash.ts";

/** A message of the longest, with each of its bytes written as three (URL Standard, `application/x-www-form-urlencoded`). */
const formBytesMax = 1024 * 1024;

export function queryOf(request: PageRequest): URLSearchParams {
  return new URLSearchParams(request.url?.split("?")[1] ?? "");
}

/**
 * The fields of a form.
 * @throws BadRequestError 415 for another type, 413 for more than a megabyte, 400 for what cannot be read
 */
export async function readForm(request: PageRequest): Promise<ReadonlyMap<string, string>> {
  const type = request.headers["content-type"] ?? "";
  const bytes = await readBytes(request, formBytesMax);
  if (/^application\/x-www-form-urlencoded *(;|$)/i.test(type)) return new Map(new URLSearchParams(bytes.toString()));
  // RFC 8058 §3.2: what unsubscribes for somebody may send either.
  if (!/^multipart\/form-data *;/i.test(type)) throw new BadRequestError("Send a form.", { status: 415 });
  try {
    const form = await new Response(new Uint8Array(bytes), { headers: { "content-type": type } }).formData();
    return new Map([...form].flatMap(([name, value]) => (typeof value === "string" ? [[name, value] as const] : [])));
  } catch (cause) {
    throw new BadRequestError("The form cannot be read.", { status: 400, cause });
  }
}

/**
 * Whether a form was sent from a page of ours, as the browser says. Who says nothing of it is no browser of these years.
 * @param origin where people reach us, if that is set
 */
export function isFromHere({ headers }: PageRequest, origin: string | undefined): boolean {
  // W3C Fetch Metadata. Not sent over http to another machine than this: then it is the origin that tells.
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin";
  const from = headers.origin;
  if (from === undefined || !URL.canParse(from)) return false;
  return from === origin || new URL(from).host === headers.host?.toLowerCase();
}

/** The value of a cookie; null where there is none. */
export function cookieOf({ headers }: PageRequest, name: string): string | null {
  for (const pair of (headers.cookie ?? "").split(";")) {
    const [key, value] = pair.trim().split("=", 2);
    if (key === name && value !== undefined) return value;
  }
  return null;
}

/** A hash, as a link or a form says it; null for anything else. */
export function hashOf(text: string | null | undefined): Hash | null {
  return text != null && isBase64url32(text) ? text : null;
}
