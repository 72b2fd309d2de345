// What another platform's batch makes this one do beside taking it.
import { expect, test } from "vitest";
import { type Command, proposeOn } from "../../src/conversation/accept.ts";
import { type Entry, refused, signedEventOf } from "../../src/federation/batch.ts";
import { createFederation, type FederationOptions } from "../../src/federation/federation.ts";
import type { Role, SignedEvent, SignedProposal } from "../../src/protocol/event.ts";
import { eventHash, proposalId } from "../../src/protocol/seal.ts";
import type { ConversationStore } from "../../src/store/conversation-store.ts";
import { abroad, beginning, home, signerOf, someHash, timeAfter } from "../conversation/given.ts";
import { adds, removes, says } from "../support/commands.ts";
import { Elsewhere } from "../support/elsewhere.ts";
import { memoryPeerStore, newPeerTables } from "../support/memory-peer-store.ts";
import { memorySetting } from "../support/memory-setting.ts";
import { newTables } from "../support/memory-store.ts";

/** A conversation of alice's with eve, who is elsewhere, and who is looked up for whom. */
async function given(role: Role = "ADMIN") {
  const tables = newTables();
  const setting = memorySetting(tables);
  const memory = memoryPeerStore(tables, newPeerTables(), home);
  const unsettled: string[] = [];
  const caughtUp: string[] = [];
  const peers: typeof memory = {
    ...memory,
    unsettle: async (platform, at, now) => {
      unsettled.push(at);
      return memory.unsettle(platform, at, now);
    },
  };
  const unreachable = { unreachable: "refused", answer: "", retryAfterMs: null };
  const reached: string[] = [];
  const posted: Entry[] = [];
  let reach: Awaited<ReturnType<FederationOptions["reach"]>> = { platform: "frank.example" };
  let logsRead = 0;
  const store: ConversationStore = {
    ...setting.store,
    entriesAfter: async (...asked) => {
      logsRead++;
      return setting.store.entriesAfter(...asked);
    },
  };
  const federation = createFederation({
    platform: home,
    store,
    peers,
    transport: {
      post: async (_, entries) => {
        posted.push(...entries);
        return entries.map(() => refused("RECIPIENT_UNKNOWN", "Nobody has it."));
      },
      events: async () => unreachable,
      greet: async () => unreachable,
    },
    keys: { keyOf: async () => "valid" },
    people: async () => setting.people,
    reach: async (address, source) => {
      reached.push(`${address} for ${source}`);
      return reach;
    },
    isOurs: async (address) => setting.people.has(address),
    onReceipts: () => {},
    onPendingChanged: () => {},
    now: setting.circumstances.now,
    random: () => 0.5,
    schedule: {
      deliver: () => {},
      askAgain: () => {},
      catchUp: async (_, of) => void caughtUp.push(of),
      askWords: async () => {},
    },
  });
  const [alice, eve] = [await setting.person("alice"), await setting.person("eve", abroad)];
  const conversation = await setting.published(alice, [[eve, role]]);
  const actor = await setting.participant(conversation, eve);
  const proposed = async (command: Command): Promise<SignedProposal> => {
    const signer = signerOf(abroad);
    const occasion = { signer, sentAt: setting.circumstances.time, salt: () => someHash("salt of eve's") };
    const made = proposeOn(await setting.followed(conversation), command, actor, occasion);
    return { ...made, signature: signer.key.sign("proposal", proposalId(made.proposal)) };
  };
  return {
    ...{ setting, federation, peers, conversation, reached, posted, unsettled, caughtUp },
    logsRead: () => logsRead,
    reachesNobody: () => {
      reach = "later";
    },
    isNobodys: () => {
      reach = "unknown";
    },
    reachesAt: (platform: string) => {
      reach = { platform };
    },
    adding: async (address: string) => proposed(adds({ address })),
    addingByMail: async (address: string) => {
      const value = { role: "WRITER", via: abroad, mail: true, imported: false } as const;
      return proposed({ ...adds({ address }), value });
    },
    proposes: async (proposal: SignedProposal) => (await federation.receive(abroad, [{ proposal }]))[0],
  };
}

test("who is added by a proposal is looked up on the budget of who proposes, and not once more for one that is in the log", async () => {
  const { setting, adding, proposes, reached, reachesNobody } = await given();
  const { address } = await setting.person("frank", "frank.example");
  const proposal = await adding(address);
  expect(await proposes(proposal)).toMatchObject({ result: "accepted", event: { event: { seq: 3 } } });
  reachesNobody();
  expect(await proposes(proposal)).toMatchObject({ result: "duplicate", event: { event: { seq: 3 } } });
  expect(reached).toEqual([`${address} for ${abroad}`]);
});

test("a platform proposes for nobody whom another speaks for, with its own key neither", async () => {
  const { setting, federation, conversation, proposes } = await given();
  const [alice, frank] = [await setting.person("alice"), await setting.person("frank", "frank.example")];
  const { id: actor } = await setting.does(conversation, alice, adds(frank));
  const { key } = signerOf(abroad);
  const frankSigner = { platform: "frank.example", key };
  const occasion = { signer: frankSigner, sentAt: setting.circumstances.time, salt: () => someHash("salt of eve's") };
  const made = proposeOn(await setting.followed(conversation), says("Frank says so"), actor, occasion);
  const proposal = { ...made, signature: key.sign("proposal", proposalId(made.proposal)) };
  expect(await proposes(proposal)).toMatchObject({ result: "rejected", code: "WRONG_PLATFORM" });
  expect(await federation.receive("frank.example", [{ proposal }])).toMatchObject([{ result: "accepted" }]);
});

test("whether anybody has an address is asked of a platform that is in the conversation, and not of who proposes its own", async () => {
  const { setting, conversation, adding, proposes, reachesAt, posted } = await given();
  const [alice, carol] = [await setting.person("alice"), await setting.person("carol", "c.example")];
  await setting.does(conversation, alice, adds(carol));
  const frank = await setting.person("frank", "c.example");
  reachesAt("c.example");
  expect(await proposes(await adding(frank.address))).toMatchObject({ code: "RECIPIENT_UNKNOWN" });
  expect(posted).toEqual([{ recipient: { conversation, address: frank.address } }]);
  reachesAt(abroad);
  const { address } = await setting.person("erin", abroad);
  expect(await proposes(await adding(address))).toMatchObject({ result: "accepted" });
  expect(posted).toHaveLength(1);
});

test("who is in a conversation hears whether anybody has an address, a hundred times a minute; nobody else does", async () => {
  const { setting, federation, conversation } = await given();
  const [alice, eve] = [await setting.person("alice"), await setting.person("eve", abroad)];
  const asks = (address: string, of = conversation) => ({ recipient: { conversation: of, address } });
  const question = [asks(alice.address), asks(`nobody@${home}`), asks(alice.address, someHash("another"))];
  const [, , nothing] = await federation.receive(abroad, question);
  expect(nothing).toMatchObject({ code: "NOT_FOUND" });
  const many = Array.from({ length: 98 }, () => question).flat();
  const answers = await federation.receive(abroad, many.slice(0, 98));
  expect(answers.slice(0, 3)).toMatchObject([{ result: "accepted" }, { code: "RECIPIENT_UNKNOWN" }, nothing ?? {}]);
  expect(answers.slice(96)).toEqual([{ result: "accepted" }, { result: "later" }]);
  // Others have their own, and nothing to do with it.
  expect(await federation.receive("c.example", question)).toEqual([nothing, nothing, nothing]);
  setting.circumstances.time = timeAfter(beginning, 60_000);
  await setting.does(conversation, alice, removes("participant", await setting.participant(conversation, eve)));
  expect(await federation.receive(abroad, question)).toEqual([nothing, nothing, nothing]);
});

test("nobody is looked up for who may not add them", async () => {
  const { adding, proposes, reached } = await given("READER");
  expect(await proposes(await adding("frank@frank.example"))).toMatchObject({ result: "rejected", code: "FORBIDDEN" });
  expect(reached).toEqual([]);
});

test("by mail a leader adds who has no platform, and nobody who has one", async () => {
  const { setting, addingByMail, proposes, reachesNobody, isNobodys } = await given();
  const { address } = await setting.person("frank", "frank.example");
  const proposal = await addingByMail(address);
  expect(await proposes(proposal)).toMatchObject({ result: "rejected", code: "WRONG_PLATFORM" });
  reachesNobody();
  expect(await proposes(proposal)).toMatchObject({ result: "later" });
  isNobodys();
  expect(await proposes(proposal)).toMatchObject({ result: "accepted", event: { event: { seq: 3 } } });
});

test("of a conversation that we left, no log is read for an event that nobody in it signed", async () => {
  const { setting, federation, logsRead } = await given();
  const [alice, eve] = [await setting.person("alice"), await setting.person("eve", abroad)];
  const elsewhere = new Elsewhere(setting);
  const conversation = await elsewhere.published(eve, [[alice, "WRITER"]]);
  const [, added] = await elsewhere.log(conversation);
  const said = await elsewhere.does(conversation, eve, says("Not for ever."));
  await elsewhere.does(conversation, eve, removes("participant", added ? proposalId(added.event.proposal) : ""));
  await elsewhere.followed(conversation);
  await elsewhere.does(conversation, eve, says("Among ourselves."));
  await elsewhere.does(conversation, eve, removes("message", said.id));
  const [erasing] = await elsewhere.log(conversation, 5);
  if (!erasing) throw new Error("nothing was erased");
  const { event, signatures } = erasing;
  const { platform, key } = signerOf("stranger.example");
  const own = { leader: platform, key: key.key };
  const madeUp = [
    { ...event, seq: 9 },
    { ...event, ...own },
    { ...event, ...own, proposal: { ...event.proposal, platform, key: key.key } },
  ];
  const before = logsRead();
  for (const one of madeUp) {
    const signed = { ...erasing, event: one, signatures: { ...signatures, event: key.sign("event", eventHash(one)) } };
    expect(await federation.receive(platform, [{ event: signed }])).toMatchObject([{ code: "NOT_FOUND" }]);
  }
  expect(logsRead()).toBe(before);
  expect(await federation.receive(abroad, [{ event: erasing }])).toEqual([{ result: "accepted" }]);
  expect(logsRead()).toBe(before + 1);
});

test("of all that somebody lost, only the last is looked at, and nothing that is new for a minute", async () => {
  const { federation, peers, conversation, unsettled } = await given();
  const lost = (...times: readonly number[]) =>
    federation.receive(
      abroad,
      times.map((ms) => ({ lost: { at: timeAfter(beginning, ms) } })),
    );
  const later = { result: "later" };
  expect(await lost(1, 3, 2)).toEqual([later, later, later]);
  expect(unsettled).toEqual([timeAfter(beginning, 3)]);
  await peers.acknowledged(abroad, [{ conversation, seq: 2 }]);
  expect(await lost(3)).toEqual([{ result: "accepted" }]);
  expect(await lost(4)).toEqual([later]);
  expect(await peers.debts(abroad, 10)).toEqual([]);
});

test("who left is told nothing of what came after, whatever it says that it has", async () => {
  const { setting, federation, conversation, caughtUp } = await given();
  const [alice, eve] = [await setting.person("alice"), await setting.person("eve", abroad)];
  await setting.does(conversation, alice, removes("participant", await setting.participant(conversation, eve)));
  for (let said = 4; said <= 8; said++) await setting.says(conversation, alice);
  const log = await setting.log(conversation);
  const gap = [{ result: "gap", seq: 3 }];
  for (const seq of [4, 8, 9]) {
    expect(await federation.receive(abroad, [{ head: { conversation, seq, hash: someHash("some") } }])).toEqual(gap);
  }
  const [last] = log.slice(-1);
  if (!last) throw new Error("the log is empty");
  const { event, signatures, body, salt } = last;
  const madeUp = { event: { ...event, seq: 20 }, signatures, body, salt };
  expect(await federation.receive(abroad, [{ event: madeUp }])).toEqual(gap);
  const { key } = signerOf(abroad);
  const own = { leader: abroad, key: key.key };
  // Within our log, right behind its head and further on; as its leader says it, and as its own.
  for (const seq of [4, 8, 9, 10]) {
    for (const but of [{}, own]) {
      const other = { ...event, ...but, seq, parent: someHash("some") };
      const signed = { ...signatures, event: key.sign("event", eventHash(other)) };
      const answer = await federation.receive(abroad, [{ event: { event: other, signatures: signed, body, salt } }]);
      expect(answer, `${seq}, led by ${other.leader}`).toEqual(gap);
    }
  }
  // What it has, it may tell of: nothing beyond that is told.
  const [theirs] = log.slice(2);
  if (!theirs) throw new Error("nobody left");
  const told = [{ event: signedEventOf(theirs) }, { event: { ...last, event: { ...event, seq: 4 } } }];
  expect(await federation.receive(abroad, told)).toEqual([{ result: "duplicate" }, ...gap]);
  expect(caughtUp).toEqual([]);
});

/** What eve says elsewhere, to alice here, in conversations of which nothing is known here yet. */
async function begun(setting: Awaited<ReturnType<typeof given>>["setting"], count: number) {
  const [alice, eve] = [await setting.person("alice"), await setting.person("eve", abroad)];
  const elsewhere = new Elsewhere(setting);
  const logs: (readonly SignedEvent[])[] = [];
  for (let index = 0; index < count; index++) {
    const conversation = await elsewhere.published(eve, [[alice, "WRITER"]]);
    await elsewhere.does(conversation, eve, says("Hello"));
    logs.push(await elsewhere.log(conversation));
  }
  return logs;
}

test("of a beginning that is refused, no signature is verified", async () => {
  const { setting, federation } = await given();
  const [log = []] = await begun(setting, 1);
  const sealed = log.map(({ event, body, salt }) => ({
    ...{ event, body, salt },
    get signatures(): SignedEvent["signatures"] {
      throw new Error("a signature was looked at");
    },
  }));
  const [first] = sealed;
  if (!first) throw new Error("nothing was begun");
  const refusedAs = async (caller: string, run: readonly SignedEvent[]) =>
    (
      await federation.receive(
        caller,
        run.map((event) => ({ event })),
      )
    )[0];
  expect(await refusedAs("stranger.example", sealed)).toMatchObject({ code: "WRONG_LEADER" });
  expect(await refusedAs(abroad, sealed.slice(1))).toEqual({ result: "gap", seq: 0 });
  expect(await refusedAs(abroad, new Array(103).fill(first))).toMatchObject({ code: "TOO_LARGE" });
});

test("whatever is verified beside it, of each conversation as much is taken as holds", async () => {
  const said = { accepted: { result: "accepted" }, altered: { result: "rejected", code: "BAD_SIGNATURE" } };
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 2],
  ]) {
    const { setting, federation } = await given();
    const logs = await begun(setting, 3);
    const runs = logs.map((log, index) => {
      // Of the second its last event was altered, of the third all that stands behind its beginning is missing.
      const last = log.at(-1) ?? expect.fail("nothing was begun");
      const altered = { ...last, event: { ...last.event, timestamp: timeAfter(beginning, 1) } };
      return index === 1 ? [...log.slice(0, -1), altered] : index === 2 ? log.slice(0, 2) : log;
    });
    const entries = order.flatMap((index) => runs[index] ?? []).map((event) => ({ event }));
    const expected = [
      [said.accepted, said.accepted, said.accepted],
      [said.accepted, said.accepted, said.altered],
      [said.accepted, said.accepted],
    ];
    expect(await federation.receive(abroad, entries)).toMatchObject(order.flatMap((index) => expected[index] ?? []));
  }
});
