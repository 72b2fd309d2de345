// The audit of the GraphQL-over-HTTP specification: what it MUST, SHOULD and MAY, a test each.
import { serverAudits } from "graphql-http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startPlatform, type TestPlatform } from "../support/platform.ts";

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startPlatform({ worker: false });
});
afterAll(() => platform[Symbol.asyncDispose]());

const audits = serverAudits({ url: () => `${platform.url}/graphql` });

test("there are audits", () => expect(audits.length).toBeGreaterThan(50));

for (const { id, name, fn } of audits) {
  test(`${id} ${name}`, async () => {
    const result = await fn();
    if (result.status === "ok") return;
    await result.response.body?.cancel();
    expect.fail(`${result.status}: ${result.reason}`);
  });
}
