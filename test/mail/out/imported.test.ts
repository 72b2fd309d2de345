// What comes with an archive is mailed to nobody, also where somebody takes part by mail already.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findViewer } from "../../../src/accounts/accounts.ts";
import { now, salt } from "../../../src/cli/now-and-salt.ts";
import { openArchive } from "../../../src/mail/archive/archive.ts";
import { importArchive } from "../../../src/mail/archive/import.ts";
import { done } from "../../graphql/given.ts";
import { mboxOf } from "../given.ts";
import { givenMailPlatform } from "./given.ts";

const given = await givenMailPlatform();

test("an import mails nobody; what is said after it is mailed without it", async () => {
  const { alice } = await given.people("alice");
  const bring = async (mails: Parameters<typeof mboxOf>[0]) => {
    const path = join(given.folder, "archive.mbox");
    await writeFile(path, mboxOf(mails));
    await using archive = await openArchive({ path, nowMs: Date.now() });
    const { store, signer, database } = given.platform.core;
    const account = await findViewer(database.prisma, alice.address);
    if (!account) throw new Error("alice has no account");
    const { pool } = database;
    return await importArchive({ archive, account, pool, store, signer, domains: ["localhost"], now, salt });
  };
  await bring([{ id: "1@a", to: alice.address, from: "carl@c.example", text: "the first" }]);
  const conversation = (await alice.parley.conversations({})).edges[0]?.node.hash ?? "";
  const address = "zed@mail.example";
  await done(alice.parley.participantAdd({ conversation, address }));
  await given.untilMailed(address, 1);
  const { imported } = await bring([
    { id: "2@a", references: "1@a", to: alice.address, from: "carl@c.example", text: "an old one of carl's" },
    { id: "3@a", references: "1@a", to: "carl@c.example", from: alice.address, text: "an old one of alice's" },
    { id: "4@a", references: "1@a", to: alice.address, from: "dora@d.example", text: "an old one of dora's" },
  ]);
  expect(imported).toBe(3);
  await done(alice.parley.messageAdd({ conversation, body: "something new" }));
  const mails = await given.untilMailed(address, 2);
  expect(mails[1]?.text).toContain("something new");
  for (const { text } of mails) expect(text).not.toMatch(/an old one|Dora|dora/);
});
