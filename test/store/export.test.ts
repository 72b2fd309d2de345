// Whose keys an export vouches for.
import { expect, test } from "vitest";
import { proposeOn } from "../../src/conversation/accept.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import type { KeyList } from "../../src/protocol/key-list.ts";
import { proposalId } from "../../src/protocol/seal.ts";
import { readLogs } from "../../src/store/export.ts";
import { postgresDiscoveryStore } from "../../src/store/postgres-discovery-store.ts";
import { abroad, beginning, messageBody, signerOf } from "../conversation/given.ts";
import { listOf } from "../federation/given.ts";
import { createTestDatabase } from "../support/database.ts";
import { postgresSetting } from "../support/postgres-setting.ts";
import { entriesOf, type Setting, type Somebody } from "../support/setting.ts";

async function saysFromAbroad(setting: Setting, conversation: Hash, who: Somebody): Promise<void> {
  const { salt, time: sentAt } = setting.circumstances;
  const signer = signerOf(abroad);
  const actor = await setting.participant(conversation, who);
  const command = { action: "add", model: "message", body: messageBody("From abroad") } as const;
  const signed = proposeOn(await setting.followed(conversation), command, actor, { signer, sentAt, salt });
  const signature = signer.key.sign("proposal", proposalId(signed.proposal));
  entriesOf(await setting.brings(conversation, [{ ...signed, signature }]));
}

test("an export has the list of every platform that signed in it, where that is held and names what signed", async () => {
  await using database = await createTestDatabase();
  const setting = postgresSetting(database.pool);
  const store = postgresDiscoveryStore(database.pool);
  const holds = async (list: KeyList) => {
    await store.changePeer(list.platform, () => ({
      ...{ platform: list.platform, list, fetchedAt: beginning, strange: null, outcome: "listed" },
      ...{ checkedAt: beginning, expiresAt: beginning },
    }));
  };
  const platformsIn = (conversation: Hash, seq: number) =>
    readLogs(database.pool, async (reads) =>
      (await reads.keyLists({ conversation, seq })).map(({ platform }) => platform),
    );

  const alice = await setting.person("alice");
  const bob = await setting.person("bob", abroad);
  const conversation = await setting.published(alice, [[bob, "WRITER"]]);
  await saysFromAbroad(setting, conversation, bob);
  expect(await platformsIn(conversation, 3)).toEqual([]);

  const { key } = signerOf(abroad).key;
  const list = listOf(abroad, ["first", null], ["second", "first"]);
  await holds(list);
  await holds(listOf("c.example", ["first", null]));
  // Not where another key than those signed: the list says nothing of that one.
  expect(await platformsIn(conversation, 3)).toEqual([]);
  const [first, second] = list.keys;
  if (!first || !second) throw new Error("there are no keys");
  await holds({ ...list, keys: [first, { ...second, key }] });
  expect(await platformsIn(conversation, 3)).toEqual([abroad]);
  // Of what they see who were removed before, others that came later are not told.
  expect(await platformsIn(conversation, 2)).toEqual([]);
});
