// Queries and mutations: one POST each.
import type { Run } from "./generated.ts";
import { type AnswerError, errorOf, ParleyError } from "./parley-error.ts";

export interface HttpOptions {
  readonly endpoint: URL;
  readonly token: string | undefined;
  readonly fetch: typeof globalThis.fetch;
}

interface Answer<Result> {
  readonly data?: Result | null;
  readonly errors?: readonly AnswerError[];
}

/** Makes the function that sends an operation. @throws ParleyError where there is no answer, or only a part of one */
export function runOverHttp({ endpoint, token, fetch }: HttpOptions): Run {
  return async <Result, Variables>(query: string, variables: Variables): Promise<Result> => {
    const response = await fetch(endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/graphql-response+json, application/json",
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ query, variables }),
    }).catch((cause: unknown) => {
      throw new ParleyError("UNREACHABLE", `Nobody answered at ${endpoint.origin}.`, [], cause);
    });
    const answer: Answer<Result> = await response.json().catch((cause: unknown) => {
      throw new ParleyError("BAD_ANSWER", `${endpoint.href} answered ${response.status}, and not in GraphQL.`, [], cause);
    });
    if (answer.errors !== undefined) throw errorOf(answer.errors);
    if (answer.data == null) throw new ParleyError("BAD_ANSWER", `${endpoint.href} answered ${response.status} without data.`);
    return answer.data;
  };
}
