// What a request asks for, from its JSON or its query string, for the transports that yoga does not serve.
import { z } from "zod";
import type { OperationRequest } from "../graphql/gateway.ts";
import { BadRequestError } from "./body.ts";

const schema = z.object({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  operationName: z.string().nullish(),
});

/** @throws BadRequestError 400 */
export function operationRequest(value: unknown): OperationRequest {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new BadRequestError(400, "Send {query, variables, operationName}: text, object and text.");
  const { query, variables, operationName } = parsed.data;
  return { query, variables: variables ?? undefined, operationName: operationName ?? undefined };
}

/** @throws BadRequestError 400 */
export function operationFromQuery(parameters: URLSearchParams): OperationRequest {
  const variables = parameters.get("variables");
  let parsed: unknown = null;
  try {
    parsed = variables === null ? null : JSON.parse(variables);
  } catch {
    throw new BadRequestError(400, "`variables` is not JSON.");
  }
  return operationRequest({ query: parameters.get("query"), variables: parsed, operationName: parameters.get("operationName") });
}
