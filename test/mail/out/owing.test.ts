// Which events make mails, and for whom.
import { expect, test, vi } from "vitest";
import { done, participantOf, present, type Somebody, said } from "../../graphql/given.ts";
import { arrives, replyAddress } from "../in/given-arrivals.ts";
import { givenMailPlatform, type ReadMail } from "./given.ts";

const given = await givenMailPlatform();
let count = 0;

/** A conversation of alice and bob, and of somebody by mail who has had the first mail. */
async function begun(more: readonly string[] = []) {
  const { alice, bob } = await given.people("alice", "bob");
  const nina = `nina${++count}@mail.example`;
  const { conversation } = await done(
    alice.parley.conversationCreate({
      subject: "Lunch",
      participants: [nina, ...more, bob.address].map((address) => ({ address })),
      messages: [{ body: "At noon?" }],
      publish: true,
    }),
  );
  const hash = present(conversation.hash);
  await given.untilMailed(nina, 1);
  return { alice, bob, nina, conversation: hash, settled: (mails: number) => given.untilMailed(nina, mails) };
}

const textOf = (mail: ReadMail | undefined) => mail?.text?.split("\n-- ")[0]?.trimEnd();
const pool = () => given.platform.core.database.pool;

/** When the job is due that tells that the conversation has ended. */
async function plannedEnd(conversation: string): Promise<readonly Date[]> {
  const { rows } = await pool().query<{ run_at: Date }>("SELECT run_at FROM graphile_worker.jobs WHERE key = $1", [
    `tell-end:${conversation}`,
  ]);
  return rows.map(({ run_at: at }) => at);
}

/** The id of somebody by mail in a conversation. */
const idOf = (address: string, conversation: string, by: Somebody) =>
  participantOf({ ...by, address }, conversation, by);

test("words of others are mailed, each burst at once, under the names of who said them", async () => {
  const { alice, bob, conversation, settled } = await begun();
  await said(bob, conversation, "I am **late**");
  const [, late] = await settled(2);
  expect(textOf(late)).toBe("I am **late**");
  expect(late?.from?.name).toMatch(/^Bob\.\d+ via Parley$/);
  expect(late?.subject).toBe("Re: Lunch");

  await given.hold(async () => {
    await said(alice, conversation, "No matter");
    await said(bob, conversation, "On my way");
    await said(bob, conversation, "Here");
  });
  const [, , burst] = await settled(3);
  expect(textOf(burst)).toMatch(/^Alice\.\d+:\n\nNo matter\n\nBob\.\d+:\n\nOn my way\n\nBob\.\d+:\n\nHere$/);
  expect(burst?.from?.name).toMatch(/^Alice\.\d+ and Bob\.\d+ via Parley$/);
});

test("what rides along is told with the next words, and makes no mail by itself", async () => {
  const { alice, bob, conversation, settled } = await begun();
  await done(alice.parley.subjectModify({ conversation, subject: "Dinner" }));
  await done(alice.parley.labelAdd({ conversation, name: "food" }));
  await settled(1);
  await said(bob, conversation, "Fine");
  const [, mail] = await settled(2);
  expect(textOf(mail)).toMatch(
    /^Fine\n\nAlice\.\d+ changed the subject to “Dinner”\.\n\nAlice\.\d+ added the label “food”\.$/,
  );
  // Their mails stay together under the subject that they began with.
  expect(mail?.subject).toBe("Re: Lunch");
});

test("a change is told with what changed, a removal without the words", async () => {
  const { alice, bob, nina, conversation, settled } = await begun();
  const message = await said(
    alice,
    conversation,
    "We meet at noon in the old hall behind the station, and bring soup for all.",
  );
  await settled(2);
  await done(
    bob.parley.messageModify({
      conversation,
      message,
      body: "We meet at one in the old hall behind the station, and bring soup for all.",
    }),
  );
  const [, , edit] = await settled(3);
  expect(textOf(edit)).toMatch(
    /^Bob\.\d+ changed Alice\.\d+’s message of [A-Z][a-z]+day [\d-]{10} \d\d:\d\d UTC:\n\nBefore: We meet at noon in the old hall .*\nNow: We meet at one in the old hall /,
  );
  expect(edit?.html).toMatch(/at <del[^>]*>noon<\/del><ins[^>]*>one<\/ins> in/);
  await done(alice.parley.messageRemove({ conversation, message }));
  const [, , , removal] = await settled(4);
  expect(textOf(removal)).toMatch(/^Alice\.\d+ removed their own message of [A-Z][a-z]+day [\d-]{10} \d\d:\d\d UTC\.$/);
  expect(removal?.raw).not.toContain("soup");
  // Next to what it is about, in programs that thread.
  expect(removal?.inReplyTo).toBe((await given.mailsTo(nina))[1]?.messageId);
});

test("a removal says whose message of when it was, and of their own that it was theirs", async () => {
  const { alice, bob, nina, conversation, settled } = await begun();
  const ofBob = await said(bob, conversation, "Bob's secret");
  await settled(2);
  const at = new Date();
  await done(alice.parley.messageRemove({ conversation, message: ofBob }));
  const [, , removal] = await settled(3);
  const day = at.toLocaleDateString("en-GB", { weekday: "long", timeZone: "UTC" });
  expect(textOf(removal)).toMatch(
    new RegExp(`^Alice\\.\\d+ removed Bob\\.\\d+’s message of ${day} ${at.toISOString().slice(0, 10)} `),
  );
  expect(removal?.raw).not.toContain("secret");
  const own = await replyAddress(given.platform, conversation, await idOf(nina, conversation, alice));
  const { message } = await arrives(given.platform, { from: nina, text: "Of Nina" }, { to: [own] });
  await done(alice.parley.messageRemove({ conversation, message: present(message) }));
  expect(textOf((await settled(4))[3])).toMatch(/^Alice\.\d+ removed your message of /);
});

test("words that are changed and removed before the mail goes out are told as they are, or not at all", async () => {
  const { alice, conversation, settled } = await begun();
  await given.hold(async () => {
    const secret = await said(alice, conversation, "not for long");
    const changed = await said(alice, conversation, "helo");
    await done(alice.parley.messageModify({ conversation, message: changed, body: "hello" }));
    await done(alice.parley.messageRemove({ conversation, message: secret }));
  });
  const [, mail] = await settled(2);
  expect(textOf(mail)).toBe("hello");
  // Nothing is left to be told of the two.
  await given.hold(async () => {
    const gone = await said(alice, conversation, "gone");
    await done(alice.parley.messageRemove({ conversation, message: gone }));
  });
  await settled(2);
});

test("who is removed is told so, and nothing else, also not what was on its way; added again, they are told all", async () => {
  const { alice, nina, conversation, settled } = await begun();
  const participant = await idOf(nina, conversation, alice);
  await given.hold(async () => {
    await said(alice, conversation, "not for Nina");
    await done(alice.parley.participantRemove({ conversation, participant }));
  });
  const [first, parting] = await settled(2);
  expect(textOf(parting)).toMatch(
    /^Alice\.\d+ removed you from this conversation\. You get no more mails of it, and what you answer is not posted\.$/,
  );
  expect(parting?.text).not.toContain("Answer this mail");
  expect(parting?.from?.name).toMatch(/^Alice\.\d+ via Parley$/);
  expect(parting).toMatchObject({ subject: "Re: Lunch", inReplyTo: first?.messageId });
  expect(parting?.raw).not.toContain("not for Nina");
  const { rows } = await pool().query(
    `SELECT d.mail_id IS NOT NULL AS told FROM delivery AS d
      JOIN event AS e ON e.conversation_id = d.conversation_id AND e.seq = d.seq
      WHERE d.conversation_id = $1 AND e.model = 'participant' AND e.action = 'remove'`,
    [conversation],
  );
  expect(rows).toEqual([{ told: true }]);
  await said(alice, conversation, "nor this");
  await settled(2);
  await done(alice.parley.participantAdd({ conversation, address: nina }));
  const [, , mail] = await settled(3);
  expect(textOf(mail)).toMatch(
    /^Alice\.\d+ added you to this conversation with Bob\.\d+\.\n\nAlice\.\d+, [\d -]+:\d\d UTC:\n\nAt noon\?\n\nAlice\.\d+, .*:\n\nnot for Nina\n\nAlice\.\d+, .*:\n\nnor this$/,
  );
});

test("who is removed by mistake, who never heard of it, who wants no mails or left by themselves is told nothing", async () => {
  const { alice, nina, conversation, settled } = await begun();
  const participant = await idOf(nina, conversation, alice);
  // Taken back within the delay: they hear of their being added alone.
  await given.hold(async () => {
    await done(alice.parley.participantRemove({ conversation, participant }));
    await done(alice.parley.participantAdd({ conversation, address: nina }));
  });
  expect((await settled(2))[1]?.text).toContain("added you to this conversation");
  const otto = nina.replace("nina", "otto.removed");
  await given.hold(async () => {
    await done(alice.parley.participantAdd({ conversation, address: otto }));
    await done(alice.parley.participantRemove({ conversation, participant: await idOf(otto, conversation, alice) }));
  });
  await given.untilMailed(otto, 0);
  await pool().query("UPDATE mail_participation SET is_muted = true WHERE conversation_id = $1", [conversation]);
  await done(alice.parley.participantRemove({ conversation, participant: await idOf(nina, conversation, alice) }));
  await settled(2);
});

test("that a conversation has ended is told once, after what was said last, and not where it goes on", async () => {
  const { alice, nina, conversation, settled } = await begun();
  const until = (ms: number | null) =>
    done(
      alice.parley.expiryModify({
        conversation,
        expiresAt: ms === null ? null : new Date(Date.now() + ms).toISOString(),
      }),
    );
  const tellEnd = () =>
    pool().query("SELECT graphile_worker.add_job('tell-end', json_build_object('conversation', $1::text))", [
      conversation,
    ]);
  await until(3_600_000);
  await given.platform.core.announcer.idle();
  const { rows } = await pool().query("SELECT expires_at FROM conversation WHERE id = $1", [conversation]);
  expect(await plannedEnd(conversation)).toEqual([rows[0]?.expires_at]);
  // Asked too early, nobody is told.
  await tellEnd();
  await settled(1);
  await until(2_000);
  const [, end] = await settled(2);
  expect(textOf(end)).toBe(
    "This conversation has ended, as was set: nothing is said in it any more, and what you answer is not posted. You find it behind the link.",
  );
  expect(end).toMatchObject({ subject: "Re: Lunch", inReplyTo: (await given.mailsTo(nina))[0]?.messageId });
  expect(end?.head("auto-submitted")).toBe("auto-generated");
  await tellEnd();
  await settled(2);
  await until(null);
  await said(alice, conversation, "It goes on");
  await settled(3);
  await tellEnd();
  await settled(3);
});

test("an end that is set while nobody wants mails is planned to be told: they may want them again by then", async () => {
  const { alice, conversation, settled } = await begun();
  const mute = (isMuted: boolean) =>
    pool().query("UPDATE mail_participation SET is_muted = $2 WHERE conversation_id = $1", [conversation, isMuted]);
  await mute(true);
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  await done(alice.parley.expiryModify({ conversation, expiresAt }));
  await given.platform.core.announcer.idle();
  expect(await plannedEnd(conversation)).toEqual([new Date(expiresAt)]);
  await mute(false);
  // The change itself came while they wanted none.
  await said(alice, conversation, "heard");
  expect(textOf((await settled(2))[1])).toBe("heard");
});

test("nothing is mailed while somebody wants no mails, nor to who began it by mail that they are in it", async () => {
  const { alice, nina, conversation, settled } = await begun();
  const mute = (isMuted: boolean) =>
    pool().query("UPDATE mail_participation SET is_muted = $2 WHERE conversation_id = $1", [conversation, isMuted]);
  await given.hold(async () => {
    await said(alice, conversation, "on its way");
    await mute(true);
  });
  await said(alice, conversation, "unheard");
  await settled(1);
  await mute(false);
  await said(alice, conversation, "heard");
  expect(textOf((await settled(2))[1])).toBe("heard");

  const otto = nina.replace("nina", "otto");
  await given.hold(async () => {
    await done(alice.parley.participantAdd({ conversation, address: otto }));
    const id = await idOf(otto, conversation, alice);
    await given.platform.core.announcer.idle();
    await pool().query(
      "UPDATE mail_participation SET begun_with = 'first@mail.example', subject = 'Hello' WHERE participant = $1",
      [id],
    );
  });
  await given.untilMailed(otto, 0);
  await said(alice, conversation, "an answer");
  const [answer] = await given.untilMailed(otto, 1);
  expect(answer).toMatchObject({ subject: "Re: Hello", inReplyTo: "<first@mail.example>" });
  expect(answer?.references?.split(/\s+/)).toEqual([
    "<first@mail.example>",
    `<c.${conversation}@localhost>`,
    answer?.messageId?.replace("<", "<m."),
  ]);
});

test("a long history is told by its end, with how much came before", async () => {
  const { alice } = await given.people("alice");
  const { conversation } = await done(alice.parley.conversationCreate({ subject: "Log", publish: true }));
  const hash = present(conversation.hash);
  for (let index = 1; index <= 23; index++) await said(alice, hash, `words ${index}`);
  const nina = `nina.long@mail.example`;
  await done(alice.parley.participantAdd({ conversation: hash, address: nina }));
  const [mail] = await given.untilMailed(nina, 1);
  expect(textOf(mail)).toContain("There are 3 messages before these, behind the link below.");
  expect(textOf(mail)?.match(/words \d+/g)).toEqual(Array.from({ length: 20 }, (_, index) => `words ${index + 4}`));
});

test("a burst beyond the bounds is several mails, and none of it is lost", async () => {
  const { alice, conversation, settled } = await begun();
  await given.hold(async () => {
    for (let index = 0; index < 4; index++) await said(alice, conversation, `${index} ${"long ".repeat(6_000)}`);
  });
  const [, ...mails] = await settled(3);
  expect(mails.map(({ text }) => text?.match(/^\d(?= long)/gm))).toEqual([
    ["0", "1"],
    ["2", "3"],
  ]);
});

test("a subject that is erased is mailed no more", async () => {
  const { alice, bob } = await given.people("alice", "bob");
  const { conversation: made } = await done(
    bob.parley.conversationCreate({
      subject: "Bob's secret",
      participants: [
        { address: alice.address, role: "ADMIN" },
        { address: "nina.subject@mail.example", role: "WRITER" },
      ],
      publish: true,
    }),
  );
  const conversation = present(made.hash);
  const [first] = await given.untilMailed("nina.subject@mail.example", 1);
  expect(first?.subject).toBe("Bob's secret");
  await done(bob.parley.conversationLeave({ conversation, erase: true }));
  const erased = async () => {
    const { rows } = await pool().query("SELECT FROM event WHERE conversation_id = $1 AND body::text LIKE '%secret%'", [
      conversation,
    ]);
    expect(rows).toEqual([]);
  };
  await vi.waitFor(erased, { timeout: 20_000 });
  await said(alice, conversation, "Gone");
  const [, mail] = await given.untilMailed("nina.subject@mail.example", 2);
  expect(mail?.subject).toBe("Re: A conversation");
  expect(textOf(mail)).toBe("Gone\n\nSomebody left, and took their words back.");
});

test("where the latest words were erased, no older ones are mailed", async () => {
  const { alice, bob, conversation } = await begun();
  const message = await said(alice, conversation, "As it was first");
  await done(bob.parley.messageModify({ conversation, message, body: "As it was then" }));
  await done(bob.parley.conversationLeave({ conversation, erase: true }));
  const olaf = `olaf${count}@mail.example`;
  await done(alice.parley.participantAdd({ conversation, address: olaf }));
  const [mail] = await given.untilMailed(olaf, 1);
  expect(textOf(mail)).toContain("At noon?");
  expect(textOf(mail)).toContain("(These words were erased, or are not here yet.");
  expect(mail?.raw).not.toMatch(/As it was/);
});
