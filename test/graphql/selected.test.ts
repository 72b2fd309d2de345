// What a document asks for below a field, however it is written.
import { type GraphQLResolveInfo, Kind, parse } from "graphql";
import { expect, test } from "vitest";
import { asksOnly, selectedBelow } from "../../src/graphql/selected.ts";

/** What is asked for at `path` below the first field of the document's operation. */
const selected = (source: string, path: readonly string[]): readonly string[] =>
  [...selectedBelow(askedBy(source), path)].toSorted();

function askedBy(source: string): Pick<GraphQLResolveInfo, "fieldNodes" | "fragments"> {
  const fragments: Record<string, GraphQLResolveInfo["fragments"][string]> = {};
  const fieldNodes: GraphQLResolveInfo["fieldNodes"][number][] = [];
  for (const definition of parse(source).definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    for (const selection of definition.selectionSet.selections)
      if (selection.kind === Kind.FIELD) fieldNodes.push(selection);
  }
  return { fieldNodes, fragments };
}

test("fields are found by their names, whatever they are called in the answer", () => {
  expect(selected("{ list { a: node { b: one two } node { three } } }", ["node"])).toEqual(["one", "three", "two"]);
});

test("fields within fragments are found, at every level of the path", () => {
  const source = `{ list { ...Page ... on List { node { one } } } }
    fragment Page on List { node { ...Node ... { two } } }
    fragment Node on Node { three { four } }`;
  expect(selected(source, ["node"])).toEqual(["one", "three", "two"]);
  expect(selected(source, ["node", "three"])).toEqual(["four"]);
});

test("what may be skipped counts, and the same field twice counts both times", () => {
  const source = "{ list { node @skip(if: true) { one } } list { node { two @include(if: false) } } }";
  expect(selected(source, ["node"])).toEqual(["one", "two"]);
});

test("where nothing stands at the path, nothing is asked for", () => {
  expect(selected("{ list { node { one } } }", ["edges", "node"])).toEqual([]);
  expect(selected("{ list { node { one } } }", ["node", "one"])).toEqual([]);
});

test("only some fields are asked for where there are no others, and there are some", () => {
  const areNames = asksOnly(["node"], ["name", "role"]);
  for (const [source, is] of [
    ["{ list { node { name } } }", true],
    ["{ list { node { other: name ...Node } } } fragment Node on Node { role }", true],
    ["{ list { node { name status } } }", false],
    ["{ list { node { name ...Node } } } fragment Node on Node { name: status }", false],
    ["{ list { other } }", false],
  ] as const) {
    const asked = askedBy(source);
    expect(areNames(asked)).toBe(is);
    // Remembered.
    expect(areNames(asked)).toBe(is);
  }
});
