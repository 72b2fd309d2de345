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
    const answer: unknown = await response.json().catch(() => null);
    if (!isAnswer<Result>(answer)) {
      throw new ParleyError("BAD_ANSWER", `${endpoint.href} answered ${response.status}, and not in GraphQL.`);
    }
    if (answer.errors !== undefined) throw errorOf(answer.errors);
    if (answer.data == null) throw new ParleyError("BAD_ANSWER", `${endpoint.href} answered without data.`);
    return answer.data;
  };
}

/** What `data` holds is for the platform's validation, and the generated types: here only that it is an answer at all. */
function isAnswer<Result>(answer: unknown): answer is Answer<Result> {
  if (typeof answer !== "object" || answer === null) return false;
  return "errors" in answer ? Array.isArray(answer.errors) && answer.errors.length > 0 : "data" in answer;
}
