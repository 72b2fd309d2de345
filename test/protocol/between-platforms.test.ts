// A test for each requirement of docs/federation.md that can be tried from outside: of a platform of this code, or of the one that
// PARLEY_TEST_URL names (PARLEY_TEST_ADDRESS has an account there; conformance.localhost leads to 127.0.0.1:4099).
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createParley } from "../../sdk/src/index.ts";
import { musts } from "../../src/conformance/musts.ts";
import { allTries, runConformance, type Tried } from "../../src/conformance/run.ts";
import { done } from "../graphql/given.ts";
import { freePort } from "../support/free-port.ts";
import { startPlatform } from "../support/platform.ts";

// A platform looks for a key that it does not know once in ten seconds, and waits for a body for half a minute.
vi.setConfig({ hookTimeout: 240_000 });

const { PARLEY_TEST_URL: url, PARLEY_TEST_ADDRESS: address = null } = process.env;
const name = "conformance.localhost";
const opened = new AsyncDisposableStack();
let tries: readonly Tried[] = [];

/** A platform of this code, with somebody who begins a conversation when asked to. */
async function ownPlatform() {
  const port = await freePort();
  const peers = { [name]: `http://127.0.0.1:${port}` };
  const platform = opened.use(await startPlatform({ name: "tried.localhost", peers }));
  const bob = await platform.person("bob");
  const parley = opened.use(createParley({ url: `${platform.url}/graphql`, token: bob.token }));
  const begin = async (other: string): Promise<void> => {
    const participants = [{ address: other }];
    await done(
      parley.conversationCreate({ subject: "Try me", participants, messages: [{ body: "Hello." }], publish: true }),
    );
  };
  return { url: platform.url, address: bob.address, port, leadWithinMs: 20_000, begin };
}

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "parley-conformance-"));
  opened.defer(() => rm(folder, { recursive: true }));
  const tried =
    url === undefined ? await ownPlatform() : { url, address, port: 4_099, leadWithinMs: 0, begin: async () => {} };
  const begun: Promise<void>[] = [];
  const conformance = await runConformance({
    base: new URL(tried.url),
    address: tried.address,
    name,
    host: "127.0.0.1",
    port: tried.port,
    keysFile: join(folder, "keys.json"),
    leadWithinMs: tried.leadWithinMs,
    onLeadWanted: (own) => void begun.push(tried.begin(own)),
  });
  await Promise.all(begun);
  tries = conformance.tries;
});
afterAll(() => opened.disposeAsync());

const numbers = [...new Set(allTries.map(({ must }) => must))];

describe.each(numbers.map((must) => [must, musts[must].says]))("%s %s", (must) => {
  const own = allTries.flatMap((one, index) => (one.must === must ? [{ ...one, index }] : []));
  test.each(own)("$sent", ({ index, expected }) => {
    const { came, verdict } = tries[index] ?? expect.fail("it was not tried");
    // A platform elsewhere may not have all that is needed.
    if (url === undefined || verdict !== "leftOut") expect(expected).toContain(came);
  });
});
