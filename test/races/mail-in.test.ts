import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pruneInbound } from "../../src/mail/in/prune-inbound.ts";
import { createStoreInbound } from "../../src/mail/in/store-inbound.ts";
import { type Inbox, openInbox, RawClient } from "../mail/in/given.ts";
import { type InboxCrashPoint, inboxCrashPoints } from "../support/inbox-crash-points.ts";

const opened = new AsyncDisposableStack();
let inbox: Inbox;
/** Of a listener that lives on. */
let port: number;

beforeAll(async () => {
  inbox = opened.use(await openInbox());
  ({ port } = await inbox.listen());
});
afterAll(() => opened.disposeAsync());

async function startCrashing(point: InboxCrashPoint) {
  const child: ChildProcess = spawn(process.execPath, ["test/support/crashing-inbox.ts", point, inbox.folder], {
    env: { PATH: process.env["PATH"], DATABASE_URL: inbox.database.url },
    stdio: ["ignore", "pipe", "inherit"],
  });
  opened.defer(() => void child.kill("SIGKILL"));
  const killed = once(child, "exit").then(([, signal]: readonly unknown[]) => signal);
  if (!child.stdout) throw new Error("the child has no output");
  const [line] = await once(createInterface(child.stdout), "line");
  return { port: Number(line), killed };
}

async function send(to: number, mark: string): Promise<string | null> {
  using client = await RawClient.to(to);
  await client.begin();
  await client.ask("DATA");
  client.send(`Subject: ${mark}\r\n\r\nwords\r\n.\r\n`);
  return await client.reply();
}

const filesThere = async () => (await readdir(join(inbox.folder, "inbound"))).toSorted();

describe("a process that is killed while it takes a mail", () => {
  test.each(inboxCrashPoints)(
    "%s: nobody was told that it is stored, and sent again it is stored once",
    async (point) => {
      const crashing = await startCrashing(point);
      expect(await send(crashing.port, point)).toBeNull();
      expect(await crashing.killed).toBe("SIGKILL");
      const marked = async () => (await inbox.stored()).filter(({ raw }) => raw === undefined || raw.includes(point));
      // Never a row without its bytes or its job.
      expect(await marked()).toMatchObject(point === "before the answer" ? [{ jobs: 1 }] : []);

      expect(await send(port, point)).toBe("250 2.0.0 stored");
      expect(await marked()).toMatchObject([{ jobs: 1, raw: `Subject: ${point}\r\n\r\nwords\r\n` }]);
    },
  );

  test("what it left is deleted a day later, and nothing else", async () => {
    const known = (await inbox.stored()).map(({ id }) => id).toSorted();
    const left = (await filesThere()).filter((name) => !known.includes(name));
    // Half a blob, and one without a row.
    expect(left).toHaveLength(2);
    const { pool } = inbox.database;
    const hour = 60 * 60_000;
    const later = (hours: number) => new Date(Date.now() + hours * hour);
    expect(await pruneInbound(pool, inbox.blobs, later(23))).toBe(0);
    expect(await pruneInbound(pool, inbox.blobs, later(25))).toBe(2);
    expect(await filesThere()).toEqual(known);
    expect((await inbox.stored()).map(({ raw }) => raw)).not.toContain(undefined);
  });
});

describe("two that store the same at the same time", () => {
  test("come to one mail, and the spare bytes are gone", async () => {
    const { pool } = inbox.database;
    let put = 0;
    const both = Promise.withResolvers<void>();
    const store = createStoreInbound({
      pool,
      blobs: {
        ...inbox.blobs,
        put: async (name, bytes) => {
          await inbox.blobs.put(name, bytes);
          // Neither has seen the other's row.
          if (++put === 2) both.resolve();
          await both.promise;
        },
      },
    });
    const incoming = {
      key: "twice",
      envelope: { source: "smtp" as const, from: "", to: [], remoteAddress: null, helo: null },
      raw: Buffer.from("Subject: twice\r\n\r\n"),
    };
    const stored = await Promise.all([store(incoming), store(incoming)]);
    expect(stored.map(({ isNew }) => isNew).toSorted()).toEqual([false, true]);
    expect(stored[0]?.id).toBe(stored[1]?.id);
    expect(await store(incoming)).toEqual({ id: stored[0]?.id, isNew: false });
    expect(await filesThere()).toEqual((await inbox.stored()).map(({ id }) => id).toSorted());
  });
});
