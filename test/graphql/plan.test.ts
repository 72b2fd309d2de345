// A plan answers what graphql-js answers, or leaves it to graphql-js: whatever the document, and whatever is found.
import fc from "fast-check";
import { buildSchema, execute, type GraphQLObjectType, parse } from "graphql";
import { describe, expect, test } from "vitest";
import type { Context } from "../../src/graphql/context.ts";
import { createPlanner } from "../../src/graphql/plan.ts";

const schema = buildSchema(`
  interface Node { id: ID!, next: Node }
  type Page implements Node { id: ID!, next: Node, title(shout: Boolean = false): String, lines: [String!]!, about: [Node], size: Int }
  type Person implements Node { id: ID!, next: Node, name: String!, pages(first: Int!): [Page!]!, is: Mood }
  union Anything = Page | Person
  enum Mood { GLAD SAD }
  type Query { node(id: ID): Node, page: Page, person: Person!, all: [Anything!], deep: [[Int]!] }
  type Mutation { page: Page }
  type Subscription { page: Page, person: Person! }
`);

// What the real schema has, too: resolvers that see their arguments and the context.
const fieldOf = (type: string, field: string) => {
  const found = (schema.getType(type) as GraphQLObjectType).getFields()[field];
  if (!found) throw new Error(`there is no ${type}.${field}`);
  return found;
};
fieldOf("Page", "title").resolve = ({ title }, { shout }) =>
  shout && typeof title === "string" ? title.toUpperCase() : title;
fieldOf("Person", "pages").resolve = ({ pages }, { first }) => (Array.isArray(pages) ? pages.slice(0, first) : pages);
fieldOf("Person", "name").resolve = ({ name }, _, { platform }) => (name === "platform" ? platform : name);

const context = { platform: "here" } as unknown as Context;
const planner = createPlanner(schema);

async function compared(
  source: string,
  rootValue: unknown,
  variables?: Record<string, unknown>,
  operationName?: string,
) {
  const document = parse(source);
  const plan = planner(document, operationName);
  const planned = plan && (await plan({ variables, rootValue, context }));
  const expected = await execute({
    ...{ schema, document, rootValue, contextValue: context },
    ...(variables && { variableValues: variables }),
    ...(operationName !== undefined && { operationName }),
  });
  return { planned, expected };
}

const page = { __typename: "Page", id: "p", title: "one", lines: ["a", "b"], about: null, size: 3 };
const person = { __typename: "Person", id: "q", name: "Alice", pages: [page, page], is: "GLAD" };

describe("what has no errors is answered as graphql-js answers it, to the letter", () => {
  test.for([
    ["fields, in their order", "{ page { size id title } }", { page }],
    ["aliases, and a field twice", "{ page { b: title a: title title title(shout: false) } }", { page }],
    ["arguments with their defaults", "{ page { title loud: title(shout: true) } }", { page }],
    [
      "fields of both selections",
      "{ page { id } page { title about { id } } page { about { next { id } } } }",
      { page },
    ],
    [
      "fragments of its type, of its interface and of another",
      "{ node { ...A ... on Node { id } ... on Person { name } ... { __typename } } } fragment A on Page { title ...B } fragment B on Node { next { id } }",
      { node: { ...page, next: person } },
    ],
    [
      "unions",
      "{ all { __typename ... on Page { title } ... on Person { name } ... on Node { id } } }",
      { all: [page, person] },
    ],
    ["lists in lists", "{ deep }", { deep: [[1, null], []] }],
    [
      "promises, everywhere",
      "{ page { title lines about { id } } person { name pages(first: 1) { id } } }",
      {
        page: Promise.resolve({
          ...page,
          lines: Promise.resolve(["a", Promise.resolve("b")]),
          about: [Promise.resolve(person), null],
        }),
        person,
      },
    ],
    ["methods", "{ page { title size } }", { page: { ...page, size: () => 4 } }],
    ["the context", "{ person { name } }", { person: { ...person, name: "platform" } }],
    ["nothing", "{ page { id } all { __typename } deep }", {}],
    ["what a subscription tells of", "subscription { page { id } }", { page }],
  ] as const)("%s", async ([, source, rootValue]) => {
    const { planned, expected } = await compared(source, rootValue);
    expect(expected.errors).toBeUndefined();
    expect(JSON.stringify(planned)).toBe(JSON.stringify(expected.data));
  });

  test("variables, given, missing and null", async () => {
    const source =
      "query Q($shout: Boolean, $first: Int! = 1) { page { title(shout: $shout) } person { pages(first: $first) { id } } }";
    for (const variables of [{}, { shout: true }, { shout: null, first: 2 }]) {
      const { planned, expected } = await compared(source, { page, person }, variables);
      expect(JSON.stringify(planned)).toBe(JSON.stringify(expected.data));
    }
  });

  test("the operation that is named", async () => {
    const { planned } = await compared("query A { page { id } } query B { page { title } }", { page }, {}, "B");
    expect(planned).toEqual({ page: { title: "one" } });
  });
});

describe("all else is left to graphql-js", () => {
  test.for([
    ["an error", "{ page { id title } }", { page: { ...page, title: new Error("broken") } }],
    [
      "a promise that is broken",
      "{ page { lines } }",
      { page: { ...page, lines: () => Promise.reject(new Error("broken")) } },
    ],
    [
      "a method that throws",
      "{ page { size } }",
      {
        page: {
          ...page,
          size: () => {
            throw new Error("broken");
          },
        },
      },
    ],
    ["null where none may be", "{ person { name } }", { person: { ...person, name: null } }],
    ["null in a list that may have none", "{ page { lines } }", { page: { ...page, lines: ["a", null] } }],
    ["a value of another type", "{ page { size } }", { page: { ...page, size: "many" } }],
    ["a list that is none", "{ page { lines } }", { page: { ...page, lines: "a" } }],
    ["an object of a type that it cannot be", "{ all { __typename } }", { all: [{ __typename: "Query" }] }],
    ["an object of no type", "{ node { id } }", { node: { id: "x" } }],
  ] as const)("%s", async ([, source, rootValue]) => {
    const { planned, expected } = await compared(source, rootValue);
    expect(expected.errors).toHaveLength(1);
    expect(planned).toBeNull();
  });

  test.for([
    ["a mutation", "mutation { page { id } }"],
    ["a directive", "{ page { id @skip(if: true) title } }"],
    ["introspection", "{ __schema { queryType { name } } }"],
    ["a key that would be no property", "{ page { __proto__: id } }"],
  ])("%s", ([, source]) => {
    expect(planner(parse(source ?? ""), undefined)).toBeNull();
  });

  test("and nothing more is asked for then", async () => {
    let asked = 0;
    const asks = { ...page, size: () => asked++ };
    const wrong = { ...page, id: null };
    const root = { all: [asks, wrong, asks, Promise.resolve(asks)], page: asks };
    const document = parse("{ all { ... on Page { size id } } page { size } }");
    expect(await planner(document, undefined)?.({ variables: undefined, rootValue: root, context })).toBeNull();
    expect(asked).toBe(1);
  });

  test("variables that do not fit", async () => {
    const { planned, expected } = await compared(
      "query Q($first: Int!) { person { pages(first: $first) { id } } }",
      { person },
      { first: "one" },
    );
    expect(planned).toBeNull();
    expect(expected.errors).toHaveLength(1);
  });
});

// What may be found. Either promises, or what is wrong: of the two together graphql-js leaves rejections unheard.
const later = <T>(usual: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 3, arbitrary: usual }, { weight: 1, arbitrary: usual.map((value) => ({ later: value })) });
const wrong = <T>(usual: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 40, arbitrary: usual },
    { weight: 1, arbitrary: fc.constantFrom(null, undefined, { error: true }, 7, "text") },
  );

/** What the whole document may find. @param or what else may be at a place than what belongs there */
function rootsOf(or: typeof later) {
  const list = (one: fc.Arbitrary<unknown>) => or(fc.array(or(one), { maxLength: 3 }));
  const { node, page, person } = fc.letrec((tie) => ({
    page: fc.record({
      ...{ __typename: fc.constant("Page"), id: or(fc.string()), title: or(fc.string()), lines: list(fc.string()) },
      ...{ about: list(tie("node")), size: or(fc.integer()), next: or(tie("node")) },
    }),
    person: fc.record({
      ...{ __typename: fc.constant("Person"), id: or(fc.string()), name: or(fc.string()), pages: list(tie("page")) },
      ...{ is: or(fc.constantFrom("GLAD", "SAD")), next: or(tie("node")) },
    }),
    node: fc.oneof({ maxDepth: 3, withCrossShrink: true }, fc.constant(null), tie("page"), tie("person")),
  }));
  const some = fc.oneof(page, person);
  return fc.record({
    node: or(node),
    page: or(page),
    person: or(person),
    all: list(some),
    deep: list(list(fc.integer())),
  });
}

/** Makes promises and errors of what stands for them, anew for each execution. */
function alive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(alive);
  if (typeof value !== "object" || value === null) return value;
  if ("later" in value) return Promise.resolve(alive(value.later));
  if ("error" in value) return new Error("broken");
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, alive(one)]));
}

const whole = parse(`{
  node { ...Node next { ...Node } }
  page { ...Page about { ...Node } next { id } }
  person { name is pages(first: 1) { ...Page } next { ...Node } }
  all { __typename ...Node ... on Node { id } }
  deep
}
fragment Node on Node { id ... on Page { ...Page } ... on Person { n: name is } }
fragment Page on Page { title lines size }`);

async function ofWhole(root: unknown) {
  const planned = await planner(whole, undefined)?.({ variables: undefined, rootValue: alive(root), context });
  const expected = await execute({ schema, document: whole, rootValue: alive(root), contextValue: context });
  return { planned, expected };
}

test("whatever is promised, it is the same answer", async () => {
  await fc.assert(
    fc.asyncProperty(rootsOf(later), async (root) => {
      const { planned, expected } = await ofWhole(root);
      expect(expected.errors).toBeUndefined();
      expect(JSON.stringify(planned)).toBe(JSON.stringify(expected.data));
    }),
    { numRuns: 500 },
  );
});

test("whatever is wrong, it is the same answer, or none where graphql-js has errors", async () => {
  const seen = { answered: 0, left: 0 };
  await fc.assert(
    fc.asyncProperty(rootsOf(wrong), async (root) => {
      const { planned, expected } = await ofWhole(root);
      if (expected.errors) expect(planned).toBeNull();
      else expect(JSON.stringify(planned)).toBe(JSON.stringify(expected.data));
      seen[expected.errors ? "left" : "answered"]++;
    }),
    { numRuns: 1_000 },
  );
  // Both happen, so that neither is taken on trust.
  expect(seen.answered).toBeGreaterThan(50);
  expect(seen.left).toBeGreaterThan(50);
});
