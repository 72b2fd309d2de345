// What is asked of others before an event is taken.
import { expect, test } from "vitest";
import type { FollowFault } from "../../src/conversation/follow.ts";
import { createIngest, type KeyVerdict } from "../../src/federation/ingest.ts";
import type { Event, SignedEvent } from "../../src/protocol/event.ts";
import { eventHash } from "../../src/protocol/seal.ts";
import type { FoundLost } from "../../src/store/peer-store.ts";
import { abroad, home, signerOf } from "../conversation/given.ts";
import { says } from "../support/commands.ts";
import { Elsewhere } from "../support/elsewhere.ts";
import { memoryPeerStore, newPeerTables } from "../support/memory-peer-store.ts";
import { memorySetting } from "../support/memory-setting.ts";
import { newTables } from "../support/memory-store.ts";

/** A conversation of eve's elsewhere, followed here, and what she says next; and of whom keys are asked. */
async function given(verdict: KeyVerdict = "valid") {
  const tables = newTables();
  const setting = memorySetting(tables);
  const [alice, eve] = [await setting.person("alice"), await setting.person("eve", abroad)];
  const elsewhere = new Elsewhere(setting);
  const conversation = await elsewhere.published(eve, [[alice, "ADMIN"]]);
  await elsewhere.followed(conversation);
  await elsewhere.does(conversation, eve, says("Hello"));
  const [next] = await elsewhere.log(conversation, 2);
  if (!next) throw new Error("nothing was said");
  const asked: string[] = [];
  const peers = memoryPeerStore(tables, newPeerTables(), home);
  let late: FollowFault | null = null;
  const lost: FoundLost[] = [];
  const ingest = createIngest({
    platform: home,
    onLost: async (what) => void lost.push(what),
    store: {
      ...setting.store,
      // What it found wrong is told only when another has taken it in.
      follow: async (request) => {
        const result = await setting.store.follow(request);
        return late ? { ...result, entries: [], changes: [], stopped: { seq: 3, fault: late } } : result;
      },
    },
    peers,
    keys: {
      keyOf: async (platform) => {
        asked.push(platform);
        return verdict;
      },
    },
    people: async () => setting.people,
  });
  return {
    ingest: (event: SignedEvent) => ingest(conversation, [event]),
    next,
    asked,
    lost,
    freeze: () => peers.freeze(conversation, [next, next]),
    isFrozen: async () => (await peers.head(conversation))?.isFrozen,
    another: (fault: FollowFault) => {
      late = fault;
    },
  };
}

/** The event with something else in it, as `by` would sign it. */
function signedBy(by: string, { event, ...rest }: SignedEvent, but: Partial<Event>): SignedEvent {
  const { key } = signerOf(by);
  const other = { ...event, key: key.key, ...but };
  const proposal = signerOf(abroad).key.sign("proposal", "");
  return { ...rest, event: other, signatures: { event: key.sign("event", eventHash(other)), proposal } };
}

test("of what follows, the keys of its leader are asked for", async () => {
  const { ingest, next, asked } = await given();
  expect(await ingest(next)).toMatchObject({ seq: 3, ended: null });
  expect(asked).toEqual([abroad]);
});

test("of an event whose leader does not lead, no keys are looked for", async () => {
  const { ingest, next, asked } = await given();
  const event = signedBy("mallory.example", next, { leader: "mallory.example" });
  expect(await ingest(event)).toMatchObject({ seq: 2, ended: { at: 3, why: "WRONG_LEADER" } });
  expect(asked).toEqual([]);
});

test("of an event before which one is missing, no keys are looked for", async () => {
  const { ingest, next, asked } = await given();
  expect(await ingest(signedBy(abroad, next, { seq: 9 }))).toMatchObject({ seq: 2, ended: { at: 9, why: "GAP" } });
  expect(asked).toEqual([]);
});

test("where the leader's key is not its own, nobody else's is looked for", async () => {
  const { ingest, next, asked } = await given("unknown");
  expect(await ingest(signedBy(abroad, next, {}))).toMatchObject({ seq: 2, ended: { at: 3, why: "UNKNOWN_KEY" } });
  expect(asked).toEqual([abroad]);
});

test("what another process took in before it was looked for is no lie", async () => {
  const { ingest, next, another, isFrozen } = await given();
  another({ againstTheRules: "CONFLICT" });
  await ingest(next);
  expect(await isFrozen()).toBe(false);
});

test("what we sequenced and have not is told of, but not where the conversation is frozen", async () => {
  const { ingest, next, lost, freeze } = await given();
  const event = signedBy(home, next, { leader: home, seq: 9 });
  await ingest(event);
  expect(lost).toEqual([{ conversation: expect.any(String), sequencedAt: next.event.timestamp }]);
  await freeze();
  await ingest(event);
  expect(lost).toHaveLength(1);
});
