// The gateway, traced: each operation by its root field; of a subscription its beginning.
import type { DocumentNode } from "graphql";
import type { Gateway } from "../graphql/gateway.ts";
import { noTracing, type Traced, type Tracing } from "../observe/tracing.ts";
import { operationOf, outcomeOf } from "./measured-gateway.ts";

export function tracedGateway(gateway: Gateway, tracing: Tracing): Gateway {
  // Where nobody asks, it costs nothing.
  if (tracing === noTracing) return gateway;
  const traced = (document: DocumentNode, operationName: string | undefined): Traced => {
    const { type, field } = operationOf(document, operationName);
    return { kind: "operation", name: `${type} ${field}`, attributes: { "graphql.operation.type": type } };
  };
  return {
    ...gateway,
    run: (request, document, viewer) =>
      tracing.trace(
        traced(document, request.operationName),
        () => gateway.run(request, document, viewer),
        (result) => outcomeOf(result) === "failed",
      ),
    subscribe: (subscribing) =>
      tracing.trace(
        traced(subscribing.document, subscribing.operationName),
        async () => gateway.subscribe(subscribing),
        (results) => !("each" in results) && outcomeOf(results) === "failed",
      ),
  };
}
