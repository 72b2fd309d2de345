// Executes an operation: by its plan, or by graphql-js where that does not do.
import { type DocumentNode, type ExecutionResult, execute, type GraphQLSchema } from "graphql";
import type { Context } from "./context.ts";
import { createPlanner } from "./plan.ts";

export interface Execution {
  /** As `createPrepare` gave it: its plan is found by it. */
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  /** What a subscription tells of; undefined of queries and mutations. */
  readonly rootValue?: unknown;
  /** Makes the context: a second one where graphql-js has to begin anew, for what was read and counted in the first is not its own. */
  createContext(): Context;
}

export type Execute = (execution: Execution) => Promise<ExecutionResult>;

export function createExecute(schema: GraphQLSchema): Execute {
  const planOf = createPlanner(schema);
  return async ({ document, operationName, variables, rootValue, createContext }) => {
    const plan = planOf(document, operationName);
    if (plan) {
      const context = createContext();
      const data = await plan({ variables, rootValue, context });
      if (data) return { data };
      context.stopReading();
    }
    return execute({
      schema,
      document,
      rootValue,
      contextValue: createContext(),
      ...(variables && { variableValues: variables }),
      ...(operationName !== undefined && { operationName }),
      hideSuggestions: true,
    });
  };
}
