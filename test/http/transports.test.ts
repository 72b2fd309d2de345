// One operation has one answer, whatever it comes over.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startPlatform, type TestPlatform } from "../support/platform.ts";
import { type Ask, type Asked, get, overSocket, post, stream } from "./transports.ts";

let platform: TestPlatform;
let token: string;
beforeAll(async () => {
  platform = await startPlatform();
  ({ token } = await platform.person("alice"));
});
afterAll(() => platform[Symbol.asyncDispose]());

const transports: readonly (readonly [string, Ask])[] = [
  ["POST", post],
  ["GET", get],
  ["SSE", stream],
  ["WebSocket", overSocket],
];

const operations: readonly (readonly [string, Asked])[] = [
  ["a query", { query: "{ viewer { address } }" }],
  [
    "a query with variables",
    { query: "query Named($name: String!) { __type(name: $name) { name } }", variables: { name: "Event" } },
  ],
  ["one of several", { query: "query A { __typename } query B { viewer { address } }", operationName: "B" }],
  ["several without a name", { query: "query A { __typename } query B { viewer { address } }" }],
  ["a name that is not there", { query: "query A { __typename }", operationName: "B" }],
  ["a document without an operation", { query: "fragment A on Query { __typename }" }],
  ["an empty document", { query: "" }],
  ["a syntax error", { query: "{ viewer { address }" }],
  ["an unknown field", { query: "{ viewer { addres } }" }],
  ["a variable that is missing", { query: "query Named($name: String!) { __type(name: $name) { name } }" }],
  [
    "a variable of another type",
    {
      query: "query Page($first: Int) { conversations(first: $first) { edges { cursor } } }",
      variables: { first: "ten" },
    },
  ],
  [
    "a variable with an unknown field",
    { query: "query C($input: ConversationCreateInput!) { __typename }", variables: { input: { subjct: "x" } } },
  ],
  ["a page that is too large", { query: "{ conversations(first: 101) { edges { cursor } } }" }],
  ["a cursor of nobody's", { query: '{ conversations(after: "nonsense") { edges { cursor } } }' }],
  ["a node of nobody's", { query: '{ node(id: "nonsense") { id } }' }],
  [
    "a conversation that is not there",
    { query: '{ conversation(hash: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA") { subject } }' },
  ],
];

describe.each(operations)("%s", (_, asked) => {
  test.each(transports)("over %s", async (_name, ask) => {
    const { status, result } = await ask(platform.url, asked, token);
    expect(result).toEqual((await post(platform.url, asked, token)).result);
    expect(status ?? 200).toBeLessThan(500);
    expect(JSON.stringify(result)).not.toMatch(/INTERNAL_SERVER_ERROR|Did you mean/);
  });
});

test.each(transports)("over %s, who is not signed in is told to sign in", async (_, ask) => {
  const { status, result } = await ask(platform.url, { query: "{ viewer { address } }" });
  expect(result.errors?.map(({ extensions }) => extensions?.code)).toEqual(["UNAUTHENTICATED"]);
  expect(result.errors?.[0]?.extensions).toEqual({ code: "UNAUTHENTICATED" });
  if (ask === post || ask === get) expect(status).toBe(401);
});

test.each(transports.filter(([name]) => name !== "WebSocket"))(
  "over %s, a token that is not valid is 401, whatever is asked",
  async (_, ask) => {
    const { status, result } = await ask(platform.url, { query: "{ __typename }" }, "not-a-token");
    expect({ status, code: result.errors?.[0]?.extensions?.code }).toEqual({ status: 401, code: "UNAUTHENTICATED" });
  },
);

const begin = {
  query:
    "mutation Begin($subject: String) { conversationCreate(input: { subject: $subject }) { ... on ConversationCreatePayload { conversation { subject status } } } }",
  variables: { subject: "Lunch" },
};

test.each(transports.filter(([name]) => name !== "GET"))("over %s, a mutation is done", async (_, ask) => {
  const { result } = await ask(platform.url, begin, token);
  expect(result).toEqual({ data: { conversationCreate: { conversation: { subject: "Lunch", status: "DRAFT" } } } });
});
