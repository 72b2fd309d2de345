// The gateway as one transport uses it, measured: how many operations, how long, with what outcome, and what streams do.
import { type DocumentNode, type ExecutionResult, getOperationAST, Kind, type SelectionSetNode } from "graphql";
import type { Gateway } from "../graphql/gateway.ts";
import type { LiveResults } from "../graphql/live-execution.ts";
import { type Metrics, noMetrics, type Outcome, type Transport } from "../observe/metrics.ts";

/** What was refused before it was known which operation it is. */
export const unknownOperation = "none";

type Done = (outcome: Outcome, seconds: number) => void;

/** @param transport of queries and mutations; streams over HTTP are counted as `sse` */
export function measuredGateway(gateway: Gateway, metrics: Metrics, transport: "http" | "websocket"): Gateway {
  // Where nobody asks, it costs nothing.
  if (metrics === noMetrics) return gateway;
  const streamTransport: Transport = transport === "http" ? "sse" : transport;
  const unknown = metrics.operation(transport, unknownOperation);
  /** Documents are kept by their text, so each is looked through once. */
  const known = new WeakMap<DocumentNode, Map<string, Done>>();

  const doneOf = (document: DocumentNode, operationName: string | undefined): Done => {
    const ofDocument = known.get(document) ?? new Map<string, Done>();
    known.set(document, ofDocument);
    const key = operationName ?? "";
    const kept = ofDocument.get(key);
    if (kept) return kept;
    const { type, field } = operationOf(document, operationName);
    const done = metrics.operation(type === "subscription" ? streamTransport : transport, field);
    ofDocument.set(key, done);
    return done;
  };

  return {
    ...gateway,
    prepare: (request) => {
      const startedAt = performance.now();
      const prepared = gateway.prepare(request);
      if ("errors" in prepared) unknown("refused", secondsSince(startedAt));
      return prepared;
    },
    run: async (request, document, viewer) => {
      const startedAt = performance.now();
      const done = doneOf(document, request.operationName);
      try {
        const result = await gateway.run(request, document, viewer);
        done(outcomeOf(result), secondsSince(startedAt));
        return result;
      } catch (error) {
        done("failed", secondsSince(startedAt));
        throw error;
      }
    },
    subscribe: async (subscribing) => {
      const startedAt = performance.now();
      const done = doneOf(subscribing.document, subscribing.operationName);
      try {
        const results = await gateway.subscribe(subscribing);
        const isStream = "each" in results;
        done(isStream ? "ok" : outcomeOf(results), secondsSince(startedAt));
        return isStream ? measuredStream(results, metrics, streamTransport) : results;
      } catch (error) {
        done("failed", secondsSince(startedAt));
        throw error;
      }
    },
  };
}

/** What kind of operation it is, and its root field: or one of a few words. */
export function operationOf(document: DocumentNode, operationName: string | undefined) {
  const operation = getOperationAST(document, operationName);
  return {
    type: operation?.operation ?? unknownOperation,
    field: operation ? rootFieldOf(document, operation.selectionSet) : unknownOperation,
  };
}

/** Bounded, for only what validates has come here: a field of the schema, or one of two words. */
function rootFieldOf(document: DocumentNode, selectionSet: SelectionSetNode): string {
  const names = new Set<string>();
  collectFields(document, selectionSet, names, new Set());
  const [name] = names;
  if (names.size > 1) return "several";
  return name === undefined || name.startsWith("__") ? "introspection" : name;
}

function collectFields(
  document: DocumentNode,
  { selections }: SelectionSetNode,
  names: Set<string>,
  seen: Set<string>,
): void {
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) names.add(selection.name.value);
    else if (selection.kind === Kind.INLINE_FRAGMENT) collectFields(document, selection.selectionSet, names, seen);
    else if (!seen.has(selection.name.value)) {
      seen.add(selection.name.value);
      for (const one of document.definitions) {
        if (one.kind === Kind.FRAGMENT_DEFINITION && one.name.value === selection.name.value) {
          collectFields(document, one.selectionSet, names, seen);
        }
      }
    }
  }
}

export function outcomeOf({ errors }: ExecutionResult): Outcome {
  if (!errors) return "ok";
  return errors.some(({ extensions }) => extensions["code"] === "INTERNAL_SERVER_ERROR") ? "failed" : "refused";
}

function measuredStream(results: LiveResults, metrics: Metrics, transport: Transport): LiveResults {
  const openedAtMs = Date.now();
  let isOpen = true;
  metrics.stream(transport, 1);
  const end = () => {
    if (isOpen) metrics.stream(transport, -1);
    isOpen = false;
  };
  return {
    each: (give) =>
      results
        .each(async (one) => {
          await give(one);
          if (one.item.kind !== "event") return;
          const atMs = one.item.event.recordedUs / 1_000;
          // What was there before is caught up with: its age says nothing of how quick we are.
          if (atMs >= openedAtMs) metrics.sent((Date.now() - atMs) / 1_000);
        })
        .finally(end),
    end: () => {
      end();
      results.end();
    },
  };
}

function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1_000;
}
