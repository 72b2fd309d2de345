// What docs/federation.md says is what the code does, and what the conformance checks try.
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { musts, sections, untried } from "../../src/conformance/musts.ts";
import { allTries } from "../../src/conformance/run.ts";
import { batchLimits } from "../../src/federation/batch.ts";
import { requestsPerMinuteMost } from "../../src/federation/endpoints.ts";
import { firstContact } from "../../src/federation/first-contact.ts";
import { answerBytesMax } from "../../src/federation/http-transport.ts";
import { recipientsPerMinuteMost } from "../../src/federation/receive.ts";
import { clockSkewSeconds, signatureLifetimeSeconds } from "../../src/federation/request-signature.ts";
import { pageEvents } from "../../src/federation/serve-log.ts";
import { domainsMax, wellKnownBytesMax } from "../../src/protocol/well-known.ts";

const document = await readFile(new URL("../../docs/federation.md", import.meta.url), "utf8");

/** What stands under each requirement's number, up to the next one or the next heading. */
const paragraphs = new Map(
  [...document.matchAll(/\*\*(M\d+)\*\* ([\s\S]*?)(?=\n\*\*M\d|\n## |$(?![\s\S]))/g)].map(
    ([, number = "", text = ""]) => [number, text.replaceAll(/\s+/g, " ")],
  ),
);

test("its requirements are numbered on from the log's, without a gap", () => {
  expect([...paragraphs.keys()]).toEqual(Array.from({ length: 40 }, (_, index) => `M${index + 33}`));
});

describe("what is tried is what it says", () => {
  test.each(Object.entries(musts))("%s", (number, { says, section }) => {
    expect(paragraphs.get(number)).toContain(says);
    const heading = document
      .slice(0, document.indexOf(`**${number}**`))
      .match(/^## .*$/gm)
      ?.at(-1);
    expect(heading).toBe(`## ${section}. ${sections[section]}`);
  });

  test("each requirement is tried, or it is said why not", () => {
    expect([...Object.keys(musts), ...Object.keys(untried)].toSorted()).toEqual([...paragraphs.keys()].toSorted());
    expect([...new Set(allTries.map(({ must }) => must))].toSorted()).toEqual(Object.keys(musts).toSorted());
  });
});

test("its limits are the code's", () => {
  const rows = [...document.matchAll(/^\| `(\w+)` \| ([\d,]+) \|/gm)];
  const told = Object.fromEntries(rows.map(([, name, value = ""]) => [name, Number(value.replaceAll(",", ""))]));
  expect(told).toEqual({
    batchBytes: batchLimits.bytes,
    batchEntries: batchLimits.entries,
    firstEvents: firstContact.events,
    firstCharacters: firstContact.characters,
    pageEvents,
    answerBytes: answerBytesMax,
    // At least so many (M47): who keeps to the document is never bounded here.
    recipientsPerMinute: recipientsPerMinuteMost,
    requestsPerMinute: expect.toSatisfy((least: number) => least > 0 && least <= requestsPerMinuteMost),
    signatureLifetimeSeconds,
    signatureSkewSeconds: clockSkewSeconds,
    wellKnownBytes: wellKnownBytesMax,
    domains: domainsMax,
  });
});

test("its example of a signed request is one of the vectors", async () => {
  const unfolded = document.replaceAll("\n  ", "");
  const { valid } = JSON.parse(await readFile(new URL("../../docs/vectors/requests.json", import.meta.url), "utf8"));
  const { base, request } = valid[1];
  expect(unfolded).toContain(`\`\`\`\n${base}\n\`\`\`\n`);
  const headers = Object.entries(request.headers).map(([name, value]) =>
    [name.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase()), value].join(": "),
  );
  const lines = [`${request.method} ${request.target} HTTP/1.1`, "Host: b.example", ...headers, "", request.body];
  expect(unfolded).toContain(`\`\`\`\n${lines.join("\n")}\n\`\`\`\n`);
});
