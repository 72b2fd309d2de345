import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { readSignature } from "../../src/federation/request-signature.ts";

const folder = join(process.env["PARLEY_TEST_DATA"] ?? "", "vectors-structured-fields");
const vectorSchema = z.object({
  name: z.string(),
  raw: z.array(z.string()),
  header_type: z.enum(["item", "list", "dictionary"]),
  must_fail: z.boolean().optional(),
  /** Absent where it is `raw`. */
  canonical: z.array(z.string()).optional(),
});
const vectors = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .flatMap((name) => z.array(vectorSchema).parse(JSON.parse(readFileSync(join(folder, name), "utf8"))));

const faultOf = (input: string, signature: string) =>
  readSignature({
    method: "GET",
    targetUri: "https://b.example/f/auth/",
    headers: new Map([
      ["signature-input", input],
      ["signature", signature],
    ]),
    body: null,
  }).fault;

/** Narrower than the standard: what is empty or not in canonical form is refused, whether or not a parser may take it. */
const isCanonical = ({ raw, must_fail, canonical = raw }: z.infer<typeof vectorSchema>): boolean =>
  must_fail !== true && canonical.length > 0 && canonical.join(", ") === raw.join(", ");

/** `1.0`, booleans and dates are left out where they are right: the profile has none, and is free to refuse them. */
const isSpokenOf = (vector: z.infer<typeof vectorSchema>): boolean =>
  !isCanonical(vector) || !/\d\.0|[?@]/.test(vector.raw.join());

describe("The official vectors of structured fields", () => {
  const dictionaries = vectors.filter((vector) => vector.header_type === "dictionary" && isSpokenOf(vector));
  // White space around an item is not part of it, and would be none within a dictionary.
  const items = vectors.filter(
    (vector) => vector.header_type === "item" && isSpokenOf(vector) && /^\S(.*\S)?$/.test(vector.raw.join("\n")),
  );

  test("are many", () => {
    expect(dictionaries.length).toBeGreaterThan(40);
    expect(items.length).toBeGreaterThan(80);
  });

  test.each(dictionaries)("$name: as Signature-Input and as Signature", (vector) => {
    const text = vector.raw.join(", ");
    const expected = isCanonical(vector) ? "WRONG_PROFILE" : "MALFORMED_SIGNATURE";
    expect(faultOf(text, "a=1")).toBe(expected);
    expect(faultOf("a=1", text)).toBe(expected);
  });

  test.each(items)("$name: as a member", (vector) => {
    const expected = isCanonical(vector) ? "WRONG_PROFILE" : "MALFORMED_SIGNATURE";
    expect(faultOf(`a=${vector.raw[0]}`, "a=1")).toBe(expected);
    expect(faultOf("a=1", `a=${vector.raw[0]}`)).toBe(expected);
  });
});
