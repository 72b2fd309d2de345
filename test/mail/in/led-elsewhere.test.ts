import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { done, present } from "../../graphql/given.ts";
import { type Platforms, startPlatforms } from "../../support/platforms.ts";
import { addByMail, arrives, became, replyAddress, sayings, stored, written } from "./given-arrivals.ts";

let platforms: Platforms;
beforeAll(async () => {
  platforms = await startPlatforms("a.localhost", "b.localhost");
});
afterAll(() => platforms[Symbol.asyncDispose]());

test("an answer by mail in a conversation that another platform leads waits for it, and is said once", async () => {
  const alice = await platforms.someone("alice", "a.localhost");
  const ben = await platforms.someone("ben", "b.localhost");
  const participants = [{ address: ben.address, role: "WRITER" as const }];
  const created = await done(alice.parley.conversationCreate({ subject: "Lunch", participants, publish: true }));
  const conversation = present(created.conversation.hash);
  const here = platforms.on("b.localhost");
  const eventually = (check: () => Promise<unknown>) => vi.waitFor(check, { timeout: 20_000, interval: 50 });
  await eventually(async () => expect(await ben.parley.conversation({ hash: conversation })).not.toBeNull());
  const carol = await addByMail(ben, conversation, "carol@c.example");
  const to = [await replyAddress(here, conversation, carol)];
  const mail = { from: "carol@c.example", text: "At noon.", files: [{ name: "menu.txt", content: "soup" }] };

  expect(await arrives(here, mail, { to })).toMatchObject({ status: "POSTED", participant: carol });
  const said = { by: "carol@c.example", text: "At noon.", answers: null };
  expect(await sayings(platforms.on("a.localhost"), conversation)).toEqual([said]);

  await platforms.stop("a.localhost");
  const waiting = await stored(here, written({ ...mail, text: "Or at one." }), { to });
  await expect(here.core.mail.inbound.handle(waiting)).rejects.toThrow(/leads the conversation does not answer/);
  expect(await became(here, waiting)).toMatchObject({ status: "WAITING", message: null });
  const { pool } = here.core.database;
  const { rows } = await pool.query("SELECT proposals FROM inbound_mail WHERE id = $1", [waiting]);
  await platforms.start("a.localhost");
  await here.core.mail.inbound.handle(waiting);
  const posted = await became(here, waiting);
  expect(posted).toMatchObject({ status: "POSTED" });
  // As after a crash that came before the outcome was written down: the same is asked once more.
  const text = "UPDATE inbound_mail SET status = 'WAITING', message = NULL, proposals = $2 WHERE id = $1";
  await pool.query(text, [waiting, rows[0]?.proposals]);
  await here.core.mail.inbound.handle(waiting);
  expect(await became(here, waiting)).toEqual(posted);
  for (const name of ["a.localhost", "b.localhost"]) {
    await eventually(async () =>
      expect(await sayings(platforms.on(name), conversation)).toEqual([said, { ...said, text: "Or at one." }]),
    );
  }
});
