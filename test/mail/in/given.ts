// A listener for mails on a database of the test's own, and a client that sends whatever bytes the test has in mind.
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runMigrations } from "graphile-worker";
import { ensureAccount } from "../../../src/accounts/accounts.ts";
import { type BlobStore, diskBlobStore, readBlob } from "../../../src/files/blob-store.ts";
import { blobOf, inboundBytesMax } from "../../../src/mail/in/inbound-mail.ts";
import { listenForMail, type MailListenerOptions } from "../../../src/mail/in/listen-for-mail.ts";
import { createStoreInbound } from "../../../src/mail/in/store-inbound.ts";
import { createTakesMailFor } from "../../../src/mail/in/takes-mail-for.ts";
import { silentLogger } from "../../../src/observe/logger.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";

export const domain = "a.example";

export interface Inbox extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly blobs: BlobStore;
  readonly folder: string;
  /** All that is stored, oldest first, with their bytes. */
  stored(): Promise<readonly StoredMail[]>;
  /** Another listener on it. Ended with the inbox, if not before. */
  listen(options?: Partial<MailListenerOptions>): Promise<{ readonly port: number } & AsyncDisposable>;
}

export interface StoredMail {
  readonly id: string;
  readonly key: string;
  readonly envelope: { readonly from: string | null; readonly to: readonly string[] };
  readonly raw: string | undefined;
  readonly jobs: number;
}

/** Of a.example, where alice has an account. */
export async function openInbox(): Promise<Inbox> {
  const stack = new AsyncDisposableStack();
  const database = stack.use(await createTestDatabase());
  const { pool, prisma } = database;
  await runMigrations({ pgPool: pool });
  const folder = await mkdtemp(join(tmpdir(), "parley-inbox-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const blobs = diskBlobStore(folder);
  const domains = [domain];
  await ensureAccount(prisma, `alice@${domain}`, { platform: domain, domains });
  const usual = {
    host: "127.0.0.1",
    port: 0,
    name: domain,
    takesMailFor: createTakesMailFor({ pool, mailDomain: domain, domains }),
    store: createStoreInbound({ pool, blobs }),
    log: silentLogger,
  };
  return {
    database,
    blobs,
    folder,
    stored: () => storedIn(database, blobs),
    listen: async (options) => stack.use(await listenForMail({ ...usual, ...options })),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function storedIn(
  { pool }: Pick<TestDatabase, "pool">,
  blobs: Pick<BlobStore, "get">,
): Promise<readonly StoredMail[]> {
  const { rows } = await pool.query<Omit<StoredMail, "raw">>(
    `SELECT m.id, m.key, m.envelope, (SELECT count(*) FROM graphile_worker._private_jobs AS j
        JOIN graphile_worker._private_tasks AS t ON t.id = j.task_id
        WHERE t.identifier = 'handle-mail' AND j.payload->>'inbound' = m.id::text) AS jobs
      FROM inbound_mail AS m ORDER BY m.received_at`,
  );
  return Promise.all(
    rows.map(async (row) => {
      const raw = await readBlob(blobs, blobOf(row.id), inboundBytesMax);
      return { ...row, raw: raw?.toString("latin1") };
    }),
  );
}

/** A connection of SMTP on which anything may be said. */
export class RawClient implements Disposable {
  readonly #socket: Socket;
  #heard = "";
  #isClosed = false;
  #news = (): void => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#heard += chunk.toString("latin1");
      this.#news();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#isClosed = true;
      this.#news();
    });
  }

  /** Connected; the greeting is the first that is heard. */
  static async to(port: number): Promise<RawClient> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new RawClient(socket);
  }

  send(text: string): void {
    this.#socket.write(text, "latin1");
  }

  /** The next reply, all its lines; null where the connection ended before one. */
  async reply(): Promise<string | null> {
    for (;;) {
      const [whole] = /^(?:\d{3}-[^\n]*\n)*\d{3} [^\n]*\n/.exec(this.#heard) ?? [];
      if (whole !== undefined) {
        this.#heard = this.#heard.slice(whole.length);
        return whole.trimEnd();
      }
      if (this.#isClosed) return null;
      await new Promise<void>((resolve) => {
        this.#news = resolve;
      });
    }
  }

  /** The reply to one line. */
  async ask(line: string): Promise<string | null> {
    this.send(`${line}\r\n`);
    return this.reply();
  }

  /** Greeted, with a sender and a recipient: DATA is next. */
  async begin(from = "bob@b.example", to = `alice@${domain}`): Promise<void> {
    await this.reply();
    await this.ask("EHLO b.example");
    await this.ask(`MAIL FROM:<${from}>`);
    await this.ask(`RCPT TO:<${to}>`);
  }

  /** Resolves once the other side closed. */
  async closed(): Promise<void> {
    if (!this.#isClosed) await once(this.#socket, "close");
  }

  end(): void {
    this.#socket.end();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
