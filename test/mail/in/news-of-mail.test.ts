// What is heard of mails of ours: by reports that come as mails, and by Postmark's webhooks; and who is believed.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { diskBlobStore } from "../../../src/files/blob-store.ts";
import { pruneInbound } from "../../../src/mail/in/prune-inbound.ts";
import { mailToken, type TokenPurpose } from "../../../src/mail/mail-token.ts";
import { done, present } from "../../graphql/given.ts";
import { givenMailPlatform } from "../out/given.ts";
import { arrives } from "./given-arrivals.ts";

const password = "a password of the tests";
const given = await givenMailPlatform(0, { settings: { POSTMARK_WEBHOOK_PASSWORD: password } });

interface Sent {
  readonly id: string;
  readonly secret: Buffer;
  readonly address: string;
}

const rows = async <Row extends object>(sql: string, ...values: readonly unknown[]): Promise<readonly Row[]> =>
  (await given.platform.core.database.pool.query(sql, [...values])).rows;

/** A mail that went out, to somebody new. */
async function sent(providerId: string | null = null): Promise<Sent> {
  const address = `nina.${randomUUID()}@mail.example`;
  const { alice } = await given.people("alice");
  await done(
    alice.parley.conversationCreate({
      subject: "Lunch",
      participants: [{ address }],
      publish: true,
      messages: [{ body: "Shall we?" }],
    }),
  );
  const [mail] = await given.untilMailed(address, 1);
  const id = present(mail?.head("X-Parley-Mail"));
  const [row] = await rows<{ secret: Buffer }>(
    "UPDATE mail SET provider_id = $2 WHERE id = $1 RETURNING secret",
    id,
    providerId,
  );
  return { id, secret: present(row).secret, address };
}

async function known({ id, address }: Sent) {
  const [mail] = await rows<{ status: string }>("SELECT status FROM mail WHERE id = $1", id);
  const heard = await rows<{ code: string; answer: string }>(
    "SELECT code, answer FROM mail_attempt WHERE mail_id = $1 ORDER BY id OFFSET 1",
    id,
  );
  const [suppressed] = await rows<{ reason: string }>("SELECT reason FROM suppression WHERE address = $1", address);
  return { status: mail?.status, heard, suppressed: suppressed?.reason ?? null };
}

const untouched = { status: "SENT", heard: [], suppressed: null };

const bounceAddress = (mail: Sent, purpose: TokenPurpose = "bounce") => `bounce+${mailToken(purpose, mail)}@localhost`;

/** RFC 3464 §2. */
const report = (fields: string, type = "delivery-status") => ({
  text: "I'm sorry to have to inform you that your message could not be delivered.",
  files: [{ name: "status", type: `message/${type}`, content: fields }],
});

const failure = (status: string, action = "failed") =>
  report(
    `Reporting-MTA: dns; mx.mail.example\r\n\r\nFinal-Recipient: rfc822; nina@mail.example\r\nAction: ${action}\r\nStatus: ${status}\r\n` +
      "Diagnostic-Code: smtp; 550 no such\r\n  user here\r\n",
  );

const comesTo = (to: string, mail: object) =>
  arrives(given.platform, { from: "MAILER-DAEMON@mail.example", ...mail }, { to: [to], envelope: { from: "" } });

describe("a bounce to the mail's own sender address", () => {
  test("that says that there is nobody: bounced, and the address gets no mail any more", async () => {
    const mail = await sent();
    expect(await comesTo(bounceAddress(mail), failure("5.1.1"))).toMatchObject({ status: "IGNORED", reason: "BOUNCE" });
    expect(await known(mail)).toEqual({
      status: "BOUNCED",
      heard: [{ code: "5.1.1", answer: "550 no such user here" }],
      suppressed: "HARD_BOUNCE",
    });
  });

  test.each([
    ["a full mailbox", "5.2.2", "failed", "BOUNCED"],
    ["a policy", "5.7.1", "failed", "BOUNCED"],
    ["a network that was away for days", "4.4.1", "failed", "BOUNCED"],
    ["a delay", "4.4.1", "delayed", "SENT"],
    ["a delivery", "2.1.5", "delivered", "SENT"],
  ])("that says %s says nothing of tomorrow", async (_, status, action, expected) => {
    const mail = await sent();
    await comesTo(bounceAddress(mail), failure(status, action));
    expect(await known(mail)).toMatchObject({ status: expected, heard: [{ code: status }], suppressed: null });
  });

  test("that is no report changes nothing, and becomes nobody's words", async () => {
    const mail = await sent();
    const became = await comesTo(bounceAddress(mail), { text: "I am on holidays." });
    expect(became).toMatchObject({ status: "IGNORED", reason: "BOUNCE", message: null });
    expect(await known(mail)).toEqual(untouched);
  });

  test("that is broken, nested or endless changes nothing", async () => {
    const mail = await sent();
    const broken = [
      report(""),
      report("Action: failed"),
      report("\r\n\r\nAction: exploded\r\n"),
      report(`\r\n\r\n${"Action: fai\r\n".repeat(50_000)}`),
      report("Action failed\r\n".repeat(50_000)),
    ];
    for (const one of broken) await comesTo(bounceAddress(mail), one);
    expect(await known(mail)).toMatchObject({ suppressed: null });
  });
});

describe("a forged bounce: of the right form,", () => {
  test.each([
    ["to the reply address", (mail: Sent) => `reply+${mailToken("bounce", mail)}@localhost`],
    ["with the mail's id and another proof", (mail: Sent) => bounceAddress({ ...mail, secret: Buffer.alloc(32) })],
    ["with the token of its link", (mail: Sent) => bounceAddress(mail, "link")],
    ["with the token that mutes", (mail: Sent) => bounceAddress(mail, "mute")],
    ["without a token", () => "bounce+@localhost"],
    ["without a tag", () => "bounce@localhost"],
    ["of another domain", (mail: Sent) => bounceAddress(mail).replace("@localhost", "@elsewhere.example")],
  ])("%s: changes nothing", async (_, to) => {
    const mail = await sent();
    await comesTo(to(mail), failure("5.1.1"));
    expect(await known(mail)).toEqual(untouched);
  });

  test("of another mail: changes that one alone, and suppresses whom it was for, whoever the report names", async () => {
    const [mail, other] = [await sent(), await sent()];
    await comesTo(
      bounceAddress(other),
      report(`\r\n\r\nFinal-Recipient: rfc822; ${mail.address}\r\nAction: failed\r\nStatus: 5.1.1\r\n`),
    );
    expect(await known(mail)).toEqual(untouched);
    expect(await known(other)).toMatchObject({ status: "BOUNCED", suppressed: "HARD_BOUNCE" });
  });
});

describe("a complaint to the mail's own sender address", () => {
  const complaint = (type: string) =>
    report(`Feedback-Type: ${type}\r\nUser-Agent: SomeGenerator/1.0\r\nVersion: 1\r\n`, "feedback-report");

  test("suppresses the address, and has the last word", async () => {
    const mail = await sent();
    await comesTo(bounceAddress(mail), complaint("abuse"));
    await comesTo(bounceAddress(mail), failure("5.1.1"));
    expect(await known(mail)).toMatchObject({ status: "COMPLAINED", suppressed: "COMPLAINT" });
  });

  test("that is none, for it says that it is no spam, does not", async () => {
    const mail = await sent();
    await comesTo(bounceAddress(mail), complaint("not-spam"));
    expect(await known(mail)).toMatchObject({ status: "SENT", suppressed: null });
  });
});

describe("by Postmark's webhook", () => {
  let at = 0;

  /** Resolves once the job is done. */
  async function hears(event: object): Promise<void> {
    const response = await fetch(`${given.platform.url}/webhooks/postmark/events`, {
      method: "POST",
      headers: {
        authorization: `Basic ${Buffer.from(`postmark:${password}`).toString("base64")}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ ID: ++at, BouncedAt: `2026-01-01T00:00:${at}Z`, ...event }),
    });
    expect(response.status).toBe(200);
    const waiting = () => rows("SELECT FROM inbound_mail WHERE status = 'WAITING'");
    await vi.waitFor(async () => expect(await waiting()).toEqual([]), { interval: 20, timeout: 20_000 });
  }

  const bounce = (mail: Sent | null, MessageID: string, more: object = {}) => ({
    ...{ RecordType: "Bounce", Type: "HardBounce", Inactive: true, MessageID, Details: "550 no such user" },
    ...(mail && { Metadata: { mail: mail.id } }),
    ...more,
  });

  test("a bounce that has our id of the mail and Postmark's", async () => {
    const providerId = randomUUID();
    const mail = await sent(providerId);
    await hears(bounce(mail, providerId));
    expect(await known(mail)).toEqual({
      status: "BOUNCED",
      heard: [{ code: "HardBounce", answer: "550 no such user" }],
      suppressed: "HARD_BOUNCE",
    });
  });

  test("a bounce that has Postmark's alone", async () => {
    const providerId = randomUUID();
    const mail = await sent(providerId);
    await hears(bounce(null, providerId, { Type: "SoftBounce", Inactive: false }));
    expect(await known(mail)).toMatchObject({ status: "BOUNCED", suppressed: null });
  });

  test("one whose ids do not fit, or are of no mail, changes nothing", async () => {
    const mail = await sent(randomUUID());
    await hears(bounce(mail, randomUUID()));
    await hears(bounce(null, randomUUID()));
    await hears(bounce({ ...mail, id: randomUUID() }, randomUUID()));
    await hears(bounce(null, ""));
    await hears(bounce(null, "", { Metadata: { mail: "not an id" } }));
    expect(await known(mail)).toEqual(untouched);
  });

  test("of a mail that is not recorded as sent yet, our id is enough; from then on it is", async () => {
    const mail = await sent();
    await rows("UPDATE mail SET status = 'MAYBE_SENT' WHERE id = $1", mail.id);
    const MessageID = randomUUID();
    await hears({
      RecordType: "Delivery",
      MessageID,
      DeliveredAt: "now",
      Metadata: { mail: mail.id },
      Details: "250 ok",
    });
    expect(await known(mail)).toMatchObject({ status: "SENT", heard: [{ code: "Delivery", answer: "250 ok" }] });
    await hears(bounce(mail, randomUUID()));
    expect(await known(mail)).toMatchObject({ status: "SENT", suppressed: null });
  });

  test.each([
    ["Transient", "SENT"],
    ["AutoResponder", "SENT"],
    ["DnsError", "BOUNCED"],
    ["SpamComplaint", "COMPLAINED"],
  ])("a bounce of type %s", async (Type, status) => {
    const providerId = randomUUID();
    const mail = await sent(providerId);
    await hears(bounce(mail, providerId, { Type, Inactive: false }));
    expect((await known(mail)).status).toBe(status);
  });

  test("a complaint suppresses; the next mail to that address does not go out", async () => {
    const providerId = randomUUID();
    const mail = await sent(providerId);
    await hears({
      RecordType: "SpamComplaint",
      Type: "SpamComplaint",
      MessageID: providerId,
      Metadata: { mail: mail.id },
    });
    expect(await known(mail)).toMatchObject({ status: "COMPLAINED", suppressed: "COMPLAINT" });
    const { alice } = await given.people("alice");
    await done(
      alice.parley.conversationCreate({
        subject: "Dinner",
        participants: [{ address: mail.address }],
        publish: true,
        messages: [{ body: "Then dinner?" }],
      }),
    );
    expect(await given.untilMailed(mail.address, 1)).toHaveLength(1);
  });

  test("what it told is kept for a week, for it may be told again; then it is deleted, and nothing else", async () => {
    const mail = await sent();
    await comesTo(bounceAddress(mail), failure("5.2.2"));
    await hears(bounce(null, randomUUID()));
    const { database, config } = given.platform.core;
    const day = 24 * 60 * 60_000;
    const prune = (days: number) =>
      pruneInbound(database.pool, diskBlobStore(join(config.dataFolder, "blobs")), new Date(Date.now() + days * day));
    const kept = () =>
      rows<{ reason: string }>("SELECT DISTINCT left(reason, 5) AS reason FROM inbound_mail ORDER BY 1");
    await prune(6);
    expect(await kept()).toEqual([{ reason: "BOUNC" }, { reason: "EVENT" }]);
    expect(await prune(8)).toBeGreaterThan(0);
    expect(await kept()).toEqual([{ reason: "BOUNC" }]);
    expect(await prune(8)).toBe(0);
  });
});
