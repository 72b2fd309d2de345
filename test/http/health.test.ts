import { expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { startPlatform } from "../support/platform.ts";

const told = async (url: string) => {
  const response = await fetch(url, { redirect: "manual" });
  return `${response.status} ${(await response.text()).trim()}`;
};

test("/healthz says that the process lives, /readyz that it can serve", async () => {
  await using platform = await startPlatform({ worker: false });
  expect(await told(`${platform.url}/healthz`)).toBe("200 ok");
  expect(await told(`${platform.url}/readyz`)).toBe("200 ready");
});

test("without its database, a process lives but is not ready, and says why", async () => {
  const database = await createTestDatabase();
  await using platform = await startPlatform({ databaseUrl: database.url, worker: false });
  await database[Symbol.asyncDispose]();
  expect(await told(`${platform.url}/readyz`)).toBe("503 the database is out of reach");
  expect(await told(`${platform.url}/healthz`)).toBe("200 ok");
});

test("what is not there is 404, and / leads to GraphQL", async () => {
  await using platform = await startPlatform({ worker: false });
  for (const path of ["/nothing", "/graphql/", "/graphiql/nothing.js", "/graphiql/../../package.json"]) {
    expect(await told(platform.url + path)).toBe("404 Not found. GraphQL is at /graphql.");
  }
  expect(await told(`${platform.url}/`)).toMatch(/^302/);
});
