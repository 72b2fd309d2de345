// What would get around a bound, does not.
import { expect, test } from "vitest";
import { createPrepare, documentBounds } from "../../src/graphql/bounds.ts";
import { buildSchema } from "../../src/graphql/schema.ts";

const prepare = createPrepare(buildSchema());

const told = (query: string): readonly string[] => {
  const prepared = prepare(query);
  return "errors" in prepared ? prepared.errors.map(({ message }) => message) : [];
};

/** Fragments of which each spreads the next one twice: as many as two to the power of `count`. */
const doubling = (count: number, last: string): string =>
  `{ ...F0 } ${Array.from({ length: count }, (_, index) => `fragment F${index} on Query { ...F${index + 1} ...F${index + 1} }`).join(" ")} ${last}`;

const tooManyFields = [expect.stringContaining(`more than ${documentBounds.fields} fields`)];

test.each([
  ["a field", doubling(100, "fragment F100 on Query { __typename }")],
  ["a fragment that is not there", doubling(100, "")],
  ["themselves", doubling(100, "fragment F100 on Query { ...F100 }")],
  ["the first", doubling(100, "fragment F100 on Query { ...F0 }")],
  ["each other, in fragments without a name", doubling(80, "fragment F80 on Query { ... on Query { ...F80 } }")],
])("fragments that multiply, and end in %s, are refused before they are walked to the end", (_, query) => {
  expect(told(query)).toEqual(tooManyFields);
});

test("fragments that nothing uses are counted, too", () => {
  expect(told(`{ __typename } fragment F on Query { ${"__typename ".repeat(500)} }`)).toEqual(tooManyFields);
});

test("mutations are counted within fragments, and of several operations each for itself", () => {
  const many = "__typename ".repeat(documentBounds.mutations);
  const tooMany = [expect.stringContaining(`more than ${documentBounds.mutations} mutations`)];
  expect(told(`mutation { ... { __typename ...F } } fragment F on Mutation { ${many} }`)).toEqual(tooMany);
  expect(told(`mutation A { ${many} } mutation B { ...F } fragment F on Mutation { ${many} }`)).toEqual([]);
});

test("a fragment is counted as often as it is spread", () => {
  const fragment = `fragment F on Query { ${"__typename ".repeat(100)} }`;
  expect(told(`{ ...F ...F } ${fragment}`)).toEqual([]);
  expect(told(`{ ...F ...F ...F ...F } ${fragment}`)).toEqual(tooManyFields);
});

test("fragments that spread each other are validation's to tell", () => {
  expect(told("{ ...A } fragment A on Query { __typename ...B } fragment B on Query { ...A }")).toEqual([
    'Cannot spread fragment "A" within itself via "B".',
  ]);
});

const leaves = "id body format createdAt editedAt hash";
const tooCostly = [expect.stringContaining(`more than ${documentBounds.cost} points of cost`)];

test.each([
  [
    "plainly",
    `{ conversations(first: 100) { edges { node { messages(first: 100) { edges { node { ${leaves} } } } } } } }`,
  ],
  [
    "behind a smaller one",
    `{ conversations(last: 1, first: 100) { edges { node { messages(last: 1, first: 100) { edges { node { ${leaves} } } } } } } }`,
  ],
  [
    "in variables",
    `query ($n: Int) { conversations(first: $n) { edges { node { messages(first: $n) { edges { node { ${leaves} } } } } } } }`,
  ],
  [
    "beyond the largest",
    `{ conversations(first: 99999) { edges { node { messages(first: 99999) { edges { node { ${leaves} } } } } } } }`,
  ],
  [
    "around fragments",
    `{ conversations(first: 100) { ...C } }
     fragment C on QueryConversationsConnection { edges { node { messages(first: 100) { ...M } } } }
     fragment M on ConversationMessagesConnection { edges { ... { node { ${leaves} } } } }`,
  ],
  [
    "with aliases",
    `{ conversations(first: 100) { e: edges { node { messages(first: 100) { f: edges { node { ${leaves} } } } } } } }`,
  ],
  [
    "in a list of ids",
    `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Conversation { messages(first: 100) { edges { node { ${leaves} } } } } } }`,
  ],
])("the sizes of pages count, %s", (_, query) => {
  expect(told(query)).toEqual(tooCostly);
});

test("what validation says suggests nothing", () => {
  for (const query of [
    "{ viewr { address } }",
    "{ __schema { directive } }",
    "{ conversations(frist: 1) { edges { cursor } } }",
    "fragment F on Qery { id } { ...F }",
  ]) {
    expect(told(query).join()).toMatch(/\w/);
    expect(told(query).join()).not.toContain("Did you mean");
  }
});

test("documents are remembered by their text, and forgotten when they are many or large", () => {
  const small = (index: number) => `query Q${index} { __typename }`;
  const large = (index: number) => `query L${index} { __typename } #`.padEnd(50_000, "x");
  const first = prepare(small(0));
  expect(prepare(small(0))).toBe(first);
  for (let index = 1; index < 1_000; index++) prepare(small(index));
  expect(prepare(small(0))).toBe(first);
  for (let index = 1_000; index < 2_000; index++) prepare(small(index));
  expect(prepare(small(0))).not.toBe(first);

  // Short, and nearly as many fields as there may be: what is planned for each field is large.
  const spread = (index: number) =>
    `{ ...A } fragment A on Query { ${"...B ".repeat(19)} } fragment B on Query { ${"__typename ".repeat(19)} } #${index}`;
  const wide = prepare(spread(0));
  expect(prepare(spread(0))).toBe(wide);
  for (let index = 1; index < 120; index++) prepare(spread(index));
  expect(prepare(spread(0))).not.toBe(wide);

  const again = prepare(small(0));
  for (let index = 0; index < 8; index++) prepare(large(index));
  expect(prepare(small(0))).not.toBe(again);
});
