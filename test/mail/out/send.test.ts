// What becomes of mails, and what people and operators see of it: with Postmark, which says the most.
import { afterAll, expect, test, vi } from "vitest";
import { againInMs } from "../../../src/mail/out/backoff.ts";
import { sweepMail } from "../../../src/mail/out/owe.ts";
import { liftSuppression, readSuppressed, suppress } from "../../../src/mail/suppression.ts";
import { done, givenPlatform, present, type Somebody, said } from "../../graphql/given.ts";
import { runParley } from "../../support/parley-process.ts";
import { testSecret } from "../../support/platform.ts";
import { type PostmarkStandIn, startPostmark } from "../../support/postmark.ts";

// Some start a process many times over.
vi.setConfig({ testTimeout: 240_000 });

const postmark: PostmarkStandIn = await startPostmark();
afterAll(() => postmark[Symbol.asyncDispose]());
const settings = { PARLEY_MAIL_DELAY: "0", POSTMARK_TOKEN: postmark.token, POSTMARK_ORIGIN: postmark.origin };
const given = givenPlatform({ settings });

const pool = () => given.platform.core.database.pool;
let count = 0;

async function begun() {
  const { alice } = await given.people("alice");
  const address = `nina${++count}@mail.example`;
  const begin = async () => {
    const { conversation } = await done(
      alice.parley.conversationCreate({ participants: [{ address }], messages: [{ body: "Hello" }], publish: true }),
    );
    return present(conversation.hash);
  };
  return { alice, address, begin };
}

/** The mails of a conversation, once the last is in this state and nothing is being done. */
async function untilState(conversation: string, ...states: readonly string[]) {
  const settled = async () => {
    await given.platform.core.announcer.idle();
    const { rows } = await pool().query<{ id: string; status: string; attempts: number; provider_id: string | null }>(
      "SELECT id, status, attempts, provider_id FROM mail WHERE conversation_id = $1 ORDER BY up_to",
      [conversation],
    );
    expect(rows.map(({ status }) => status)).toEqual(states);
    return rows;
  };
  return vi.waitFor(settled, { timeout: 30_000, interval: 50 });
}

const isSuppressed = async (address: string): Promise<boolean> =>
  (await readSuppressed(pool())).some((one) => one.address === address);

/** Has a job run now. */
const runNow = (mail: string) =>
  pool().query(
    "SELECT graphile_worker.add_job('send-mail', json_build_object('mail', $1::text), job_key => 'send-mail:' || $1)",
    [mail],
  );

const deliveriesOf = async (by: Somebody, conversation: string) => {
  const document = `query ($hash: Hash) { conversation(hash: $hash) { lastEvent { deliveries {
    destination status refusal participant { address } attempts { code answer } } } } }`;
  const { conversation: of } = await by.parley.request<{
    conversation: { lastEvent: { deliveries: readonly object[] } };
  }>(document, { hash: conversation });
  return of.lastEvent.deliveries;
};

test("a mail that is taken has the provider's name for it, and its delivery is done", async () => {
  const { alice, address, begin } = await begun();
  const conversation = await begin();
  const [mail] = await untilState(conversation, "SENT");
  expect(mail).toMatchObject({
    attempts: 1,
    provider_id: postmark.taken.find(({ To }) => To.includes(address))?.MessageID,
  });
  expect(await deliveriesOf(alice, conversation)).toEqual([
    {
      destination: address,
      status: "DELIVERED",
      refusal: null,
      participant: { address },
      attempts: [{ code: "0", answer: "OK" }],
    },
  ]);
});

test("an address that the provider has on its list gets no more mails until that is lifted; what it missed is not sent by itself", async () => {
  const { alice, address, begin } = await begun();
  postmark.refused.set(address, 406);
  const conversation = await begin();
  const [mail] = await untilState(conversation, "SUPPRESSED");
  expect(await isSuppressed(address)).toBe(true);
  expect(await deliveriesOf(alice, conversation)).toMatchObject([
    { status: "SUPPRESSED", attempts: [{ code: "406" }] },
  ]);
  const before = postmark.batches.length;
  await said(alice, conversation, "Anybody?");
  await untilState(conversation, "SUPPRESSED", "SUPPRESSED");
  expect(postmark.batches.length).toBe(before);

  const parley = (...args: readonly string[]) =>
    runParley(["mail", ...args], { DATABASE_URL: given.platform.databaseUrl, PARLEY_SECRET: testSecret });
  expect((await parley("suppressed")).output).toMatch(
    new RegExp(`^${address} HARD_BOUNCE \\d{4}-.*\n {2}406 refused with 406\n$`),
  );
  expect((await parley("resend", present(mail).id)).errors).toContain(
    "Its address gets no mail. To change that: parley mail lift",
  );
  postmark.refused.delete(address);
  expect(await parley("lift", address.toUpperCase())).toMatchObject({ code: 0, errors: "" });
  expect((await parley("lift", address)).errors).toContain("is not suppressed");
  await untilState(conversation, "SUPPRESSED", "SUPPRESSED");
  expect((await parley("list")).output).toContain(`${present(mail).id} was not sent, for its address gets no mail`);
  expect(await parley("resend", present(mail).id)).toMatchObject({
    code: 0,
    output: "Sent again as soon as a worker runs.\n",
  });
  await untilState(conversation, "SENT", "SUPPRESSED");
  expect((await parley("resend", present(mail).id)).errors).toContain("It went out, or will.");
  expect((await parley("resend", "no-id")).errors).toContain("There is no such mail.");
  expect((await parley("resend")).errors).toContain("Say: parley mail list");
});

test("what is refused for good is not tried again, and is seen; what is refused for now is", async () => {
  const { alice, address, begin } = await begun();
  postmark.refused.set(address, 300);
  const conversation = await begin();
  await untilState(conversation, "FAILED");
  expect(await deliveriesOf(alice, conversation)).toMatchObject([{ status: "REFUSED", refusal: "300" }]);
  postmark.refused.set(address, 405);
  const other = await begin();
  const [mail] = await untilState(other, "WAITING").then(() =>
    vi.waitFor(async () => {
      const rows = await untilState(other, "WAITING");
      expect(rows[0]?.attempts).toBe(1);
      return rows;
    }),
  );
  expect(await deliveriesOf(alice, other)).toMatchObject([{ status: "WAITING", attempts: [{ code: "405" }] }]);
  postmark.refused.delete(address);
  await runNow(present(mail).id);
  expect(await untilState(other, "SENT")).toMatchObject([{ attempts: 2 }]);
});

test("a mail without an outcome is looked for, and not sent twice", async () => {
  const { alice, address, begin } = await begun();
  postmark.fault = "take and close";
  postmark.isSearchable = false;
  const conversation = await begin();
  const [mail] = await untilState(conversation, "SENDING");
  await vi.waitFor(async () =>
    expect(await deliveriesOf(alice, conversation)).toMatchObject([
      { status: "WAITING", attempts: [{ code: "timeout" }] },
    ]),
  );
  postmark.fault = null;
  postmark.isSearchable = true;
  await pool().query("UPDATE mail SET tried_at = tried_at - interval '1 hour' WHERE id = $1", [present(mail).id]);
  await runNow(present(mail).id);
  await untilState(conversation, "SENT");
  expect(postmark.taken.filter(({ To }) => To.includes(address))).toHaveLength(1);
});

test("what another provider was handed is not looked for with this one, which would not know of it", async () => {
  const { address, begin } = await begun();
  postmark.fault = "take and close";
  postmark.isSearchable = false;
  const conversation = await begin();
  const [mail] = await untilState(conversation, "SENDING");
  await vi.waitFor(() => expect(postmark.taken.filter(({ To }) => To.includes(address))).toHaveLength(1));
  postmark.fault = null;
  // Asked, it would say that it has no such mail; and that would be believed, an hour later.
  const text =
    "UPDATE mail SET provider = 'smtp', tried_at = tried_at - interval '1 hour' WHERE id = $1 RETURNING provider";
  await pool().query(text, [present(mail).id]);
  await runNow(present(mail).id);
  await untilState(conversation, "MAYBE_SENT");
  postmark.isSearchable = true;
  expect(postmark.taken.filter(({ To }) => To.includes(address))).toHaveLength(1);
});

test("mails that wait go out together", async () => {
  const { alice } = await given.people("alice");
  const participants = Array.from({ length: 12 }, (_, index) => ({ address: `many${index}@mail.example` }));
  postmark.fault = { status: 503 };
  const { conversation } = await done(alice.parley.conversationCreate({ participants, publish: true }));
  const hash = present(conversation.hash);
  const tried = async () => {
    const rows = await untilState(hash, ...participants.map(() => "WAITING"));
    expect(rows.every(({ attempts }) => attempts > 0)).toBe(true);
  };
  await vi.waitFor(tried, { timeout: 20_000 });
  await pool().query("UPDATE mail SET attempts = 0 WHERE conversation_id = $1", [hash]);
  postmark.fault = null;
  const before = postmark.batches.length;
  const { rows } = await pool().query<{ id: string }>("SELECT id FROM mail WHERE conversation_id = $1 LIMIT 1", [hash]);
  await runNow(present(rows[0]).id);
  await untilState(hash, ...participants.map(() => "SENT"));
  // Those whose next try was due by themselves may have gone before the others.
  const batches = postmark.batches.slice(before);
  expect(batches.reduce((sum, count) => sum + count, 0)).toBe(12);
  expect(batches.length).toBeLessThan(6);
});

test("jobs that are lost are asked for anew", async () => {
  const { begin } = await begun();
  await pool().query(
    `CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
    CREATE TRIGGER lose BEFORE INSERT ON graphile_worker._private_jobs FOR EACH ROW EXECUTE FUNCTION lose()`,
  );
  const conversation = await begin();
  await given.platform.core.announcer.idle();
  await pool().query("DROP TRIGGER lose ON graphile_worker._private_jobs");
  await untilState(conversation);
  await sweepMail(pool(), { platform: "localhost", delayMs: 0 });
  const [mail] = await untilState(conversation, "SENT");
  await pool().query("UPDATE mail SET status = 'WAITING' WHERE id = $1", [present(mail).id]);
  await sweepMail(pool(), { platform: "localhost", delayMs: 0 });
  await untilState(conversation, "SENT");
});

test("a mail that cannot be composed holds up no other", async () => {
  const { alice, address, begin } = await begun();
  const conversation = await begin();
  const [mail] = await untilState(conversation, "SENT");
  // One that asks about a mail that is not there.
  await pool().query(
    `INSERT INTO mail (id, secret, conversation_id, participant, kind, up_to, about, message_id, created_at)
    SELECT $1::uuid, secret, conversation_id, participant, 'CONFIRM', 1, jsonb_build_object('inbound', $1), $1, created_at FROM mail
    WHERE id = $2`,
    [crypto.randomUUID(), present(mail).id],
  );
  await said(alice, conversation, "Still here?");
  await vi.waitFor(
    () =>
      expect(postmark.taken.filter(({ To }) => To.includes(address)).map(({ TextBody }) => TextBody)).toHaveLength(2),
    { timeout: 20_000, interval: 50 },
  );
  await pool().query("DELETE FROM mail WHERE kind = 'CONFIRM'");
});

test("what is tried again in hours is not tried before by a sweep", async () => {
  const { begin } = await begun();
  const [mail] = await begin().then((conversation) => untilState(conversation, "SENT"));
  const { id } = present(mail);
  await pool().query("UPDATE mail SET status = 'WAITING' WHERE id = $1", [id]);
  await pool().query(
    `SELECT graphile_worker.add_job('send-mail', json_build_object('mail', $1::text), job_key => 'send-mail:' || $1::text,
      run_at => clock_timestamp() + interval '3 hours')`,
    [id],
  );
  await sweepMail(pool(), { platform: "localhost", delayMs: 0 });
  const { rows } = await pool().query(
    "SELECT run_at > now() + interval '2 hours' AS later FROM graphile_worker.jobs WHERE key = 'send-mail:' || $1::text",
    [id],
  );
  expect(rows).toEqual([{ later: true }]);
  await pool().query("UPDATE mail SET status = 'SENT' WHERE id = $1", [id]);
});

test("tries come further and further apart, not all at once, and end after three days; of a code, after an hour", () => {
  const kind = "EVENTS";
  expect([1, 2, 3].map((attempts) => againInMs({ kind, attempts, ageMs: 0 }, 0.5))).toEqual([30_000, 60_000, 120_000]);
  expect([0, 1].map((random) => againInMs({ kind, attempts: 1, ageMs: 0 }, random))).toEqual([15_000, 45_000]);
  expect(againInMs({ kind, attempts: 500, ageMs: 0 }, 0.5)).toBe(4 * 3_600_000);
  expect(againInMs({ kind, attempts: 1, ageMs: 0, retryAfterMs: 3_600_000 }, 0.5)).toBe(3_600_000);
  expect(againInMs({ kind, attempts: 30, ageMs: 71 * 3_600_000 }, 0.5)).toBeNull();
  expect(againInMs({ kind: "CODE", attempts: 7, ageMs: 50 * 60_000 }, 0.5)).toBeNull();
});

test("a complaint counts more than a bounce, and lifting forgets both", async () => {
  const address = "otto@mail.example";
  await suppress(pool(), { address, reason: "COMPLAINT", answer: `spam\0 ${"é".repeat(600)}`, mailId: null });
  await suppress(pool(), { address, reason: "HARD_BOUNCE", answer: "gone", mailId: null });
  const { rows } = await pool().query(
    "SELECT reason, octet_length(answer) AS bytes FROM suppression WHERE address = $1",
    [address],
  );
  expect(rows).toEqual([
    { reason: "COMPLAINT", bytes: expect.toSatisfy((bytes: number) => bytes > 500 && bytes <= 512) },
  ]);
  expect([
    await liftSuppression(pool(), address),
    await liftSuppression(pool(), address),
    await isSuppressed(address),
  ]).toEqual([true, false, false]);
});

test("what others answered is shown to operators in one line, and moves nothing on their screen", async () => {
  const address = "osc@mail.example";
  const answer = "550 gone\r\nall@mail.example COMPLAINT \u001b]0;owned\u0007\u001b[2J\u009b2J\u202enone";
  await suppress(pool(), { address, reason: "HARD_BOUNCE", answer, mailId: null });
  const { databaseUrl } = given.platform;
  const { output } = await runParley(["mail", "suppressed"], { DATABASE_URL: databaseUrl, PARLEY_SECRET: testSecret });
  expect(output).toContain("550 gone all@mail.example COMPLAINT");
  expect(output.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202e]/u);
});
