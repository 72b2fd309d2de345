// A page's answer in a conversation that another platform leads.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { done, present } from "../../graphql/given.ts";
import { type Platforms, startPlatforms } from "../../support/platforms.ts";
import { addByMail, mailTo, signIn, stamp } from "./given.ts";

let platforms: Platforms;
beforeAll(async () => {
  platforms = await startPlatforms("a.localhost", "b.localhost");
});
afterAll(() => platforms[Symbol.asyncDispose]());

test("the leader is asked; while it does not answer they are told, and the form sent again says it once", async () => {
  const alice = await platforms.someone("alice", "a.localhost");
  const ben = await platforms.someone("ben", "b.localhost");
  const participants = [{ address: ben.address, role: "WRITER" as const }];
  const created = await done(alice.parley.conversationCreate({ subject: "Lunch", participants, publish: true }));
  const conversation = present(created.conversation.hash);
  const { url, core } = platforms.on("b.localhost");
  const { pool } = core.database;
  const eventually = (check: () => Promise<unknown>) => vi.waitFor(check, { timeout: 20_000, interval: 50 });
  await eventually(async () => expect(await ben.parley.conversation({ hash: conversation })).not.toBeNull());
  const carol = await addByMail(pool, ben.parley, conversation, { name: "Carol" });
  const browser = await signIn(pool, `${url}/m/${(await mailTo(pool, carol)).token("link")}`, carol);
  const textsAt = async (parley: typeof alice.parley) =>
    present(await parley.messages({ conversation })).messages.edges.map(({ node }) => node.body);

  expect((await browser.fill("say", { text: "At noon." })).status).toBe(303);
  await eventually(async () => expect(await textsAt(alice.parley)).toEqual(["At noon."]));

  await platforms.stop("a.localhost");
  const form = { do: "say", text: "Or at one.", ...stamp() };
  const refused = await browser.send(form);
  expect([refused.status, refused.text]).toEqual([409, expect.stringContaining("does not answer")]);
  // What they wrote is still there, in a form that is the same when it is sent again.
  expect(refused.text).toContain("Or at one.</textarea>");
  for (const value of Object.values(form).slice(2)) expect(refused.text).toContain(`value="${value}"`);

  await platforms.start("a.localhost");
  expect((await browser.send(form)).status).toBe(303);
  expect((await browser.send(form)).status).toBe(303);
  await eventually(async () => expect(await textsAt(alice.parley)).toEqual(["At noon.", "Or at one."]));
  await eventually(async () => expect(await textsAt(ben.parley)).toEqual(["At noon.", "Or at one."]));
});
