// What is traced: operations and jobs, each a trace of its own, and within them the statements that they wait for. Nothing of
// what people say is in it, nor whom they say it to.
import { AsyncLocalStorage } from "node:async_hooks";
import type { Span } from "@opentelemetry/api";
import type { SpanExporter } from "@opentelemetry/sdk-trace";
import type { Logger } from "./logger.ts";
import { currentRequestId } from "./request-id.ts";

/** What is done, in words of ours. */
export interface Traced {
  /** A statement is traced as part of something; by itself it is not. */
  readonly kind: "operation" | "job" | "statement";
  readonly name: string;
  readonly attributes?: Readonly<Record<string, string | number>>;
}

export interface Tracing extends AsyncDisposable {
  /** Runs the work; what it waits for is part of it. @param isFailed whether what it comes to is a failure of ours */
  trace<T>(traced: Traced, work: () => Promise<T>, isFailed?: (result: T) => boolean): Promise<T>;
}

/** Traces nothing. */
export const noTracing: Tracing = {
  trace: (_, work) => work(),
  [Symbol.asyncDispose]: async () => {},
};

export interface TracingOptions {
  /** Of a collector that speaks OTLP over HTTP, as JSON: `http://HOST:4318`, without a slash at its end. */
  readonly endpoint: string;
  readonly platform: string;
  readonly log: Logger;
}

/** Then what is left is given up: a collector that does not answer must not keep a process from stopping. */
const sentWithinMs = 5_000;

/** Traces to a collector, some seconds later and many spans at a time. Disposing sends what is left. Never fails for the collector. */
export async function openTracing({ endpoint, platform, log }: TracingOptions): Promise<Tracing> {
  // Where nothing is traced, they are not loaded.
  const [api, sdk, { resourceFromAttributes }, { OTLPTraceExporter }] = await Promise.all([
    import("@opentelemetry/api"),
    import("@opentelemetry/sdk-trace"),
    import("@opentelemetry/resources"),
    import("@opentelemetry/exporter-trace-otlp-http"),
  ]);
  const { ROOT_CONTEXT, SpanKind, SpanStatusCode } = api;
  const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, timeoutMillis: sentWithinMs });
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ "service.name": "parley", "parley.platform": platform }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter: sayingFaults(exporter, log) })],
  });
  const tracer = provider.getTracer("parley");
  const kinds = { operation: SpanKind.SERVER, job: SpanKind.CONSUMER, statement: SpanKind.CLIENT };
  // Not the global one of OpenTelemetry's: other parts of the process may use that for themselves.
  const current = new AsyncLocalStorage<Span>();
  return {
    trace: async ({ kind, name, attributes = {} }, work, isFailed) => {
      const parent = kind === "statement" ? current.getStore() : undefined;
      // What a stream asks for after its beginning, and what is left to be done after an answer, is part of nothing any more.
      if (kind === "statement" && !parent?.isRecording()) return work();
      const requestId = kind === "operation" ? currentRequestId() : undefined;
      const about = { ...attributes, ...(requestId !== undefined && { "parley.request_id": requestId }) };
      const within = parent ? api.trace.setSpan(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
      const span = tracer.startSpan(name, { kind: kinds[kind], attributes: about }, within);
      try {
        const result = await current.run(span, work);
        if (isFailed?.(result)) span.setStatus({ code: SpanStatusCode.ERROR });
        return result;
      } catch (error) {
        // Its message may have values in it.
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    },
    [Symbol.asyncDispose]: async () => {
      await provider.shutdown().catch((error: unknown) => log.warn({ err: error }, "some traces could not be sent"));
    },
  };
}

/** Says when it fails for the first time, and when it fails again after it went well. */
function sayingFaults(exporter: SpanExporter, log: Logger): SpanExporter {
  let isFailing = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.error && !isFailing) {
          log.warn({ err: result.error }, "the collector of traces does not take them; it is tried on");
        }
        isFailing = result.error !== undefined;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
  };
}
