// What is asked of others before an event is taken.
import { expect, test } from "vitest";
import type { FollowFault } from "../../src/conversation/follow.ts";
import { createIngest } from "../../src/federation/ingest.ts";
import type { KeyVerdict } from "../../src/federation/vouching.ts";
import type { Event, SignedEvent } from "../../src/protocol/event.ts";
import { commitmentTo, eventHash, proposalId } from "../../src/protocol/seal.ts";
import type { FoundLost } from "../../src/store/peer-store.ts";
import { abroad, beginning, home, signerOf, someHash, timeAfter } from "../conversation/given.ts";
import { adds, says } from "../support/commands.ts";
import { Elsewhere } from "../support/elsewhere.ts";
import { memoryPeerStore, newPeerTables } from "../support/memory-peer-store.ts";
import { memorySetting } from "../support/memory-setting.ts";
import { newTables } from "../support/memory-store.ts";

/** A conversation of eve's elsewhere, followed here, and what she says next; and of whom keys are asked, and who is looked up. */
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
  const people: string[] = [];
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
      keyOf: async (platform, _key, _at, { source } = {}) => {
        asked.push(source === undefined ? platform : `${platform} for ${source}`);
        return verdict;
      },
    },
    people: async (_, added, source) => {
      people.push(...added.map(({ address }) => `${address} for ${source}`));
      return setting.people;
    },
  });
  const from = { source: "caller.example" };
  return {
    ...{ setting, elsewhere, conversation, eve, next, asked, people, lost },
    ingest: (event: SignedEvent) => ingest(conversation, [event]),
    handed: (...run: readonly SignedEvent[]) => ingest(conversation, run, from),
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
  const { key } = signerOf("other.example");
  const proposal = { ...next.event.proposal, platform: "other.example", key: key.key };
  const event = signedBy(abroad, next, { proposal });
  const signatures = { ...event.signatures, proposal: key.sign("proposal", proposalId(proposal)) };
  expect(await ingest({ ...event, signatures })).toMatchObject({ seq: 2, ended: { at: 3, why: "UNKNOWN_KEY" } });
  expect(asked).toEqual([abroad]);
});

/** The same, as a proposal of somebody's platform that the leader took. */
function proposedBy(by: string, { event, ...rest }: SignedEvent, but: Partial<Event["proposal"]> = {}): SignedEvent {
  const { platform, key } = signerOf(by);
  const proposal = { ...event.proposal, platform, key: key.key, ...but };
  const other = { ...event, proposal };
  const signatures = {
    event: signerOf(abroad).key.sign("event", eventHash(other)),
    proposal: key.sign("proposal", proposalId(proposal)),
  };
  return { ...rest, event: other, signatures };
}

test("a long run is taken part by part, up to the first that does not hold", async () => {
  const { setting, elsewhere, conversation, eve, handed } = await given();
  for (let said = 4; said <= 700; said++) await elsewhere.does(conversation, eve, says("Hello"));
  const log = await elsewhere.log(conversation, 2);
  const bad = log.map((one) => (one.event.seq === 650 ? { ...one, body: null } : one));
  const taken = await handed(...bad);
  expect(taken).toMatchObject({ seq: 649, ended: { at: 650, why: "BAD_COMMITMENT" } });
  expect(taken.entries.map(({ event }) => event.seq)).toEqual(Array.from({ length: 647 }, (_, index) => index + 3));
  expect(taken.changes).toHaveLength(647);
  const rest = await handed(...log);
  expect(rest).toMatchObject({ seq: 700, ended: null, head: { seq: 700 } });
  expect(rest.entries).toHaveLength(51);
  expect((await setting.log(conversation)).at(-1)?.hash).toBe(rest.head?.head);
});

test("a name that the leader made up is not looked for: whoever acts is spoken for by another platform, or is nobody", async () => {
  for (const [but, why] of [
    [{}, "WRONG_PLATFORM"],
    [{ actor: someHash("nobody") }, "NOT_PARTICIPANT"],
  ] as const) {
    const { ingest, next, asked, isFrozen } = await given();
    expect(await ingest(proposedBy("other.example", next, but))).toMatchObject({ seq: 2, ended: { at: 3, why } });
    expect(asked).toEqual([abroad]);
    expect(await isFrozen()).toBe(true);
  }
});

test("who was added only just now is looked for where they are, in the same run and after it", async () => {
  const { setting, elsewhere, conversation, eve, handed, next, asked } = await given();
  const frank = await setting.person("frank", "frank.example");
  const { id } = await elsewhere.does(conversation, eve, adds(frank));
  for (let said = 0; said < 2; said++) await elsewhere.does(conversation, eve, says("Hello"));
  const [added, first, second] = await elsewhere.log(conversation, 3);
  if (!added || !first || !second) throw new Error("nobody was added");
  const said = proposedBy("frank.example", first, { actor: id });
  const { event } = proposedBy("frank.example", second, { actor: id });
  const joined = signedBy(abroad, { ...second, event }, { parent: eventHash(said.event), key: event.key });
  const { signatures } = proposedBy("frank.example", joined, { actor: id });
  expect(await handed(next, added, said)).toMatchObject({ seq: 5, ended: null });
  expect(await handed({ ...joined, signatures })).toMatchObject({ seq: 6, ended: null });
  const from = "for caller.example";
  expect(asked).toEqual([...[abroad, "frank.example"], ...[abroad, "frank.example"]].map((one) => `${one} ${from}`));
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

test("what only says that we sequenced it is no loss of ours", async () => {
  const { ingest, next, lost } = await given();
  const signed = signedBy(home, next, { leader: home, seq: 9 });
  expect(await ingest({ ...signed, event: { ...signed.event, seq: 10 } })).toMatchObject({ seq: 2 });
  expect(lost).toEqual([]);
});

test.each([
  ["does not join on", "BROKEN_CHAIN", (next) => signedBy(abroad, next, { parent: someHash("another") })],
  [
    "is not signed",
    "BAD_SIGNATURE",
    (next) => ({ ...next, event: { ...next.event, timestamp: timeAfter(beginning, 1) } }),
  ],
  ["has words that were not signed for", "BAD_COMMITMENT", (next) => ({ ...next, salt: someHash("another") })],
] satisfies [string, string, (next: SignedEvent) => SignedEvent][])(
  "of an event that %s, no keys are looked for",
  async (_, why, otherOf) => {
    const { ingest, next, asked } = await given();
    expect(await ingest(otherOf(next))).toMatchObject({ seq: 2, ended: { at: 3, why } });
    expect(asked).toEqual([]);
  },
);

test("what has to be looked up for a run is on the budget of who handed it over", async () => {
  const { handed, elsewhere, conversation, setting, eve, asked, people } = await given();
  await elsewhere.does(conversation, eve, adds(await setting.person("frank", "frank.example")));
  expect(await handed(...(await elsewhere.log(conversation)))).toMatchObject({ seq: 4, ended: null });
  expect(asked).toEqual([`${abroad} for caller.example`]);
  expect(people).toEqual(["frank@frank.example for caller.example"]);
});

test("who is added by what is had, or is not taken, is looked up by nobody", async () => {
  const { handed, elsewhere, conversation, setting, eve, next, people } = await given();
  const adding = await elsewhere.does(conversation, eve, adds(await setting.person("frank", "frank.example")));
  const before = await elsewhere.log(conversation);
  expect(await handed(...before.slice(0, 2))).toMatchObject({ seq: 2, ended: null });
  const { event, signatures, body, salt } = adding;
  const stray = { event: { ...event, seq: 1 }, signatures, body, salt };
  expect(await handed(stray)).toMatchObject({ seq: 2, ended: { at: 1, why: "BAD_SIGNATURE" } });
  const unsigned = { event: { ...event, timestamp: timeAfter(beginning, 1) }, signatures, body, salt };
  expect(await handed(next, unsigned)).toMatchObject({ seq: 3, ended: { at: 4, why: "BAD_SIGNATURE" } });
  expect(people).toEqual([]);
});

test("who is added by words that break their rules is looked up by nobody", async () => {
  const { handed, elsewhere, conversation, setting, eve, next, people } = await given();
  const adding = await elsewhere.does(conversation, eve, adds(await setting.person("frank", "frank.example")));
  const { salt } = adding;
  if (salt === null) throw new Error("nobody was added");
  const body = { address: "Frank Frank", name: null };
  const event = { ...adding.event, proposal: { ...adding.event.proposal, ref: commitmentTo(body, salt) } };
  const signatures = { event: signerOf(abroad).key.sign("event", eventHash(event)), proposal: null };
  expect(await handed(next, { event, signatures, body, salt })).toMatchObject({ seq: 4, ended: null });
  expect(people).toEqual([]);
});
