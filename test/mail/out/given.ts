// What tests of outgoing mail are given: a platform whose mails are files, read as a mail program reads them.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import PostalMime, { type Email } from "postal-mime";
import { afterAll, expect, vi } from "vitest";
import { type Given, givenPlatform } from "../../graphql/given.ts";
import type { PlatformOptions, TestPlatform } from "../../support/platform.ts";

/** A mail as it was sent. */
export interface ReadMail extends Email {
  /** As in the file, unfolded; undefined where there is none. */
  head(name: string): string | undefined;
  readonly raw: string;
}

export async function readMail(raw: Uint8Array | string): Promise<ReadMail> {
  const email = await PostalMime.parse(raw);
  const head = (name: string) => email.headers.find(({ key }) => key === name.toLowerCase())?.value;
  return { ...email, head, raw: Buffer.from(raw).toString() };
}

export interface GivenMail extends Given {
  readonly folder: string;
  /** All mails to an address, in the order in which they were made. */
  mailsTo(address: string): Promise<readonly ReadMail[]>;
  /** Does something while no mail is collected: as if the burst were within the time that words wait. */
  hold(work: () => Promise<void>): Promise<void>;
  /** Waits until there are so many, and nothing of them is left to do; then there are no more. */
  untilMailed(address: string, count: number): Promise<readonly ReadMail[]>;
}

/** @param delay seconds that words wait. @default none */
export async function givenMailPlatform(delay = 0, options: PlatformOptions = {}): Promise<GivenMail> {
  const folder = await mkdtemp(join(tmpdir(), "parley-mail-"));
  const given = givenPlatform({
    ...options,
    settings: {
      PARLEY_DATA: folder,
      PARLEY_MAIL_DELAY: String(delay),
      PARLEY_ORIGIN: "https://talk.example.org",
      ...options.settings,
    },
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const pool = () => given.platform.core.database.pool;
  const mailsTo = async (address: string): Promise<readonly ReadMail[]> => {
    const { rows } = await pool().query<{ id: string }>(
      `SELECT mail.id FROM mail JOIN participant AS p ON p.conversation_id = mail.conversation_id AND p.id = mail.participant
      JOIN recipient AS r ON r.id = p.recipient_id WHERE r.address = $1 ORDER BY mail.created_at, mail.id`,
      [address],
    );
    const there = new Set(await readdir(join(folder, "mail")).catch(() => []));
    const files = rows.map(({ id }) => `${id}.eml`).filter((name) => there.has(name));
    return Promise.all(files.map(async (name) => readMail(await readFile(join(folder, "mail", name)))));
  };
  return {
    people: given.people,
    client: given.client,
    get platform() {
      return given.platform;
    },
    folder,
    mailsTo,
    hold: (work) => holdMails(given.platform, work),
    untilMailed: async (address, count) => {
      const settled = async () => {
        await given.platform.core.announcer.idle();
        const { rows: jobs } = await pool().query(
          // A job that ran twice looks again much later, whatever came of the first run.
          `SELECT task_identifier, key, last_error FROM graphile_worker.jobs
          WHERE task_identifier IN ('collect-mail', 'send-mail') AND run_at < now() + interval '1 minute'`,
        );
        expect(jobs).toEqual([]);
        const { rows: mails } = await pool().query(
          "SELECT id, status FROM mail WHERE status IN ('WAITING', 'SENDING')",
        );
        expect(mails).toEqual([]);
        expect(await mailsTo(address)).toHaveLength(count);
      };
      await vi.waitFor(settled, { timeout: 20_000, interval: 50 });
      return mailsTo(address);
    },
  };
}

/** Does something while no mail is collected; then all are. */
export async function holdMails(
  { core: { announcer, database } }: Pick<TestPlatform, "core">,
  work: () => Promise<void>,
): Promise<void> {
  const { pool } = database;
  await pool.query(
    `CREATE OR REPLACE FUNCTION test_hold() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN IF NEW.key LIKE 'collect-mail:%' THEN NEW.run_at := NEW.run_at + interval '1 hour'; END IF; RETURN NEW; END $$;
    CREATE OR REPLACE TRIGGER test_hold BEFORE INSERT ON graphile_worker._private_jobs FOR EACH ROW EXECUTE FUNCTION test_hold()`,
  );
  await work();
  await announcer.idle();
  await pool.query("DROP TRIGGER test_hold ON graphile_worker._private_jobs");
  await pool.query("UPDATE graphile_worker._private_jobs SET run_at = now() WHERE key LIKE 'collect-mail:%'");
  // Changed by hand, nobody is told; a job that is asked for tells.
  await pool.query("SELECT graphile_worker.add_job('sweep-mail')");
}
