// What is left to graphql-js begins anew: with a context of its own, and without the reads of what was given up.
import { GraphQLList, GraphQLObjectType, GraphQLSchema, GraphQLString, parse } from "graphql";
import type pg from "pg";
import { expect, test } from "vitest";
import { type Context, createContext, type Platform } from "../../src/graphql/context.ts";
import { createExecute } from "../../src/graphql/execute.ts";

test("a plan that is given up reads nothing more, and counts for nobody", async () => {
  const names: string[] = [];
  const broken = Promise.withResolvers<void>();
  const pool = {
    query: async ({ name }: { readonly name: string }) => {
      names.push(name);
      await broken.promise;
      return { rows: [] };
    },
  } as unknown as pg.Pool;
  const folders = new GraphQLList(GraphQLString);
  const read = (_source: unknown, _args: unknown, { reader }: Context) => reader.folderCounts("account").then(() => []);
  const fields = Object.fromEntries(
    Array.from({ length: 20 }, (_, index) => [`a${index}`, { type: folders, resolve: read }]),
  );
  const fault = () => {
    setImmediate(broken.resolve);
    return Promise.reject(new Error("broken"));
  };
  const query = new GraphQLObjectType<unknown, Context>({
    name: "Query",
    fields: { ...fields, broken: { type: GraphQLString, resolve: fault } },
  });
  const contexts: Context[] = [];
  const { data, errors } = await createExecute(new GraphQLSchema({ query }))({
    document: parse(`{ ${Object.keys(fields).join(" ")} broken }`),
    operationName: undefined,
    variables: undefined,
    createContext: () => {
      const context = createContext({ database: { pool } } as Platform, null);
      contexts.push(context);
      return context;
    },
  });
  expect(data).toMatchObject({ a0: [], a19: [], broken: null });
  expect(errors).toMatchObject([{ message: "broken", path: ["broken"] }]);
  const [given, anew] = contexts;
  expect(contexts).toHaveLength(2);
  expect(given?.budget).not.toBe(anew?.budget);
  // Two of the plan's were out already.
  expect(names).toHaveLength(22);
});
