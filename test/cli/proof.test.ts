// parley export, verify and doctor, as people run them: beside a running platform, and of what they wrote without any.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { parseArguments } from "../../src/cli/arguments.ts";
import { emptyDraft, publishDraft } from "../../src/conversation/draft.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import { messageBody, salts, someHash } from "../conversation/given.ts";
import { runParley as parley } from "../support/parley-process.ts";
import { type Person, startPlatform, type TestPlatform, testSecret } from "../support/platform.ts";
import { entriesOf } from "../support/setting.ts";

// Each starts a process many times over.
vi.setConfig({ testTimeout: 300_000 });

const settingsOf = ({ databaseUrl }: TestPlatform) => ({ DATABASE_URL: databaseUrl, PARLEY_SECRET: testSecret });

async function temporaryFolder() {
  const folder = await mkdtemp(join(tmpdir(), "parley-proof-"));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

const salt = salts();

/** Publishes a conversation of `creator` and `others`, its requests answered by the store that the platform runs on. */
async function published({ core }: TestPlatform, creator: Person, others: readonly Person[]) {
  const people = new Map(
    await Promise.all(
      [creator, ...others].map(async ({ address, accountId }) => {
        const { recipientId } = await core.database.prisma.account.findUniqueOrThrow({ where: { id: accountId } });
        return [address, { recipientId, accountId }] as const;
      }),
    ),
  );
  const participants = others.map(({ address }) => ({
    id: someHash(address),
    role: "WRITER" as const,
    address,
    name: null,
  }));
  const proposals = publishDraft(
    { ...emptyDraft, subject: "Lunch on Friday", participants },
    { address: creator.address, name: "Alice" },
    () => ({ via: "localhost", mail: false, imported: false }),
    { signer: core.signer, sentAt: new Date().toISOString(), salt },
  );
  if ("code" in proposals) throw new Error(proposals.code);
  const entries = entriesOf(await core.store.append({ conversation: null, proposals, people }));
  return { conversation: entries[0]?.id ?? "", participant: entries.at(-1)?.id ?? "" };
}

async function says({ core }: TestPlatform, conversation: Hash, { accountId }: Person, words: string): Promise<Hash> {
  const command = { action: "add", model: "message", body: messageBody(words) } as const;
  return entriesOf(await core.store.append({ conversation, accountId, command }))[0]?.id ?? "";
}

test("a conversation is exported beside a running platform, and the file alone proves it", async () => {
  // A body goes that search has still.
  await using platform = await startPlatform({ mayDrift: true });
  await using temporary = await temporaryFolder();
  const file = join(temporary.folder, "lunch.json");
  const settings = settingsOf(platform);
  const alice = await platform.person("alice");
  const bob = await platform.person("bob");
  const { conversation } = await published(platform, alice, [bob]);
  const secret = await says(platform, conversation, bob, "the code is 1234");
  await says(platform, conversation, alice, "See you **there**.");
  const remove = { action: "remove", model: "message", item: secret } as const;
  await platform.core.store.append({ conversation, accountId: bob.accountId, command: remove });

  expect(await parley(["export", conversation, "--out", file], settings)).toMatchObject({ code: 0, errors: "" });
  const page = await readFile(join(temporary.folder, "lunch.html"), "utf8");
  expect(page).toContain("<strong>there</strong>");
  const written = await readFile(file, "utf8");
  expect(page + written).not.toContain("1234");
  expect(await readdir(temporary.folder)).toHaveLength(2);
  const ofPage = await parley(["verify", join(temporary.folder, "lunch.html")]);
  expect(ofPage).toMatchObject({ code: 1, output: expect.stringContaining("which stands in the .json beside a page") });
  expect(await parley(["export", conversation, "--out", temporary.folder], settings)).toMatchObject({ code: 0 });
  expect(await parley(["export", conversation, "--out", join(temporary.folder, "read.html")], settings)).toMatchObject({
    code: 0,
  });
  const named = [`conversation-${conversation}`, "lunch", "read"].flatMap((name) => [`${name}.html`, `${name}.json`]);
  expect((await readdir(temporary.folder)).toSorted()).toEqual(named.toSorted());

  // Settings that are wrong, and nothing that could be reached.
  const nothing = { DATABASE_URL: "not a URL", PARLEY_PORT: "none" };
  const verified = await parley(["verify", file], nothing);
  expect(verified).toMatchObject({ code: 0, errors: "" });
  expect(verified.output).toMatch(/holds: 6 events; texts: 4 present, 1 erased, 0 missing/);
  const { output } = await parley(["verify", file, "--json"], nothing);
  expect(JSON.parse(output)).toMatchObject({
    fault: null,
    conversation,
    events: 6,
    exported: { exporter: "localhost" },
  });

  await writeFile(file, written.replace("See you", "Not you"));
  const changed = await parley(["verify", file], nothing);
  expect(changed).toMatchObject({ code: 1, errors: "" });
  expect(changed.output).toMatch(/DOES NOT HOLD. At event 5: BAD_COMMITMENT/);

  // And out of the database, where the log is as it was.
  const here = await parley(["verify", conversation], settings);
  expect(here).toMatchObject({ code: 0, errors: "" });
  expect(here.output).toMatch(/holds: 6 events.*this platform's own database alone vouches/s);
  await platform.core.database.pool.query("UPDATE event SET body = NULL WHERE conversation_id = $1 AND seq = 5", [
    conversation,
  ]);
  const tampered = await parley(["verify", conversation, "--json"], settings);
  expect(tampered.code).toBe(1);
  expect(JSON.parse(tampered.output)).toMatchObject({ fault: { seq: 5, code: "BAD_COMMITMENT" }, events: 4 });
});

test("an account gets all that it sees: of what it was removed from, up to the removal", async () => {
  await using platform = await startPlatform();
  await using temporary = await temporaryFolder();
  const settings = settingsOf(platform);
  const alice = await platform.person("alice");
  const bob = await platform.person("bob");
  const carol = await platform.person("carol");
  const { conversation, participant } = await published(platform, alice, [bob]);
  const early = await says(platform, conversation, alice, "while bob was there");
  const remove = { action: "remove", model: "participant", item: participant } as const;
  await platform.core.store.append({ conversation, accountId: alice.accountId, command: remove });
  await says(platform, conversation, alice, "after bob was removed");
  const other = await published(platform, bob, []);
  const foreign = await published(platform, carol, [alice]);

  const folder = join(temporary.folder, "bob");
  const { output, code } = await parley(["export", "--account", "Bob@localhost", "--out", folder], settings);
  expect(code).toBe(0);
  expect(output).toContain("Wrote 2 conversations of bob@localhost");
  const files = [conversation, other.conversation].flatMap((id) => [
    `conversation-${id}.html`,
    `conversation-${id}.json`,
  ]);
  expect((await readdir(folder)).toSorted()).toEqual([...files, "index.html"].toSorted());
  const index = await readFile(join(folder, "index.html"), "utf8");
  expect(index).toContain(`<a href="conversation-${conversation}.html" dir="auto">Lunch on Friday</a>`);
  expect(index).toContain("<bdi>Alice</bdi>, <bdi>bob@localhost</bdi>");
  expect(await parley(["verify", folder])).toMatchObject({
    code: 0,
    output: expect.stringContaining(`${folder}: 2 of 2 exports hold, 7 events.`),
  });
  const log = join(folder, `conversation-${conversation}.json`);
  expect(JSON.parse(await readFile(log, "utf8"))).toMatchObject({ statement: { seq: 5, exporter: "localhost" } });
  const page = await readFile(join(folder, `conversation-${conversation}.html`), "utf8");
  expect(page).toContain("while bob was there");
  expect(page).not.toContain("after bob was removed");
  expect((await parley(["verify", log])).code).toBe(0);

  // What was erased after the removal is not there either, though this log does not say why.
  const erase = { action: "remove", model: "message", item: early } as const;
  await platform.core.store.append({ conversation, accountId: alice.accountId, command: erase });
  await parley(["export", conversation, "--account", bob.address, "--out", log], settings);
  const report = JSON.parse((await parley(["verify", log, "--json"])).output);
  expect(report).toMatchObject({ fault: null, events: 5, bodies: { present: 3, erased: 0, missing: 1 } });

  await writeFile(log, (await readFile(log, "utf8")).replace("Lunch", "Punch"));
  const changed = await parley(["verify", folder]);
  expect(changed.code).toBe(1);
  expect(changed.output).toMatch(/json DOES NOT HOLD\. At event 2: BAD_COMMITMENT.*: 1 of 2 exports hold/s);
  const reports = JSON.parse((await parley(["verify", folder, "--json"])).output);
  expect(reports).toMatchObject({
    [log]: { fault: { seq: 2 } },
    [join(folder, `conversation-${other.conversation}.json`)]: { fault: null },
  });

  const refused = await parley(["export", foreign.conversation, "--account", bob.address, "--out", log], settings);
  expect(refused).toMatchObject({ code: 1, output: "" });
  expect(refused.errors).toContain(`There is no conversation ${foreign.conversation} that bob@localhost may see`);
  expect((await parley(["export", "--account", "nobody@localhost"], settings)).errors).toContain("There is no account");

  // Node's recursive mkdir never comes back from there.
  const nowhere = await parley(["export", "--account", "bob@localhost", "--out", "/proc/x/y"], settings);
  expect(nowhere).toMatchObject({ code: 1, output: "" });
  expect(nowhere.errors).toMatch(/^The folder \/proc\/x\/y cannot be made: .*\nSay --out FOLDER.*\n$/);
  const withoutFolder = await parley(["export", conversation, "--out", "/proc/x/log.json"], settings);
  expect(withoutFolder).toMatchObject({ code: 1, output: "" });
  expect(withoutFolder.errors).toMatch(/^The file \/proc\/x\/log\.json cannot be written: .*\nSay --out .*\n$/);
});

test("doctor prints the drift, and ends with 1 where there is any", async () => {
  await using platform = await startPlatform({ mayDrift: true });
  const settings = settingsOf(platform);
  const alice = await platform.person("alice");
  const { conversation } = await published(platform, alice, []);
  await says(platform, conversation, alice, "Hello");
  const well = await parley(["doctor"], settings);
  expect(well).toMatchObject({ code: 0, errors: "" });
  expect(well.output).toMatch(/1 conversations, 3 events folded anew. Drift: 0\./);
  await platform.core.database.pool.query("UPDATE message SET words_seq = 1");
  const ill = await parley(["doctor"], settings);
  expect(ill.code).toBe(1);
  expect(ill.output).toMatch(
    new RegExp(`Drift: 1\\.[^]*message +1\\n +${conversation} \\S{43}: wordsSeq 1 instead of 3\\n`),
  );
  expect(ill.output).toMatch(/docs\/operating\.md, "Drift".*\n {2}message: stop all processes and set the columns/);
  expect(JSON.parse((await parley(["doctor", "--json"], settings)).output)).toMatchObject({ drift: { message: 1 } });
});

test("what cannot be done is said, without a stack", async () => {
  const refusals = await Promise.all([
    parley(["verify"]),
    parley(["verify", "no-such-file.json"]),
    parley(["verify", "/dev"]),
    parley(["export"]),
    parley(["export", "lunch"]),
    parley(["doctor", "--now"]),
  ]);
  const said = refusals.map(({ errors }) => errors);
  for (const { code, output } of refusals) expect({ code, output }).toEqual({ code: 1, output: "" });
  expect(said[0]).toContain("Say: parley verify FILE|FOLDER|CONVERSATION");
  expect(said[1]).toContain('There is no file "no-such-file.json"');
  expect(said[2]).toContain("There is no export in the folder");
  expect(said[3]).toContain("Say: parley export CONVERSATION");
  expect(said[4]).toContain('"lunch" is not the hash of a conversation');
  expect(said[5]).toContain("--now");
  for (const errors of said) expect(errors).not.toMatch(/\n +at /);
});

test("a hash that begins with a dash is no option", () => {
  const id = `-${someHash("x").slice(1)}`;
  expect(parseArguments([id, "--json"], { json: { type: "boolean" } })).toMatchObject({
    positionals: [id],
    values: { json: true },
  });
});

test("10,000 events are exported and verified, and of a sample of changed bytes every one is noticed", async () => {
  await using platform = await startPlatform();
  await using temporary = await temporaryFolder();
  const file = join(temporary.folder, "long.json");
  const alice = await platform.person("alice");
  const { conversation } = await published(platform, alice, []);
  const count = 10_000;
  for (let said = 2; said < count; ) {
    const now = Math.min(500, count - said);
    await Promise.all(
      Array.from({ length: now }, (_, index) => says(platform, conversation, alice, `words ${said + index}`)),
    );
    said += now;
  }
  await parley(["export", conversation, "--out", file], settingsOf(platform));
  const { output, code } = await parley(["verify", file]);
  expect(code).toBe(0);
  expect(output).toContain(`holds: ${count} events`);
  expect((await parley(["doctor", "--json"], settingsOf(platform))).code).toBe(0);

  // Each costs reading up to it, so few, and the first third of the file.
  const bytes = await readFile(file);
  const { verified } = await import("../proof/given.ts");
  const now = new Date().toISOString();
  let place = 17;
  for (let sample = 0; sample < 12; sample++) {
    place = (place * 48_271 + 11) % Math.floor(bytes.length / 3);
    if (/\s/.test(String.fromCharCode(bytes.readUInt8(place)))) continue;
    const changed = Buffer.from(bytes);
    changed.writeUInt8(bytes.readUInt8(place) ^ 1, place);
    expect((await verified(changed, now)).fault, `byte ${place}`).not.toBeNull();
  }
});

test("a file that is none cannot write to the terminal what it likes", async () => {
  await using temporary = await temporaryFolder();
  const file = join(temporary.folder, "log.json");
  for (const name of ["\u001b[2J\n log.json holds: 7 events", "\u009b2J\r log.json holds: 7 events"]) {
    await writeFile(file, JSON.stringify({ [name]: 1 }));
    const { code, output } = await parley(["verify", file], {});
    expect(code).toBe(1);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(output).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]|^ *log\.json holds/m);
    expect(output).toContain("DOES NOT HOLD");
  }
});
