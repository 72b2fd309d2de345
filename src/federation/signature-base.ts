// The text under a request's signature: RFC 9421 §2.5, whatever is covered.
import { type InnerList, serializeInnerList } from "structured-headers";

/**
 * What is covered, in order: a field's name in lower case or a derived component's (RFC 9421 §2.2, `@method`), with its
 * value; null for a field that the message does not have.
 */
export type Components = ReadonlyMap<string, string | null>;

/** The signature's parameters, in the order in which they stand in `Signature-Input`. */
export type SignatureParameters = ReadonlyMap<string, number | string>;

// RFC 9421 §2.5 wants ASCII, and a line feed within a value would pass one component off as two (§7.5.2).
const coverable = /^[\x20-\x7e]*$/;

/** The value of `@signature-params`, which is also the member of `Signature-Input` (RFC 9421 §2.3). */
export function signatureParams(names: Iterable<string>, parameters: SignatureParameters): string {
  const list: InnerList = [Array.from(names, (name) => [name, new Map()]), new Map(parameters)];
  return serializeInnerList(list);
}

/**
 * The signature base, or null where there is none: a component is missing, or holds something other than visible ASCII and spaces.
 * @param params what `signatureParams` gives for the same names
 */
export function signatureBase(components: Components, params: string): string | null {
  const lines: string[] = [];
  for (const [name, value] of components) {
    if (value === null || !coverable.test(value)) return null;
    lines.push(`"${name}": ${value.trim()}`);
  }
  return [...lines, `"@signature-params": ${params}`].join("\n");
}
