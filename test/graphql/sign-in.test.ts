// Who is signed in: without a token there is nothing but `__typename` and introspection.
import { getIntrospectionQuery } from "graphql";
import { expect, test } from "vitest";
import { createParley } from "../../sdk/src/index.ts";
import { buildSchema } from "../../src/graphql/schema.ts";
import { errorCodeOf, givenPlatform } from "./given.ts";

const given = givenPlatform();
const schema = buildSchema();
const hash = "A".repeat(43);

test("without a token, the schema can be asked for", async () => {
  const { parley } = { parley: given.client() };
  expect(await parley.request("{ __typename }")).toEqual({ __typename: "Query" });
  expect(await parley.request("mutation { __typename }")).toEqual({ __typename: "Mutation" });
  expect(await parley.request(getIntrospectionQuery())).toHaveProperty("__schema.types");
});

/** What each field is given: enough to get past validation, and wrong, so that whoever looks at it first says so. */
const inputs: Readonly<Record<string, string>> = {
  node: '(id: "x")',
  nodes: "(ids: [])",
  conversation: "",
  conversationCreate: '(input: { subject: "\\u0000", participants: [{ address: "@" }] })',
  conversationDiscard: `(input: { draftHash: "${hash}" })`,
  conversationPublish: `(input: { draftHash: "${hash}" })`,
  expiryModify: '(input: { conversation: "x" })',
  leaderModify: '(input: { conversation: "x" })',
  labelAdd: '(input: { conversation: "x", name: "" })',
  labelRemove: '(input: { conversation: "x", label: "x" })',
  messageAdd: '(input: { conversation: "x", body: "" })',
  messageModify: '(input: { conversation: "x", message: "x", body: "" })',
  messageLock: '(input: { conversation: "x", message: "x" })',
  messageRelease: '(input: { conversation: "x", message: "x" })',
  messageRemove: '(input: { conversation: "x", message: "x" })',
  participantAdd: '(input: { conversation: "x", address: "@" })',
  participantModify: '(input: { conversation: "x", participant: "x", role: ADMIN })',
  participantRemove: '(input: { conversation: "x", participant: "x" })',
  subjectModify: '(input: { conversation: "x", subject: "" })',
  conversationLeave: '(input: { conversation: "x" })',
  conversationRead: '(input: { conversation: "x" })',
  participationUpdate: '(input: { conversation: "x" })',
  keptMailAccept: '(input: { keptMail: "x" })',
  keptMailDiscard: '(input: { keptMail: "x" })',
  search: '(query: "lunch")',
  personalLabelSet: '(input: { name: "x" })',
  personalLabelRemove: '(input: { name: "x" })',
};
const fields = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
  Object.keys(type?.getFields() ?? {}).map((name) => ({ name, kind: type?.name.toLowerCase() ?? "" })),
);

test.each(fields)("without a token, $kind $name says nothing, about its input neither", async ({ name, kind }) => {
  const text = `${kind} { ${name}${inputs[name] ?? ""} { __typename } }`;
  expect(await errorCodeOf(given.client().request(text))).toBe("UNAUTHENTICATED");
});

test("without a token, nothing is told as it happens", async () => {
  expect(await errorCodeOf(given.client().events().next())).toBe("UNAUTHENTICATED");
});

test.each([
  ["unknown", `parley_${"A".repeat(43)}`],
  ["of another form", "nonsense"],
  ["of 10,000 characters", `parley_${"A".repeat(10_000)}`],
])("a token that is %s is refused, also where nothing is asked that needs one", async (_, token) => {
  const parley = given.client(token);
  expect(await errorCodeOf(parley.viewer())).toBe("UNAUTHENTICATED");
  expect(await errorCodeOf(parley.request("{ __typename }"))).toBe("UNAUTHENTICATED");
  expect(await errorCodeOf(parley.events().next())).toBe("UNAUTHENTICATED");
});

test("an invalid token is answered with status 401", async () => {
  const statuses: number[] = [];
  const parley = createParley({
    url: given.platform.url,
    token: "nonsense",
    fetch: async (...request) => {
      const response = await fetch(...request);
      statuses.push(response.status);
      return response;
    },
  });
  await errorCodeOf(parley.viewer());
  expect(statuses).toEqual([401]);
});

test("a token says whose it is", async () => {
  const { alice } = await given.people("alice");
  const viewer = await alice.parley.viewer();
  expect(viewer).toMatchObject({
    address: alice.address,
    recipient: { address: alice.address, kind: "LOCAL", platform: "localhost" },
  });
});
