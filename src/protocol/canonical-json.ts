// Canonical JSON: the one text of a value that is hashed and signed. RFC 8785 (JCS), narrowed so that no two
// implementations can disagree: integers only, no U+0000, no lone surrogates.

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** The value cannot be said in canonical form; `message` names the part that is at fault. */
export class CanonicalJsonError extends Error {
  override readonly name = "CanonicalJsonError";
}

/**
 * The canonical text of `value` (RFC 8785 §3.2).
 * @throws CanonicalJsonError for fractions, integers beyond ±(2^53 - 1), U+0000, lone surrogates, and anything that is
 *   not JSON.
 */
export function canonicalJson(value: JsonValue): string {
  switch (typeof value) {
    case "string":
      return canonicalString(value);
    case "number":
      if (!Number.isSafeInteger(value)) throw new CanonicalJsonError(`${value} is not an integer below 2^53`);
      // `-0` prints as "0": RFC 8785 §3.2.2.3 by way of ECMAScript's Number::toString.
      return String(value);
    case "boolean":
      return value ? "true" : "false";
    case "object":
      if (value === null) return "null";
      return isList(value) ? canonicalList(value) : canonicalObject(value);
    default:
      throw new CanonicalJsonError(`a ${typeof value} is not JSON`);
  }
}

// Array.isArray does not narrow a readonly array out of a union.
function isList(value: readonly JsonValue[] | { readonly [name: string]: JsonValue }): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function canonicalList(list: readonly JsonValue[]): string {
  // Not `map`, which skips holes: they would come out as nothing between two commas.
  return `[${Array.from(list, (one) => canonicalJson(one)).join(",")}]`;
}

function canonicalObject(object: { readonly [name: string]: JsonValue }): string {
  let members = "";
  // RFC 8785 §3.2.3: names sorted by UTF-16 code units, which is what Array.prototype.sort does with strings.
  for (const name of Object.keys(object).sort()) {
    const member = object[name];
    if (member === undefined) throw new CanonicalJsonError(`"${name}" has no value`);
    members += `${members === "" ? "" : ","}${canonicalString(name)}:${canonicalJson(member)}`;
  }
  return `{${members}}`;
}

/** Whether a text has a canonical form. No other can be kept in the database either. */
export function isCanonicalText(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}

/** ASCII that needs no escapes. */
const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

function canonicalString(text: string): string {
  // Names, hashes and most words: half of the time that an event's hash took.
  if (plain.test(text)) return `"${text}"`;
  if (text.includes("\0")) throw new CanonicalJsonError("a string has U+0000 in it");
  if (!text.isWellFormed()) throw new CanonicalJsonError("a string has half of a surrogate pair in it");
  // JSON.stringify escapes exactly what RFC 8785 §3.2.2.2 wants escaped, and nothing else.
  return JSON.stringify(text);
}
