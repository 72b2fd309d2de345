// Traces: what a collector is told of a platform at work, what it is not told, and what becomes of the platform where it is away.
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { z } from "zod";
import { createParley, isRejection } from "../../sdk/src/index.ts";
import { conversationOf, done, present, said } from "../graphql/given.ts";
import { startPlatform } from "../support/platform.ts";

// OTLP in JSON, https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding, as far as it is looked at here.
const attributeSchema = z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) });
const spanSchema = z.object({
  ...{ traceId: z.string().length(32), spanId: z.string().length(16), parentSpanId: z.string().optional() },
  ...{ name: z.string(), kind: z.number(), attributes: z.array(attributeSchema) },
  status: z.object({ code: z.number().optional() }).optional(),
});
type Span = z.infer<typeof spanSchema>;
const tracesSchema = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: z.array(attributeSchema) }),
      scopeSpans: z.array(z.object({ spans: z.array(spanSchema) })),
    }),
  ),
});

/** Takes what is sent to it. */
async function startCollector() {
  const bodies: string[] = [];
  const spans: Span[] = [];
  const resources: unknown[] = [];
  const paths = new Set<string>();
  const server = createServer((request, response) => {
    void (async () => {
      const body = await text(request);
      bodies.push(body);
      paths.add(`${request.method} ${request.url} ${request.headers["content-type"]}`);
      for (const { resource, scopeSpans } of tracesSchema.parse(JSON.parse(body)).resourceSpans) {
        resources.push(...resource.attributes);
        spans.push(...scopeSpans.flatMap((scope) => scope.spans));
      }
      response.setHeader("content-type", "application/json").end("{}");
    })();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it has no port");
  return {
    ...{ url: `http://127.0.0.1:${address.port}`, bodies, spans, resources, paths },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const attributeOf = (span: Span | undefined, name: string): unknown =>
  Object.values(span?.attributes.find(({ key }) => key === name)?.value ?? {})[0];

test("operations and jobs are traced with the statements that they wait for, and with nothing of what is said", async () => {
  await using collector = await startCollector();
  {
    await using platform = await startPlatform({ tracesTo: `${collector.url}/` });
    const alice = await platform.person("alice");
    await using parley = createParley({ url: platform.url, token: alice.token });
    const somebody = { ...alice, parley };
    const conversation = await conversationOf(somebody, [], "Lunch under the oak");
    const message = await said(somebody, conversation, "Bring the quokka");
    await done(parley.messageRemove({ conversation, message }));
    expect(isRejection(await parley.messageRemove({ conversation: message, message }))).toBe(true);
    present(await parley.conversation({ hash: conversation }));
    const erased = async () =>
      (await platform.core.database.pool.query("SELECT FROM event WHERE id = $1 AND body IS NULL", [message])).rowCount;
    await expect.poll(erased).toBe(1);
    // What is done with the database beside all operations and jobs is part of no trace.
    await platform.core.database.pool.query("SELECT 'nobody asked'");
  }
  const { spans, resources, paths, bodies } = collector;
  expect([...paths]).toEqual(["POST /v1/traces application/json"]);
  expect(resources).toContainEqual({ key: "service.name", value: { stringValue: "parley" } });
  const roots = spans.filter(({ parentSpanId }) => parentSpanId === undefined || parentSpanId === "");
  const names = roots.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining([
      ...["mutation conversationCreate", "mutation messageAdd", "mutation messageRemove", "query conversation"],
      "job erase-bodies",
    ]),
  );
  expect(names.filter((name) => !/^(query|mutation|job) [\w-]+$/.test(name))).toEqual([]);
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const statements = spans.filter((span) => !roots.includes(span));
  expect(statements.map((one) => byId.get(one.parentSpanId ?? "")?.traceId)).toEqual(
    statements.map(({ traceId }) => traceId),
  );
  const within = (name: string) => {
    const root = roots.find((one) => one.name === name);
    return statements.filter(({ traceId }) => traceId === root?.traceId).map((one) => one.name);
  };
  expect(within("query conversation").some((name) => name.startsWith("read_"))).toBe(true);
  expect(within("job erase-bodies")).toEqual(expect.arrayContaining(["BEGIN", "UPDATE", "COMMIT"]));
  expect(attributeOf(statements[0], "db.system.name")).toBe("postgresql");
  // A rejection is an answer.
  expect(spans.filter(({ status }) => status?.code === 2)).toEqual([]);
  // From the removal, to the job that came of it.
  const request = roots.filter(({ name }) => name === "mutation messageRemove");
  const job = roots.find(({ name }) => name === "job erase-bodies");
  expect(request.map((one) => attributeOf(one, "parley.request_id"))).toContain(attributeOf(job, "parley.request_id"));
  expect(bodies.join()).not.toMatch(/quokka|oak|alice|nobody asked/);
});

test("a collector that is away is told of once, and keeps nobody from anything", async () => {
  const collector = await startCollector();
  await collector[Symbol.asyncDispose]();
  const lines: string[] = [];
  {
    await using platform = await startPlatform({ tracesTo: collector.url, log: { write: (line) => lines.push(line) } });
    const alice = await platform.person("alice");
    await using parley = createParley({ url: platform.url, token: alice.token });
    await conversationOf({ ...alice, parley });
  }
  expect(lines.filter((line) => line.includes("the collector of traces does not take them"))).toHaveLength(1);
});
