import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CanonicalJsonError, canonicalJson } from "../../src/protocol/canonical-json.ts";

const folder = join(process.env["PARLEY_TEST_DATA"] ?? "", "vectors-jcs");
const read = (...path: readonly string[]) => readFileSync(join(folder, ...path), "utf8");

/** The one with fractions, which our narrower form refuses. */
const withFractions = "values.json";

describe("The official vectors of RFC 8785", () => {
  const files = readdirSync(join(folder, "input"));

  test("are six", () => expect(files).toHaveLength(6));

  test.each(files.filter((file) => file !== withFractions))("%s, byte for byte", (file) => {
    const bytes = Buffer.from(canonicalJson(JSON.parse(read("input", file))), "utf8");
    expect(bytes.toString("utf8")).toBe(read("output", file));
    const hex = read("outhex", file.replace(/json$/, "txt")).replaceAll(/\s/g, "");
    expect(bytes.toString("hex")).toBe(hex);
  });

  test(`${withFractions}: fractions are refused, the rest of it is as they say`, () => {
    const { numbers, ...rest } = JSON.parse(read("input", withFractions));
    expect(() => canonicalJson({ numbers, ...rest })).toThrow(CanonicalJsonError);
    const { numbers: _, ...expected } = JSON.parse(read("output", withFractions));
    const text = canonicalJson(rest);
    expect(JSON.parse(text)).toEqual(expected);
    expect(read("output", withFractions)).toContain(text.slice(text.indexOf('"string"')));
  });
});
