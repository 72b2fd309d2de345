import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { blobOf } from "../../../src/mail/in/inbound-mail.ts";
import { conversationOf, done, givenPlatform, present, type Somebody } from "../../graphql/given.ts";
import { addByMail, arrives, blobsOf, replyAddress, sayings, type WrittenMail } from "./given-arrivals.ts";

const given = givenPlatform();

const photo = { name: "Grüße aus '*.html", type: "text/html", content: "<script>alert(1)</script>".repeat(1_000) };

/** A mail of bob's with files, posted in a conversation of alice's with others. */
async function posted(mail: WrittenMail, ...others: readonly Somebody[]) {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(
    alice,
    others.map((one) => [one, "WRITER"] as const),
  );
  const bob = await addByMail(alice, conversation, "bob@b.example");
  const to = [await replyAddress(given.platform, conversation, bob)];
  const answer = await arrives(given.platform, { from: "bob@b.example", ...mail }, { to });
  expect(answer.status).toBe("POSTED");
  const message = present(answer.message);
  const id = Buffer.from(`Message:${conversation}.${message}`).toString("base64");
  return { alice, conversation, bob, message, id, inbound: answer.id };
}

/** The message with its files and the mail that it was, as somebody sees it. */
async function seen(by: Somebody, id: string) {
  const node = await by.parley.original({ id });
  return node?.__typename === "Message" ? node : null;
}

const filesOf = async (by: Somebody, id: string) =>
  present(await seen(by, id)).attachments.edges.map(({ node }) => node);

const download = (by: Somebody | null, url: string, init: RequestInit = {}) =>
  fetch(`${given.platform.url}${url}`, {
    ...init,
    ...(by && { headers: { authorization: `Bearer ${by.token}` } }),
  });

const isKept = async (name: string) => {
  const blob = await blobsOf(given.platform.core.config.dataFolder).get(name);
  blob?.stream.destroy();
  return blob !== null;
};

test("a mail's files are the message's, and come back as they were, as files and nothing else", async () => {
  const { alice, id, conversation } = await posted({ text: "See this.", files: [photo, { name: "", content: "" }] });
  const [file, empty] = await filesOf(alice, id);
  expect(file).toMatchObject({ title: photo.name, type: "text/html", size: photo.content.length });
  const answer = await download(alice, present(file?.url));
  expect(answer.status).toBe(200);
  expect(await answer.text()).toBe(photo.content);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    "content-disposition": "attachment; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20aus%20%27%2A.html",
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "cache-control": "private, no-store",
  });
  expect(await (await download(alice, present(empty?.url))).text()).toBe("");
  // What is kept on disk says nothing.
  const path = join(given.platform.core.config.dataFolder, "blobs/files", conversation, present(file?.hash));
  const kept = await readFile(path);
  expect(kept).toHaveLength(photo.content.length);
  expect(kept.includes("script")).toBe(false);
});

test("a file is for those who see its message: nobody without a token, no stranger, nobody who was removed before", async () => {
  const { carol, mallory } = await given.people("carol", "mallory");
  const { alice, conversation, bob, id } = await posted({ files: [photo] }, carol);
  const [{ url = null } = {}] = await filesOf(alice, id);
  const path = present(url);
  expect((await download(carol, path)).status).toBe(200);
  expect((await download(null, path)).status).toBe(401);
  expect((await download(mallory, path)).status).toBe(404);
  expect((await download(alice, `${path}x`)).status).toBe(404);
  expect((await download(alice, `${path}/..%2f..`)).status).toBe(404);
  expect((await download(alice, path, { method: "POST" })).status).toBe(405);
  const page = await alice.parley.participants({ conversation, first: 10 });
  const removed = present(page?.participants.edges.find(({ node }) => node.address === carol.address)).node.hash;
  await done(alice.parley.participantRemove({ conversation, participant: present(removed) }));
  expect((await download(carol, path)).status).toBe(200);
  const to = [await replyAddress(given.platform, conversation, bob)];
  const later = await arrives(given.platform, { text: "Later.", files: [photo] }, { to });
  const [{ url: laterUrl = null } = {}] = await filesOf(
    alice,
    Buffer.from(`Message:${conversation}.${later.message}`).toString("base64"),
  );
  expect((await download(carol, present(laterUrl))).status).toBe(404);
});

test("a mail with nothing but a file is a message that names it", async () => {
  const { alice, conversation, id } = await posted({ text: "", files: [{ name: "plan.txt", content: "plan" }] });
  expect(await sayings(given.platform, conversation)).toEqual([
    { by: "bob@b.example", text: "[plan.txt]", answers: null },
  ]);
  expect(await filesOf(alice, id)).toHaveLength(1);
});

test("the mail as it came is there for who sees the message, safe to show", async () => {
  const { mallory } = await given.people("mallory");
  const text = "Yes.\r\n\r\nOn Monday, Alice wrote:\r\n> Shall we meet?\r\n";
  const html = `<p onclick="x()">Yes.<script>alert(1)</script></p><blockquote>Shall we meet?</blockquote>`;
  const { alice, conversation, id } = await posted({ text, html });
  expect((await sayings(given.platform, conversation)).map((one) => one.text)).toEqual(["Yes."]);
  const original = (await seen(alice, id))?.original;
  expect(original).toMatchObject({ from: { address: "bob@b.example", name: null } });
  expect(original?.text).toContain("> Shall we meet?");
  expect(original?.html?.trim()).toBe("<p>Yes.</p><blockquote>Shall we meet?</blockquote>");
  expect(await seen(mallory, id)).toBeNull();
});

test("with a message that is removed go its mail and its files", async () => {
  const { alice, conversation, message, id, inbound } = await posted({ text: "Secret.", files: [photo] });
  const [file] = await filesOf(alice, id);
  const names = [blobOf(inbound), `files/${conversation}/${file?.hash}`];
  expect(await Promise.all(names.map(isKept))).toEqual([true, true]);
  await done(alice.parley.messageRemove({ conversation, message }));
  expect((await seen(alice, id))?.original).toBeNull();
  expect((await download(alice, present(file?.url))).status).toBe(404);
  await vi.waitFor(async () => expect(await Promise.all(names.map(isKept))).toEqual([false, false]), {
    timeout: 20_000,
    interval: 50,
  });
});

test("one answer reads so many mails as they came, and no more", async () => {
  const { alice, id } = await posted({ text: "Yes." });
  const fields = Array.from({ length: 11 }, (_, n) => `o${n}: original { text }`).join(" ");
  const query = (some: string) => `query ($id: ID!) { node(id: $id) { ... on Message { ${some} } } }`;
  await expect(alice.parley.request(query(fields), { id })).rejects.toThrow(/too much|less/);
});
