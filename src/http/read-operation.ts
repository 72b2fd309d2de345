// What a request asks for, from its JSON or its query string.
import type { IncomingMessage } from "node:http";
import { z } from "zod";
import type { OperationRequest } from "../graphql/gateway.ts";
import { BadRequestError, readJson } from "./body.ts";

const object = z.record(z.string(), z.unknown());
const schema = z.object({
  query: z.string(),
  variables: object.nullish(),
  operationName: z.string().nullish(),
  extensions: object.nullish(),
});

/**
 * Reads the operation from a POST's body or a GET's query string.
 * @throws BadRequestError 400 for another form, 405 for another method, and as `readJson` does
 */
export async function readOperation(request: IncomingMessage): Promise<OperationRequest> {
  if (request.method === "POST") return operationOf(await readJson(request));
  if (request.method !== "GET") throw new BadRequestError("Use POST, or GET for queries.", { status: 405 });
  const [, queryString = ""] = (request.url ?? "").split("?", 2);
  const parameters = new URLSearchParams(queryString);
  return operationOf({
    query: parameters.get("query"),
    variables: jsonOf(parameters, "variables"),
    operationName: parameters.get("operationName"),
    extensions: jsonOf(parameters, "extensions"),
  });
}

function operationOf(value: unknown): OperationRequest {
  if (Array.isArray(value))
    throw new BadRequestError("Send one operation per request: lists of them are not taken.", { status: 400 });
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const wrong = parsed.error.issues[0]?.path[0];
    const what = wrong === undefined ? "This is something else" : `\`${String(wrong)}\` is missing or something else`;
    throw new BadRequestError(`${what}. Send {query, variables, operationName}: a text, an object and a text.`, {
      status: 400,
    });
  }
  const { query, variables, operationName } = parsed.data;
  return { query, variables: variables ?? undefined, operationName: operationName ?? undefined };
}

function jsonOf(parameters: URLSearchParams, name: string): unknown {
  const text = parameters.get(name);
  try {
    return text === null || text === "" ? null : JSON.parse(text);
  } catch (cause) {
    throw new BadRequestError(`\`${name}\` is not JSON.`, { status: 400, cause });
  }
}
