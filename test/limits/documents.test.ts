// Each bound on documents: at it, a document is taken; one more is refused, in the same words over each transport.
import { getIntrospectionQuery, Lexer, Source, TokenKind } from "graphql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { documentBounds } from "../../src/graphql/bounds.ts";
import { type Asked, get, overSocket, post, stream } from "../http/transports.ts";
import { startPlatform, type TestPlatform } from "../support/platform.ts";

let platform: TestPlatform;
let token: string;
beforeAll(async () => {
  platform = await startPlatform();
  ({ token } = await platform.person("alice"));
});
afterAll(() => platform[Symbol.asyncDispose]());

const transports = [
  ["POST", post],
  ["SSE", stream],
  ["WebSocket", overSocket],
] as const;

const tokensOf = (text: string): number => {
  const lexer = new Lexer(new Source(text));
  let count = 0;
  while (lexer.advance().kind !== TokenKind.EOF) count++;
  return count;
};

const withIds = (count: number) => `query Q($ids: [ID!]! = [${'"a" '.repeat(count)}]) { nodes(ids: $ids) { id } }`;

const { characters, tokens, depth, fields, aliases, directives, cost, mutations } = documentBounds;
const { variableValues, subscriptionVariables } = documentBounds;

/** Each bound, and what makes a document that has exactly so much of it. */
const bounds: readonly (readonly [string, number, (size: number) => string])[] = [
  ["characters", characters, (size) => "{ __typename } #".padEnd(size, "x")],
  ["tokens", tokens, (size) => withIds(size - tokensOf(withIds(0)))],
  [
    "levels deep",
    depth,
    (size) => `{ __type(name: "Query") ${"{ ofType ".repeat(size - 2)} { name } ${"}".repeat(size - 2)} }`,
  ],
  ["fields", fields, (size) => `{ ${"__typename ".repeat(size)} }`],
  [
    "aliases",
    aliases,
    (size) => `{ ${Array.from({ length: size }, (_, index) => `a${index}: __typename`).join(" ")} }`,
  ],
  ["directives", directives, (size) => `{ ${"__typename @include(if: true) ".repeat(size)} }`],
  [
    // A hundred times a hundred messages, times four, and what stands around them.
    "points of cost",
    cost,
    (size) => `{
      ${"__typename ".repeat(size - 49_902)}
      conversations(first: 100) { edges { node {
        ${"id ".repeat(96)}
        messages(first: 100) { edges { node { id body createdAt } } }
      } } }
    }`,
  ],
  ["mutations", mutations, (size) => `mutation { ${"__typename ".repeat(size)} }`],
];

test("each bound is tested here", () => {
  const tested = [...bounds.map(([, bound]) => bound), variableValues, subscriptionVariables];
  expect(tested).toEqual(Object.values(documentBounds));
});

describe.each(bounds)("%s: %i", (name, bound, document) => {
  test.each(transports)("at the bound it is taken over %s", async (_, ask) => {
    const { result } = await ask(platform.url, { query: document(bound), variables: { ids: [] } }, token);
    expect(result.errors).toBeUndefined();
  });

  test("one more is refused over each", async () => {
    const asked = { query: document(bound + 1), variables: { ids: [] } };
    const answers = await Promise.all(transports.map(([, ask]) => ask(platform.url, asked, token)));
    const [first] = answers;
    expect(answers.map(({ result }) => result)).toEqual(transports.map(() => first?.result));
    expect(answers.map(({ status }) => status)).toEqual([400, 400, null]);
    expect(first?.result).not.toHaveProperty("data");
    expect(first?.result.errors?.map(({ message, extensions }) => [extensions?.code, message])).toEqual([
      name === "tokens"
        ? ["GRAPHQL_PARSE_FAILED", expect.stringContaining(`${bound} tokens`)]
        : ["DOCUMENT_TOO_LARGE", expect.stringContaining(` more than ${bound} ${name}.`)],
    ]);
  });
});

/** What each transport says: the same. */
const told = async (asked: Asked) => {
  const answers = await Promise.all(transports.map(([, ask]) => ask(platform.url, asked, token)));
  const [first] = answers;
  expect(answers.map(({ result }) => result)).toEqual(transports.map(() => first?.result));
  return first?.result.errors?.[0]?.message ?? null;
};

test(`variables: ${variableValues} values, however they are nested`, async () => {
  const query = "{ __typename }";
  const withValues = (count: number) => ({ query, variables: { ids: Array.from({ length: count - 1 }, () => "a") } });
  expect(await told(withValues(variableValues))).toBeNull();
  expect(await told(withValues(variableValues + 1))).toContain(`more than ${variableValues} values`);
  expect(await told({ query, variables: { unknown: [Array(5_000).fill([]), [Array(5_000).fill({})]] } })).toContain(
    "values",
  );
});

test(`variables: ${depth} levels, so that nothing overflows the stack`, async () => {
  const nested = (levels: number): unknown => JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`);
  const query = "subscription { events { __typename } }";
  expect(await told({ query: "{ __typename }", variables: { deep: nested(depth - 1) } })).toBeNull();
  for (const levels of [depth + 1, 4_000]) {
    expect(await told({ query, variables: { deep: nested(levels) } })).toContain(`more than ${depth} levels deep`);
  }
});

test(`variables of a subscription: ${subscriptionVariables} characters`, async () => {
  const query = "subscription S($after: String) { events(after: $after) { __typename } }";
  const withCharacters = (count: number) => ({
    query,
    variables: { after: "x".repeat(count - '{"after":""}'.length) },
  });
  expect(await told(withCharacters(subscriptionVariables + 1))).toContain(`${subscriptionVariables} characters`);
  const [, , [, ask]] = transports;
  const { result } = await ask(platform.url, withCharacters(subscriptionVariables), token);
  expect(result.errors?.[0]?.message).toContain("This cursor is not one of ours");
});

test.each([...transports, ["GET", get] as const])("the introspection of tools passes over %s", async (_, ask) => {
  const query = getIntrospectionQuery({
    descriptions: true,
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    schemaDescription: true,
    inputValueDeprecation: true,
    oneOf: true,
  });
  const { result } = await ask(platform.url, { query });
  expect(result).toMatchObject({ data: { __schema: { queryType: { name: "Query" } } } });
  expect(result.errors).toBeUndefined();
});
