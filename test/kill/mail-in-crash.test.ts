import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test, vi } from "vitest";
import { blobOf } from "../../src/mail/in/inbound-mail.ts";
import { conversationOf, done, givenPlatform, present } from "../graphql/given.ts";
import { addByMail, became, blobsOf, replyAddress, sayings, stored, written } from "../mail/in/given-arrivals.ts";
import { testSecret } from "../support/platform.ts";

const given = givenPlatform();

/** Works through a mail in a process that is killed before that statement. */
async function killed(inbound: string, point: string): Promise<void> {
  const { core, databaseUrl } = given.platform;
  const child = spawn(process.execPath, ["test/support/crashing-handling.ts", inbound, point], {
    env: {
      PATH: process.env["PATH"],
      DATABASE_URL: databaseUrl,
      PARLEY_SECRET: testSecret,
      PARLEY_DATA: core.config.dataFolder,
    },
    stdio: "inherit",
  });
  const [, signal] = await once(child, "exit");
  expect(signal).toBe("SIGKILL");
}

// Before anything is kept, before the append, and after it.
const points = ["keep_becoming", "write", "settle_inbound"] as const;
const files = [{ name: "plan.txt", content: "The plan." }];

test.each(points)("killed before %s, an answer is one message", async (point) => {
  const { alice } = await given.people("alice");
  const { platform } = given;
  const conversation = await conversationOf(alice);
  const to = [await replyAddress(platform, conversation, await addByMail(alice, conversation, "bob@b.example"))];
  const id = await stored(platform, written({ text: "Once.", files }), { to });
  await killed(id, point);
  expect((await became(platform, id)).status).toBe("WAITING");
  await platform.core.mail.inbound.handle(id);
  expect(await became(platform, id)).toMatchObject({ status: "POSTED", conversation_id: conversation });
  expect(await sayings(platform, conversation)).toEqual([{ by: "bob@b.example", text: "Once.", answers: null }]);
});

test.each(["note_beginning", ...points])("killed before %s, a mail begins one conversation", async (point) => {
  const { alice } = await given.people("alice");
  const { platform } = given;
  const id = await stored(platform, written({ text: "First.", files }), { to: [alice.address] });
  await killed(id, point);
  await platform.core.mail.inbound.handle(id);
  const { status, conversation_id: conversation, participant } = await became(platform, id);
  expect(status).toBe("POSTED");
  const { pool } = platform.core.database;
  const { rows } = await pool.query(
    `SELECT conversation_id AS conversation, begun_with IS NOT NULL AS begun FROM mail_participation WHERE participant = $1
      UNION ALL SELECT conversation_id, NULL FROM participation WHERE account_id = $2`,
    [participant, alice.accountId],
  );
  expect(rows).toEqual([
    { conversation, begun: true },
    { conversation, begun: null },
  ]);
  expect(await sayings(platform, conversation ?? "")).toHaveLength(1);
});

test("killed before it is noted which mail a message was, its bytes go with a message that is removed meanwhile", async () => {
  const { alice } = await given.people("alice");
  const { platform } = given;
  const conversation = await conversationOf(alice);
  const to = [await replyAddress(platform, conversation, await addByMail(alice, conversation, "bob@b.example"))];
  const id = await stored(platform, written({ text: "Secret.", files }), { to });
  await killed(id, "settle_inbound");
  const { pool } = platform.core.database;
  const { rows } = await pool.query<{ message: string; attachment: string }>(
    "SELECT message, id AS attachment FROM attachment WHERE conversation_id = $1",
    [conversation],
  );
  const { message, attachment } = present(rows[0]);
  const there = async (name: string) => {
    const blob = await blobsOf(platform.core.config.dataFolder).get(name);
    blob?.stream.destroy();
    return blob !== null;
  };
  const file = `files/${conversation}/${attachment}`;
  await done(alice.parley.messageRemove({ conversation, message }));
  await vi.waitFor(async () => expect(await there(file)).toBe(false), { timeout: 20_000, interval: 50 });
  await platform.core.mail.inbound.handle(id);
  expect(await became(platform, id)).toMatchObject({ status: "POSTED", message });
  expect([await there(blobOf(id)), await there(file)]).toEqual([false, false]);
});
