import { expect, test } from "vitest";
import { conversationOf, done, givenPlatform, participantOf, present, verdictOf } from "../../graphql/given.ts";
import { addByMail, arrives, replyAddress, sayings, type WrittenMail } from "./given-arrivals.ts";

const given = givenPlatform();

const stranger = { from: "Mallory <mallory@m.example>", subject: "Re: Lunch", text: "Bob sent me this.\r\n> Lunch?" };

/** A conversation of alice's with carol, and with bob by mail, and mails of others to his reply address. */
async function keptIn(...mails: readonly WrittenMail[]) {
  const { alice, carol } = await given.people("alice", "carol");
  const conversation = await conversationOf(alice, [[carol, "WRITER"]]);
  const bob = await addByMail(alice, conversation, "bob@b.example");
  const to = [await replyAddress(given.platform, conversation, bob)];
  for (const mail of mails) expect((await arrives(given.platform, mail, { to })).status).toBe("KEPT");
  const list = async () => (await alice.parley.keptMails({ first: 10 })).keptMails.edges.map(({ node }) => node);
  return { alice, carol, conversation, bob, to, list };
}

test("a stranger's mail is shown to who added the participant whose mails it answers, and to nobody else", async () => {
  const { carol, conversation, bob, list } = await keptIn(stranger);
  expect(await list()).toEqual([
    expect.objectContaining({
      from: { address: "mallory@m.example", name: "Mallory" },
      subject: "Re: Lunch",
      preview: "Bob sent me this.",
      reason: "OTHER_SENDER",
      isAuthentic: true,
      conversation: expect.objectContaining({ hash: conversation }),
      participant: expect.objectContaining({ hash: bob }),
    }),
  ]);
  expect((await carol.parley.keptMails({ first: 10 })).keptMails.edges).toEqual([]);
  expect(await sayings(given.platform, conversation)).toEqual([]);
});

test("accepted, its sender takes part, and the words are theirs, once", async () => {
  const { alice, conversation, to, list } = await keptIn(stranger);
  const keptMail = present((await list())[0]).id;
  const accepted = await done(alice.parley.keptMailAccept({ keptMail }));
  expect(accepted.item).toMatchObject({ body: "Bob sent me this." });
  expect(await done(alice.parley.keptMailAccept({ keptMail }))).toEqual(accepted);
  const said = { by: "mallory@m.example", text: "Bob sent me this.", answers: null };
  expect(await sayings(given.platform, conversation)).toEqual([said]);
  expect(await list()).toEqual([]);
  // From then on they speak for themselves.
  expect(await arrives(given.platform, { ...stranger, text: "Thanks." }, { to })).toMatchObject({ status: "POSTED" });
});

test("accepting takes the right to add people, and is nobody else's", async () => {
  const { alice, carol, conversation } = await keptIn();
  const dave = await addByMail(carol, conversation, "dave@d.example");
  const to = [await replyAddress(given.platform, conversation, dave)];
  await arrives(given.platform, stranger, { to });
  const [kept] = (await carol.parley.keptMails({ first: 1 })).keptMails.edges;
  const keptMail = present(kept).node.id;
  expect(await verdictOf(alice.parley.keptMailAccept({ keptMail }))).toBe("NOT_FOUND");
  expect(await verdictOf(alice.parley.keptMailDiscard({ keptMail }))).toBe("NOT_FOUND");
  const participant = await participantOf(carol, conversation);
  await done(alice.parley.participantModify({ conversation, participant, role: "READER" }));
  expect(await verdictOf(carol.parley.keptMailAccept({ keptMail }))).toBe("FORBIDDEN");
  await done(alice.parley.participantModify({ conversation, participant, role: "WRITER" }));
  expect(await verdictOf(carol.parley.keptMailAccept({ keptMail }))).toBe("done");
});

test("where who added them is gone, the earliest ADMIN here decides", async () => {
  const { alice, carol, conversation } = await keptIn();
  const dave = await addByMail(carol, conversation, "dave@d.example");
  const participant = await participantOf(carol, conversation);
  await done(alice.parley.participantRemove({ conversation, participant }));
  const to = [await replyAddress(given.platform, conversation, dave)];
  expect(await arrives(given.platform, stranger, { to })).toMatchObject({ kept_for: alice.accountId });
});

test("discarded, it is gone", async () => {
  const { alice, conversation, list } = await keptIn(stranger);
  const keptMail = present((await list())[0]).id;
  expect(await verdictOf(alice.parley.keptMailDiscard({ keptMail }))).toBe("done");
  expect(await verdictOf(alice.parley.keptMailDiscard({ keptMail }))).toBe("done");
  expect(await list()).toEqual([]);
  expect(await verdictOf(alice.parley.keptMailAccept({ keptMail }))).toBe("NOT_FOUND");
  expect(await sayings(given.platform, conversation)).toEqual([]);
});

test("who has an account here is not taken in by mail", async () => {
  const { carol: other } = await given.people("carol");
  const { alice, list } = await keptIn({ from: other.address });
  const [kept] = await list();
  expect(kept?.reason).toBe("ACCOUNT");
  expect(await verdictOf(alice.parley.keptMailAccept({ keptMail: present(kept).id }))).toBe("FORBIDDEN");
});

test("pages of kept mails go back and forth, the newest first", async () => {
  const { alice } = await keptIn(...["One", "Two", "Three"].map((subject) => ({ ...stranger, subject })));
  const page = async (args: Parameters<typeof alice.parley.keptMails>[0]) => {
    const { keptMails } = await alice.parley.keptMails(args);
    return { subjects: keptMails.edges.map(({ node }) => node.subject), ...keptMails.pageInfo };
  };
  const first = await page({ first: 2 });
  expect(first).toMatchObject({ subjects: ["Three", "Two"], hasNextPage: true });
  const second = await page({ first: 2, after: present(first.endCursor) });
  expect(second).toMatchObject({ subjects: ["One"], hasNextPage: false });
  expect(await page({ last: 1, before: present(second.startCursor) })).toMatchObject({ subjects: ["Two"] });
});

test("nobody accepts words in the name of who takes part already: they are asked whether the mail is theirs", async () => {
  const { alice, conversation, bob, list } = await keptIn();
  const address = "nora@n.example";
  const nora = await addByMail(alice, conversation, address);
  const to = [await replyAddress(given.platform, conversation, bob)];
  const forged = await arrives(given.platform, { ...stranger, from: address }, { to, verdict: "failed" });
  expect(forged.status).toBe("KEPT");
  const [kept] = await list();
  expect(await verdictOf(alice.parley.keptMailAccept({ keptMail: present(kept).id }))).toBe("FORBIDDEN");
  expect(await sayings(given.platform, conversation)).toEqual([]);
  const { rows } = await given.platform.core.database.pool.query(
    "SELECT participant FROM mail WHERE conversation_id = $1 AND kind = 'CONFIRM'",
    [conversation],
  );
  expect(rows).toEqual([{ participant: nora }]);
  await given.platform.core.mail.inbound.confirmInbound(forged.id);
  expect(await sayings(given.platform, conversation)).toMatchObject([{ by: address, text: "Bob sent me this." }]);
});

test("who does not take part any more accepts nothing, also of who does", async () => {
  const { alice, carol, conversation } = await keptIn();
  const dave = await addByMail(carol, conversation, "dave@d.example");
  const to = [await replyAddress(given.platform, conversation, dave)];
  await arrives(given.platform, stranger, { to });
  await addByMail(alice, conversation, "mallory@m.example");
  const [kept] = (await carol.parley.keptMails({ first: 1 })).keptMails.edges;
  const participant = await participantOf(carol, conversation);
  await done(alice.parley.participantRemove({ conversation, participant }));
  expect(await verdictOf(carol.parley.keptMailAccept({ keptMail: present(kept).node.id }))).toBe("NOT_PARTICIPANT");
  expect(await sayings(given.platform, conversation)).toEqual([]);
});
