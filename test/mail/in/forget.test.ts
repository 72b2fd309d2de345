import { expect, test } from "vitest";
import { forgetMails } from "../../../src/mail/in/forget-mails.ts";
import { blobOf } from "../../../src/mail/in/inbound-mail.ts";
import { conversationOf, givenPlatform } from "../../graphql/given.ts";
import { addByMail, arrives, became, blobsOf, replyAddress } from "./given-arrivals.ts";

const given = givenPlatform();

test("what became nothing is forgotten after its time, and what is a message stays", async () => {
  const { alice } = await given.people("alice");
  const { platform } = given;
  const conversation = await conversationOf(alice);
  const to = [await replyAddress(platform, conversation, await addByMail(alice, conversation, "bob@b.example"))];
  const mails = {
    ignored: await arrives(platform, { more: ["List-Id: <l.b.example>"] }, { to }),
    refused: await arrives(platform, { text: "" }, { to }),
    held: await arrives(platform, {}, { to, verdict: "failed" }),
    kept: await arrives(platform, { from: "mallory@m.example" }, { to }),
    posted: await arrives(platform, {}, { to }),
  };
  const blobs = blobsOf(platform.core.config.dataFolder);
  const there = async () => {
    const names: string[] = [];
    for (const [name, { id }] of Object.entries(mails)) {
      const blob = await blobs.get(blobOf(id));
      blob?.stream.destroy();
      if (blob) names.push(name);
    }
    return names;
  };
  const forget = (days: number) =>
    forgetMails(platform.core.database.pool, blobs, new Date(Date.now() + days * 24 * 3_600 * 1_000));
  // As a crash leaves it between its sender's click and its note.
  const { pool } = platform.core.database;
  await pool.query("UPDATE inbound_mail SET proposals = '{}' WHERE id = $1", [mails.held.id]);
  expect(await forget(29)).toBe(0);
  expect(await there()).toEqual(Object.keys(mails));
  expect(await forget(31)).toBe(3);
  expect(await there()).toEqual(["kept", "posted"]);
  expect(await became(platform, mails.held.id)).toMatchObject({ status: "REFUSED", reason: "FORGOTTEN" });
  const { rows } = await pool.query("SELECT told, proposals, words FROM inbound_mail WHERE id = $1", [mails.held.id]);
  expect(rows).toEqual([{ told: null, proposals: null, words: null }]);
  expect(await platform.core.mail.inbound.confirmInbound(mails.held.id)).toBeNull();
  expect(await forget(91)).toBe(1);
  expect(await forget(91)).toBe(0);
  expect(await there()).toEqual(["posted"]);
});
