// Mails that came in and whose job is gone.
import { expect, test } from "vitest";
import { sweepInbound } from "../../../src/mail/in/sweep-inbound.ts";
import { conversationOf, givenPlatform } from "../../graphql/given.ts";
import { addByMail, became, replyAddress, stored, written } from "./given-arrivals.ts";

const given = givenPlatform({ worker: false });

test("a mail that waits without a job that is tried again gets one, and no other mail does", async () => {
  const { alice } = await given.people("alice");
  const { platform } = given;
  const { pool } = platform.core.database;
  const conversation = await conversationOf(alice);
  const to = [await replyAddress(platform, conversation, await addByMail(alice, conversation, "bob@b.example"))];
  const id = await stored(platform, written({}), { to });
  // It may be on its way.
  expect(await sweepInbound(pool)).toBe(0);
  const since = (interval: string) =>
    pool.query("UPDATE inbound_mail SET received_at = clock_timestamp() - $2::interval WHERE id = $1", [id, interval]);
  await since("1 hour");
  expect([await sweepInbound(pool), await sweepInbound(pool)]).toEqual([1, 0]);
  await pool.query(
    "UPDATE graphile_worker._private_jobs SET attempts = max_attempts WHERE key = 'handle-mail:' || $1",
    [id],
  );
  expect([await sweepInbound(pool), await sweepInbound(pool)]).toEqual([1, 0]);
  await pool.query("DELETE FROM graphile_worker._private_jobs WHERE key = 'handle-mail:' || $1", [id]);
  await since("8 days");
  expect(await sweepInbound(pool)).toBe(0);
  await since("1 hour");
  await platform.core.mail.inbound.handle(id);
  expect(await became(platform, id)).toMatchObject({ status: "POSTED" });
  expect(await sweepInbound(pool)).toBe(0);
});
