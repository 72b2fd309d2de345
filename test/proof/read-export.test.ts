import { expect, test } from "vitest";
import { readExport, UnreadableExportError } from "../../src/proof/read-export.ts";
import { given } from "../conversation/given.ts";
import { exported } from "./given.ts";

async function partsOf(text: string, chunkBytes = 1 << 16) {
  const bytes = Buffer.from(text);
  async function* chunks() {
    for (let from = 0; from < bytes.length; from += chunkBytes) yield bytes.subarray(from, from + chunkBytes);
  }
  return Array.fromAsync(readExport(chunks()));
}

const scene = given({ bob: "WRITER" });
scene.when("bob").writes("words", 'A "quoted" \\ text, with ] and } and 東京 😀\n').accepted();
const text = await exported(scene.log);

test.each([1, 2, 3, 7, 64, 100_000])("an export is read alike in chunks of %i bytes", async (chunkBytes) => {
  const { events, ...members } = JSON.parse(text);
  const parts = await partsOf(text, chunkBytes);
  expect(parts).toEqual([
    ...Object.entries(members).map(([name, value]) => ({ name, value })),
    ...events.map((event: unknown) => ({ name: "events", event })),
  ]);
});

test("and however it is laid out", async () => {
  const compact = JSON.stringify(JSON.parse(text));
  const wide = JSON.stringify(JSON.parse(text), null, "\t").replaceAll("\n", "\r\n");
  expect(await partsOf(compact)).toEqual(await partsOf(text));
  expect(await partsOf(wide)).toEqual(await partsOf(text));
});

test.each([
  ["1", [{ name: "a", value: 1 }]],
  ["-2 ", [{ name: "a", value: -2 }]],
  ["true\n", [{ name: "a", value: true }]],
  ['"}"', [{ name: "a", value: "}" }]],
  ['"\\""', [{ name: "a", value: '"' }]],
  ['[[{"b":"]"}]]', [{ name: "a", value: [[{ b: "]" }]] }]],
])("a member %s", async (value, parts) => {
  expect(await partsOf(`{"a":${value}}`, 1)).toEqual(parts);
  expect(await partsOf(`{"a" : ${value},"events":[ ] } `, 1)).toEqual(parts);
});

test.each([
  ...[
    "",
    " ",
    "[",
    "1",
    "{",
    "{1:2}",
    "{a:2}",
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{"a":1 2}',
    '{"a":1}}',
    '{"a":1},',
    "{,}",
  ],
  ...[
    '{"a":1,"a":2}',
    '{"a":{"b":1,"b":1}}',
    '{"a":[{"b":{"c":1},"\\u0062":2}]}',
    '{"events":[{"b":":","b":1}]}',
    '{"events":1}',
    '{"events":{}}',
    '{"events":[1,]}',
    '{"events":[,1]}',
    '{"events":[1 2]}',
  ],
  ...[
    '{"events":[1]',
    '{"a":tru}',
    '{"a":1{}',
    '{"a":"\n"}',
    '{"a":"\\x"}',
    '{"a":{]}}',
    '{"a":[}]}',
    "\ufeff{}",
    '{"a":01}',
  ],
])("%j is refused", async (broken) => {
  await expect(partsOf(broken)).rejects.toThrow(UnreadableExportError);
  await expect(partsOf(broken, 1)).rejects.toThrow(UnreadableExportError);
});

test("a part that is longer than any may be is refused before it is held", async () => {
  async function* endless() {
    yield Buffer.from('{"a":"');
    for (;;) yield Buffer.alloc(1 << 20, 0x61);
  }
  await expect(Array.fromAsync(readExport(endless()))).rejects.toThrow(/longer than/);
});
