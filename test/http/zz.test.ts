import { test } from "vitest";
import { startPlatform } from "../support/platform.ts";
test("x", async () => {
  await using p = await startPlatform({ worker: false, log: { write: (s: string) => console.log(s) } as never });
  const r = await fetch(`${p.url}/graphql`, { method: "POST", headers: { "content-type": "application/json", accept: "application/json" }, body: JSON.stringify({ query: "{__typename}" }) });
  console.log(r.status, await r.text());
});
