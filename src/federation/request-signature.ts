// Requests between platforms are signed: RFC 9421 with Ed25519, in the one profile that is spoken here. Knows no clock,
// and no key but those it is handed.
import {
  type Dictionary,
  isInnerList,
  parseDictionary,
  serializeDictionary,
  serializeInnerList,
} from "structured-headers";
import { z } from "zod";
import type { PlatformName } from "../protocol/event.ts";
import { base64url32Schema, platformNameSchema } from "../protocol/form.ts";
import type { Signer } from "../protocol/seal.ts";
import { type PublicKey, type Signature, verifyText } from "../protocol/signature.ts";
import { contentDigest } from "./content-digest.ts";
import { type Components, signatureBase, signatureParams } from "./signature-base.ts";

/** A request, as far as it is signed. */
export interface HttpMessage {
  readonly method: string;
  /**
   * `https://PLATFORM/…`, with path and query as they stand in the request line. Who receives puts its own name there,
   * never the `Host` that came: a request to another platform is none to this one.
   */
  readonly targetUri: string;
  /** By names in lower case: a Map, or `Headers`. */
  readonly headers: { get(name: string): string | null | undefined };
  /** The bytes as they travel. No bytes are no body. */
  readonly body: Uint8Array | null;
}

/** Why a request is not taken for that of the platform whose name it carries. */
export type RequestFault =
  | "UNSIGNED" // Neither Signature nor Signature-Input.
  | "MALFORMED_SIGNATURE" // One of them is missing, or is no dictionary in the form of RFC 9651 §4.1.
  | "WRONG_PROFILE" // Other components, other parameters, more than one signature, or something to cover is missing.
  | "NOT_YET_VALID" // Made in the future, by more than clocks may differ.
  | "EXPIRED"
  | "BAD_SIGNATURE" // Not by this key, or not of this request.
  | "WRONG_DIGEST"; // Signed, but for another body.

/** Who says that they call: so far, anybody may have written this. */
export interface ReadSignature {
  readonly fault: null;
  readonly platform: PlatformName;
  /** Whether it is a key of that platform is the caller's to find out, before `verify` or after. */
  readonly key: PublicKey;
  /** Null where that key signed this request, for this time. Takes about 150 µs, and the hash of the body. */
  verify(now: Date): RequestFault | null;
}

/** From `created` to `expires`: at most so much, and what is signed here has it all. */
export const signatureLifetimeSeconds = 60;

/** By how much the clocks of two platforms may differ. */
export const clockSkewSeconds = 60;

const label = "parley";
const tag = "parley";

// No `alg`: the profile has one algorithm, which a parameter could repeat or deny (RFC 9421 §7.3.6). No `nonce`:
// a request that comes again has no other effect than once.
const parametersSchema = z.strictObject({
  created: z.int().nonnegative(),
  expires: z.int().nonnegative(),
  keyid: z
    .string()
    .transform((text) => text.split("/"))
    .pipe(z.tuple([platformNameSchema, base64url32Schema])),
  tag: z.literal(tag),
});

/**
 * Signs a request.
 * @param message has a `content-type` among its headers where it has a body
 * @returns the headers to add: `signature-input`, `signature`, and with a body `content-digest`
 * @throws Error where there is no content type for the body, or something that is signed is not ASCII
 */
export function signRequest(message: HttpMessage, signer: Signer, created: Date): Record<string, string> {
  const digest: Record<string, string> = hasBody(message) ? { "content-digest": contentDigest(message.body) } : {};
  const components = componentsOf(message, digest["content-digest"]);
  const createdSeconds = Math.floor(created.getTime() / 1000);
  const parameters = new Map<string, number | string>([
    ["created", createdSeconds],
    ["expires", createdSeconds + signatureLifetimeSeconds],
    ["keyid", `${signer.platform}/${signer.key.key}`],
    ["tag", tag],
  ]);
  const params = signatureParams(components.keys(), parameters);
  const base = signatureBase(components, params);
  if (base === null) throw new Error("a request with a body needs a content type, and what is signed has to be ASCII");
  const signature = Buffer.from(signer.key.signText(base), "base64url").toString("base64");
  return { ...digest, "signature-input": `${label}=${params}`, signature: `${label}=:${signature}:` };
}

/**
 * Reads who says that they signed a request, and whether it is signed in the profile. Nothing of the body is to be
 * parsed until `verify` said that they did.
 */
export function readSignature(message: HttpMessage): ReadSignature | { readonly fault: RequestFault } {
  const [input, signature] = [message.headers.get("signature-input"), message.headers.get("signature")];
  if (!input && !signature) return { fault: "UNSIGNED" };
  const [inputs, signatures] = [readDictionary(input ?? ""), readDictionary(signature ?? "")];
  if (!inputs || !signatures) return { fault: "MALFORMED_SIGNATURE" };
  const signed = readProfile(inputs, signatures, message);
  if (!signed) return { fault: "WRONG_PROFILE" };
  return {
    fault: null,
    platform: signed.platform,
    key: signed.key,
    verify: (now) => timeFault(signed, now) ?? signatureFault(signed, message),
  };
}

interface Signed {
  readonly platform: PlatformName;
  readonly key: PublicKey;
  /** In seconds since 1970, as `expires`. */
  readonly created: number;
  readonly expires: number;
  readonly base: string;
  readonly signature: Signature;
}

/** Null where it is not the profile: one signature, over exactly these components and with exactly these parameters. */
function readProfile(inputs: Dictionary, signatures: Dictionary, message: HttpMessage): Signed | null {
  const [[name, list] = []] = inputs;
  const item = signatures.get(name ?? "");
  if (inputs.size !== 1 || signatures.size !== 1 || !list || !isInnerList(list) || !item || isInnerList(item))
    return null;

  const components = componentsOf(message);
  const [covered, parameters] = list;
  // Compared as text: of one name more or less, in another order, or with a parameter such as `;req`, it is another text.
  if (serializeInnerList([covered, new Map()]) !== signatureParams(components.keys(), new Map())) return null;
  const read = parametersSchema.safeParse(Object.fromEntries(parameters)).data;
  const base = signatureBase(components, serializeInnerList(list));
  const [bytes, itemParameters] = item;
  if (!read || base === null || !(bytes instanceof ArrayBuffer) || itemParameters.size > 0) return null;

  const { created, expires, keyid } = read;
  const lifetimeSeconds = expires - created;
  if (lifetimeSeconds <= 0 || lifetimeSeconds > signatureLifetimeSeconds) return null;
  const signature = Buffer.from(bytes).toString("base64url");
  return { platform: keyid[0], key: keyid[1], created, expires, base, signature };
}

function timeFault({ created, expires }: Signed, now: Date): RequestFault | null {
  const nowSeconds = now.getTime() / 1000;
  if (created > nowSeconds + clockSkewSeconds) return "NOT_YET_VALID";
  return expires < nowSeconds - clockSkewSeconds ? "EXPIRED" : null;
}

function signatureFault({ key, base, signature }: Signed, message: HttpMessage): RequestFault | null {
  if (!verifyText(key, base, signature)) return "BAD_SIGNATURE";
  const isBodySigned = !hasBody(message) || message.headers.get("content-digest") === contentDigest(message.body);
  return isBodySigned ? null : "WRONG_DIGEST";
}

function hasBody(message: HttpMessage): message is HttpMessage & { readonly body: Uint8Array } {
  return message.body !== null && message.body.length > 0;
}

/** What the profile covers, in its order. */
function componentsOf(message: HttpMessage, digest = message.headers.get("content-digest")): Components {
  const components = new Map<string, string | null>([
    ["@method", message.method],
    ["@target-uri", message.targetUri],
  ]);
  if (!hasBody(message)) return components;
  return components
    .set("content-digest", digest ?? null)
    .set("content-type", message.headers.get("content-type") ?? null);
}

/** Null where it is none, has no member, or is not in the one form that a serializer gives it (RFC 9651 §4.1). */
function readDictionary(text: string): Dictionary | null {
  try {
    const dictionary = parseDictionary(text);
    return dictionary.size > 0 && serializeDictionary(dictionary) === text ? dictionary : null;
  } catch {
    return null;
  }
}
