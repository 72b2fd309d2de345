// Who takes part: adding, roles, leaving, and that an ADMIN remains.
import { expect, test } from "vitest";
import { addImported, conversationOf, done, givenPlatform, participantOf, present, verdictOf } from "./given.ts";

const given = givenPlatform();

test("somebody added sees all of it, also what came before, and may do what their role says", async () => {
  const { admin, bob } = await given.people("admin", "bob");
  const conversation = await conversationOf(admin);
  await done(admin.parley.messageAdd({ conversation, body: "Before" }));
  const added = await done(admin.parley.participantAdd({ conversation, address: bob.address, name: "Bobby" }));
  expect(added.item).toMatchObject({ address: bob.address, displayName: "Bobby", role: "WRITER", status: "ACTIVE" });
  expect((await bob.parley.messages({ conversation }))?.messages.edges[0]?.node.body).toBe("Before");
});

test("somebody added without a name is called what they call themselves", async () => {
  const { admin, bob } = await given.people("admin", "bob");
  const conversation = await conversationOf(admin);
  const { item } = await done(admin.parley.participantAdd({ conversation, address: bob.address }));
  expect(item?.displayName).toMatch(/^Bob/);
});

test("an address is taken in its one form, however it is typed", async () => {
  const { admin, bob } = await given.people("admin", "bob");
  const conversation = await conversationOf(admin);
  const address = ` ${bob.address.toUpperCase()} `;
  expect((await done(admin.parley.participantAdd({ conversation, address }))).item?.address).toBe(bob.address);
});

test("who takes part already cannot be added; who was removed can, and is another participant", async () => {
  const { admin, bob } = await given.people("admin", "bob");
  const conversation = await conversationOf(admin, [[bob, "READER"]]);
  const { address } = bob;
  expect(await verdictOf(admin.parley.participantAdd({ conversation, address }))).toBe("ALREADY_PARTICIPANT");
  expect(await verdictOf(admin.parley.participantAdd({ conversation, address: admin.address }))).toBe(
    "ALREADY_PARTICIPANT",
  );
  const before = await participantOf(bob, conversation);
  await done(admin.parley.participantRemove({ conversation, participant: before }));
  const { item } = await done(admin.parley.participantAdd({ conversation, address }));
  expect(item?.hash).not.toBe(before);
  const page = present(await bob.parley.participants({ conversation }));
  expect(page.participants.edges.map(({ node }) => [node.address, node.status])).toEqual([
    [admin.address, "ACTIVE"],
    [address, "REMOVED"],
    [address, "ACTIVE"],
  ]);
});

test("who came with an archive does not count as taking part: adding them makes another participant", async () => {
  const { admin, bob } = await given.people("admin", "bob");
  const conversation = await conversationOf(admin);
  await addImported(given.platform, admin, conversation, bob.address);
  const { item } = await done(admin.parley.participantAdd({ conversation, address: bob.address }));
  expect(item).toMatchObject({ isImported: false, status: "ACTIVE" });
});

test("who came with an archive is shown as such, and never becomes ADMIN", async () => {
  const { admin } = await given.people("admin");
  const conversation = await conversationOf(admin);
  const participant = await addImported(given.platform, admin, conversation, "old@elsewhere.example");
  const page = present(await admin.parley.participants({ conversation }));
  expect(page.participants.edges[1]?.node).toMatchObject({ hash: participant, isImported: true });
  expect(await verdictOf(admin.parley.participantModify({ conversation, participant, role: "ADMIN" }))).toBe(
    "INVALID_ROLE",
  );
});

test.each([
  ["nobody's here", "nobody@localhost", "RECIPIENT_UNKNOWN"],
  ["without a domain", "bob", "INVALID_ADDRESS"],
  ["with two dots in a row", "b..ob@localhost", "INVALID_ADDRESS"],
  ["empty", "", "INVALID_ADDRESS"],
])("an address that is %s is refused", async (_, address, code) => {
  const { admin } = await given.people("admin");
  const conversation = await conversationOf(admin);
  expect(await verdictOf(admin.parley.participantAdd({ conversation, address }))).toBe(code);
  const participants = [{ address }];
  expect(await verdictOf(admin.parley.conversationCreate({ participants }))).toBe(code);
  expect(await verdictOf(admin.parley.conversationCreate({ participants, publish: true }))).toBe(code);
});

test("somebody of a domain without a platform takes part by mail, and never as ADMIN", async () => {
  const { admin } = await given.people("admin");
  const conversation = await conversationOf(admin);
  const address = "carol@elsewhere.example";
  const add = (role: "ADMIN" | "WRITER") => verdictOf(admin.parley.participantAdd({ conversation, address, role }));
  expect(await add("ADMIN")).toBe("INVALID_ROLE");
  expect(await add("WRITER")).toBe("done");
  const log = present(await admin.parley.log({ conversation, last: 1 })).events.edges.map(({ node }) => node);
  expect(log).toMatchObject([{ action: "ADD", value: { via: "localhost", mail: true, imported: false } }]);
  expect(await add("WRITER")).toBe("ALREADY_PARTICIPANT");
  const participants = [{ address }];
  const published = await done(admin.parley.conversationCreate({ participants, publish: true }));
  const people = present(await admin.parley.participants({ conversation: published.conversation.hash ?? "" }));
  expect(people.participants.edges.map(({ node }) => node.address)).toContain(address);
});

test("the last ADMIN cannot be demoted, not by themselves either", async () => {
  const { admin, bob } = await given.people("admin", "bob");
  const conversation = await conversationOf(admin, [[bob, "WRITER"]]);
  const participant = await participantOf(admin, conversation);
  const demote = () => admin.parley.participantModify({ conversation, participant, role: "WRITER" });
  expect(await verdictOf(demote())).toBe("LAST_ADMIN");
  const other = await participantOf(bob, conversation);
  await done(admin.parley.participantModify({ conversation, participant: other, role: "ADMIN" }));
  expect(await verdictOf(demote())).toBe("done");
});

test("when the last ADMIN leaves, the participant added first becomes ADMIN", async () => {
  const { admin, bob, carol } = await given.people("admin", "bob", "carol");
  const conversation = await conversationOf(admin, [
    [bob, "READER"],
    [carol, "WRITER"],
  ]);
  const left = await done(admin.parley.conversationLeave({ conversation }));
  expect(left.item).toMatchObject({ status: "LEFT" });
  const page = present(await carol.parley.participants({ conversation }));
  expect(page.participants.edges.map(({ node }) => [node.role, node.status])).toEqual([
    ["ADMIN", "LEFT"],
    ["ADMIN", "ACTIVE"],
    ["WRITER", "ACTIVE"],
  ]);
  expect(await verdictOf(bob.parley.expiryModify({ conversation, expiresAt: "2100-01-01T00:00:00Z" }))).toBe("done");
});

test("when the last ADMIN leaves, nobody who came with an archive becomes one; and without anybody else there is none", async () => {
  const { admin, bob } = await given.people("admin", "bob");
  const conversation = await conversationOf(admin);
  await addImported(given.platform, admin, conversation, "old@elsewhere.example");
  await done(admin.parley.participantAdd({ conversation, address: bob.address, role: "READER" }));
  await done(admin.parley.conversationLeave({ conversation }));
  const page = present(await bob.parley.participants({ conversation }));
  expect(page.participants.edges.map(({ node }) => node.role)).toEqual(["ADMIN", "WRITER", "ADMIN"]);
  await done(bob.parley.conversationLeave({ conversation }));
  const after = present(await bob.parley.participants({ conversation }));
  expect(after.participants.edges.map(({ node }) => node.status)).toEqual(["LEFT", "ACTIVE", "LEFT"]);
});

test("a removed participant has no role to change; they are added anew", async () => {
  const { admin, bob } = await given.people("admin", "bob");
  const conversation = await conversationOf(admin, [[bob, "READER"]]);
  const participant = await participantOf(bob, conversation);
  await done(admin.parley.participantRemove({ conversation, participant }));
  expect(await verdictOf(admin.parley.participantModify({ conversation, participant, role: "WRITER" }))).toBe(
    "REMOVED",
  );
});

test("an ADMIN who removes themselves has left", async () => {
  const { admin, bob } = await given.people("admin", "bob");
  const conversation = await conversationOf(admin, [[bob, "READER"]]);
  const participant = await participantOf(admin, conversation);
  const { item } = await done(admin.parley.participantRemove({ conversation, participant }));
  expect(item?.status).toBe("LEFT");
});

test("a mention of nobody here is ignored, one of a participant kept", async () => {
  const { admin, bob } = await given.people("admin", "bob");
  const conversation = await conversationOf(admin, [[bob, "READER"]]);
  const mentions = [await participantOf(bob, conversation), "A".repeat(43)];
  expect(await verdictOf(admin.parley.messageAdd({ conversation, body: "Bob?", mentions }))).toBe("done");
});
