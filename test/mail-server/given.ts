// What tests through a mail server are given: a platform and postfix, each of which hands its mails to the other.
import { expect, vi } from "vitest";
import { type ReadMail, readMail } from "../mail/out/given.ts";
import { freePort } from "../support/free-port.ts";
import { startPlatform, type TestPlatform } from "../support/platform.ts";
import { type Postfix, type PostfixOptions, startPostfix } from "./postfix.ts";

export const parleyDomain = "parley.example";
/** Of those who have a mailbox. */
export const domain = "mail.example";

export interface MailTown extends AsyncDisposable {
  readonly platform: TestPlatform;
  readonly postfix: Postfix;
  /** The mails of somebody's mailbox, in their order, once there are so many. */
  mailsOf(person: string, count: number): Promise<readonly ReadMail[]>;
  /** Resolves once no mail is on its way, and none is owed. */
  settled(): Promise<void>;
}

export async function startMailTown(options: Pick<PostfixOptions, "people" | "rewritesMessageIds">): Promise<MailTown> {
  const stack = new AsyncDisposableStack();
  const parleyPort = await freePort();
  const postfix = stack.use(await startPostfix({ domain, parleyDomain, parleyPort, ...options }));
  const platform = stack.use(
    await startPlatform({
      name: parleyDomain,
      settings: {
        SMTP_URL: `smtp://127.0.0.1:${postfix.port}`,
        PARLEY_SMTP_PORT: String(parleyPort),
        PARLEY_MAIL_DELAY: "0",
        PARLEY_ORIGIN: "https://talk.example.org",
      },
      mail: {
        // Whose mails this mail server sends.
        resolver: async (name, type) => {
          if (type === "TXT" && name === domain) return [["v=spf1 ip4:127.0.0.1 -all"]];
          throw Object.assign(new Error(`no ${name}`), { code: "ENOTFOUND" });
        },
      },
    }),
  );
  const { announcer, database } = platform.core;
  const jobs = async () => {
    await announcer.idle();
    const { rows } = await database.pool.query(
      `SELECT task_identifier, key FROM graphile_worker.jobs
      WHERE task_identifier IN ('collect-mail', 'send-mail', 'handle-mail') AND run_at < now() + interval '1 minute'`,
    );
    return rows;
  };
  return {
    platform,
    postfix,
    mailsOf: (person, count) =>
      eventually(async () => {
        const mails = await postfix.mailsOf(person);
        expect(mails.length).toBeGreaterThanOrEqual(count);
        return Promise.all(mails.map(readMail));
      }),
    settled: () =>
      eventually(async () => {
        // In the order in which one leads to the next; then nothing can have come back behind.
        for (const _ of ["out and in", "and what that led to"]) {
          expect(await jobs()).toEqual([]);
          expect(await postfix.isIdle()).toBe(true);
        }
      }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

export const eventually = <Result>(check: () => Promise<Result>): Promise<Result> =>
  vi.waitFor(check, { interval: 50, timeout: 30_000 });
