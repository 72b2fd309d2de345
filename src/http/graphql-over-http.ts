// GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/): queries and mutations by POST, queries by GET.
import type { IncomingMessage, ServerResponse } from "node:http";
import { GraphQLError } from "graphql";
import { createYoga, type Plugin } from "graphql-yoga";
import { createContext, type Context } from "../graphql/context.ts";
import { bearerToken, type Gateway } from "../graphql/gateway.ts";
import { readJson } from "./body.ts";

/** Handles one request; answers it in any case. */
export type Handle = (request: IncomingMessage & { body?: unknown }, response: ServerResponse) => Promise<void>;

export function graphqlOverHttp(gateway: Gateway): Handle {
  const yoga = createYoga<object, Context>({
    schema: gateway.schema,
    context: async ({ request }) => {
      const token = bearerToken(request.headers.get("authorization"));
      return createContext(gateway.platform, token === null ? null : await gateway.signIn(token));
    },
    plugins: [preparing(gateway)],
    // Documents are remembered, parsed and validated, by the gateway: one memory for all transports.
    parserAndValidationCache: false,
    maskedErrors: { maskError: gateway.mask },
    graphiql: false,
    landingPage: false,
    multipart: false,
    batching: false,
    cors: false,
    logging: false,
  });
  return async (request, response) => {
    // Read and parsed here, bounded, yoga runs at almost twice the rate that it has with a stream.
    if (request.method === "POST") request.body = await readJson(request);
    await yoga(request, response);
  };
}

/** Puts the gateway's documents in place of yoga's own parsing and validation. */
function preparing(gateway: Gateway): Plugin {
  return {
    onParse: ({ params, setParsedDocument }) => {
      const prepared = gateway.prepare(String(params.source));
      if ("errors" in prepared) throw refused(prepared.errors);
      setParsedDocument(prepared.document);
    },
    onValidate: ({ setResult }) => setResult([]),
    onSubscribe: ({ setResultAndStopExecution }) => {
      setResultAndStopExecution({
        errors: [
          new GraphQLError("Subscriptions go over WebSocket (graphql-transport-ws), or with `Accept: text/event-stream`.", {
            extensions: { code: "SUBSCRIPTION_TRANSPORT", http: { status: 406 } },
          }),
        ],
      });
    },
  };
}

/** Yoga takes errors out of an AggregateError, and the status from the first. */
function refused(errors: readonly GraphQLError[]): AggregateError {
  const told = errors.map(
    ({ message, nodes, source, positions, extensions }) =>
      new GraphQLError(message, {
        nodes: nodes ?? null,
        source: source ?? null,
        positions: positions ?? null,
        extensions: { ...extensions, http: { spec: true, status: 400 } },
      }),
  );
  return new AggregateError(told);
}
