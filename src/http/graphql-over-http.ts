// GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/): queries and mutations by POST, queries by GET,
// and all three, subscriptions too, as a stream of server-sent events where the client accepts one.
import type { IncomingMessage, ServerResponse } from "node:http";
import { bearerToken, type Gateway } from "../graphql/gateway.ts";
import { acceptedBy, answerResult } from "./answer.ts";
import { BadRequestError } from "./body.ts";
import { eventStreamOf, sendOnce } from "./event-stream.ts";
import { readOperation } from "./read-operation.ts";
import type { TokenWatch } from "./token-watch.ts";

/**
 * Makes the function that handles one request.
 * @param stopping ends the streams
 * @throws BadRequestError what the request should be; GraphQLError UNAUTHENTICATED for a token that is not valid
 */
export function graphqlOverHttp(
  gateway: Gateway,
  tokens: TokenWatch,
  stopping: AbortSignal,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const accepted = acceptedBy(request);
    const asked = await readOperation(request);
    const token = bearerToken(request.headers.authorization);
    const viewer = token === null ? null : await gateway.signIn(token);
    const prepared = gateway.prepare(asked);
    if ("errors" in prepared) return answerResult(response, accepted, prepared);
    const { document, type } = prepared;
    // A link must not change anything (RFC 9110 §9.2.1).
    if (type === "mutation" && request.method === "GET")
      throw new BadRequestError("Send mutations by POST.", { status: 405 });
    if (type !== "subscription") {
      const result = await gateway.run(asked, document, viewer);
      return accepted.isOnlyStream ? sendOnce(response, result) : answerResult(response, accepted, result);
    }
    if (!accepted.isStream) {
      throw new BadRequestError(
        "Subscriptions go over WebSocket (graphql-transport-ws), or with `Accept: text/event-stream`.",
        { status: 406 },
      );
    }
    const { variables, operationName } = asked;
    const resumeAfter = String(request.headers["last-event-id"] ?? "") || null;
    const results = await gateway.subscribe({ document, variables, operationName, viewer, resumeAfter });
    if (!("each" in results)) return answerResult(response, accepted, results);
    using _ = token === null ? null : tokens.watch(token, () => results.end());
    await eventStreamOf(response, results, stopping);
  };
}
