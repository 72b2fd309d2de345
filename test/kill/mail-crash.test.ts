// kill -9 of a worker at each point of handing over a mail: no mail goes out twice, and none is lost without being seen.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { createParley } from "../../sdk/src/index.ts";
import { done } from "../graphql/given.ts";
import { startMailSink } from "../mail/providers/given.ts";
import { createDatabase } from "../support/database.ts";
import { type MailCrashPoint, mailCrashPoints } from "../support/mail-crash-points.ts";
import { startPlatform, testSecret } from "../support/platform.ts";
import { startPostmark } from "../support/postmark.ts";

/** Where mails go, and how many came. */
interface Destination extends AsyncDisposable {
  readonly settings: Readonly<Record<string, string>>;
  count(): Promise<number>;
}

const destinations: Readonly<Record<string, () => Promise<Destination>>> = {
  files: async () => {
    const folder = await mkdtemp(join(tmpdir(), "parley-crash-"));
    return {
      settings: { PARLEY_DATA: folder },
      count: async () => (await readdir(join(folder, "mail")).catch(() => [])).length,
      [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
    };
  },
  smtp: async () => {
    const sink = await startMailSink();
    return { ...sink, settings: { SMTP_URL: sink.url }, count: async () => sink.taken.length };
  },
  postmark: async () => {
    const postmark = await startPostmark();
    const settings = { POSTMARK_TOKEN: postmark.token, POSTMARK_ORIGIN: postmark.origin };
    return { settings, count: async () => postmark.taken.length, [Symbol.asyncDispose]: postmark[Symbol.asyncDispose] };
  },
};

/** What a mail is in the end, and how often it went out. SMTP cannot be asked: a person sees to what it leaves open. */
const ending = (kind: string, point: MailCrashPoint): readonly [string, number] => {
  if (kind !== "smtp") return ["SENT", 1];
  if (point === "before the provider is called") return ["MAYBE_SENT", 0];
  return [point === "before the outcome is noted" ? "MAYBE_SENT" : "SENT", 1];
};

const cases = Object.keys(destinations).flatMap((kind) => mailCrashPoints.map((point) => [kind, point] as const));

describe("a worker that hands over a mail and is killed", { timeout: 180_000 }, () => {
  test.each(cases)("to %s, %s: the mail goes out once, or is seen to be in doubt", async (kind, point) => {
    await using destination = await (destinations[kind]?.() ?? expect.fail());
    await using database = await createDatabase();
    const settings = { PARLEY_MAIL_DELAY: "0", ...destination.settings };
    const given = { databaseUrl: database.url, settings };
    await using platform = await startPlatform({ ...given, worker: false });
    const { pool } = platform.core.database;
    const { token } = await platform.person("alice");
    await using alice = createParley({ url: platform.url, token });
    await done(alice.conversationCreate({ participants: [{ address: "nina@mail.example" }], publish: true }));
    await platform.core.announcer.idle();

    const child = spawn(process.execPath, ["test/support/crashing-mailer.ts", point], {
      env: { PATH: process.env["PATH"], DATABASE_URL: database.url, PARLEY_SECRET: testSecret, ...settings },
      stdio: ["ignore", "ignore", "inherit"],
    });
    const [, signal] = await once(child, "exit");
    expect(signal).toBe("SIGKILL");
    // As if it were an hour later: by then it is gone for certain.
    await pool.query("UPDATE mail SET tried_at = tried_at - interval '1 hour'");

    await using _survivor = await startPlatform(given);
    const [status, count] = ending(kind, point);
    const settled = async () => {
      const { rows } = await pool.query("SELECT status FROM mail");
      expect(rows).toEqual([{ status }]);
      const { rows: jobs } = await pool.query(
        "SELECT key FROM graphile_worker.jobs WHERE key LIKE '%-mail:%' AND run_at < now() + interval '1 minute'",
      );
      expect(jobs).toEqual([]);
    };
    await vi.waitFor(settled, { timeout: 60_000, interval: 100 });
    expect(await destination.count()).toBe(count);
  });
});
