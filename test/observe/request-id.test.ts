import { expect, test } from "vitest";
import { createLogger } from "../../src/observe/logger.ts";
import { asRequest, currentRequestId, requestIdFrom } from "../../src/observe/request-id.ts";

test.each(["a", "4bf92f3577b34da6a3ce929d0e0e4736", "proxy-1.r_2", "x".repeat(64)])("%s is taken as it is", (given) => {
  expect(requestIdFrom(given)).toBe(given);
});

test.each([undefined, "", "x".repeat(65), "a b", 'a","level":60', "a\r\nset-cookie: b", "ä", ["a", "b"]])(
  "in place of %j another is made",
  (given) => {
    expect(requestIdFrom(given)).toMatch(/^[0-9a-f-]{36}$/);
  },
);

test("it is on the lines of parts that do one request's work, and not where several requests share the work", async () => {
  const lines: string[] = [];
  const log = createLogger({ level: "info", destination: { write: (line) => void lines.push(line) } });
  const [http, announce] = [log("http"), log("announce")];
  await asRequest("one", async () => {
    await Promise.resolve();
    http.info("answered");
    announce.info("announced");
    expect(currentRequestId()).toBe("one");
  });
  http.info("later");
  const ids = lines.map((line) => (JSON.parse(line) as { requestId?: string }).requestId);
  expect(ids).toEqual(["one", undefined, undefined]);
});
