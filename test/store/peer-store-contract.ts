// What every store promises of what it keeps of other platforms: one suite, which each passes.
import { describe, expect, test } from "vitest";
import type { Role } from "../../src/protocol/event.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import { proposalId } from "../../src/protocol/seal.ts";
import type { Loss, PeerStore } from "../../src/store/peer-store.ts";
import { abroad, beginning, home, messageBody, minuteMs, someHash, timeAfter } from "../conversation/given.ts";
import { adds, callsIt, erases, removes, says, takesTheLead } from "../support/commands.ts";
import { Elsewhere } from "../support/elsewhere.ts";
import type { Setting, Somebody } from "../support/setting.ts";

const third = "c.example";
const unbounded = 2 ** 31 - 1;

type InSetting = (run: (setting: Setting, peers: PeerStore) => Promise<void>) => Promise<void>;

/** A conversation of alice's here, with eve of elsewhere in it. */
async function led(setting: Setting, role: Role = "WRITER") {
  const [alice, eve] = [await setting.person("alice"), await setting.person("eve", abroad)];
  const conversation = await setting.published(alice, [[eve, role]]);
  return { alice, eve, conversation };
}

/** A conversation of eve's elsewhere, with alice of here in it, followed. */
async function followed(setting: Setting) {
  const [alice, eve] = [await setting.person("alice"), await setting.person("eve", abroad)];
  const elsewhere = new Elsewhere(setting);
  const conversation = await elsewhere.published(eve, [[alice, "ADMIN"]]);
  await elsewhere.followed(conversation);
  return { alice, eve, elsewhere, conversation };
}

/** What alice says where another platform leads, as it waits. */
async function waiting(
  setting: Setting,
  conversation: Hash,
  { accountId, ...who }: Somebody,
  clientId: string | null = null,
) {
  const asked = await setting.says(conversation, { accountId, ...who }, "Hello");
  if (!("leader" in asked)) throw new Error("nothing was proposed");
  const { proposal } = asked;
  return { id: proposalId(proposal.proposal), conversation, accountId, clientId, proposal, createdAt: beginning };
}

const lossOf = (at: string): Loss => ({ at, askAt: timeAfter(at, 1_000), waitUntil: timeAfter(at, 10_000) });

/** @param inSetting runs what it is given with new, empty stores of `home` */
export function describePeerStore(name: string, inSetting: InSetting): void {
  const promise = (title: string, run: (setting: Setting, peers: PeerStore) => Promise<void>) =>
    test(title, () => inSetting(run));

  describe(`${name}: debts`, () => {
    promise(
      "owes what is sequenced here to every platform in the conversation, but our own",
      async (setting, peers) => {
        const { conversation } = await led(setting);
        expect(await peers.owe([{ conversation, first: 1, seq: 2 }])).toEqual([
          { platform: abroad, isAnswering: true },
        ]);
        await peers.attempted(abroad, { at: beginning, code: "timeout", answer: "" }, false);
        expect(await peers.owe([{ conversation, first: 1, seq: 2 }])).toEqual([
          { platform: abroad, isAnswering: false },
        ]);
        expect(await peers.destinationsOwed()).toEqual([abroad]);
        expect(await peers.debts(abroad, 10)).toEqual([
          { conversation, after: 0, upTo: 2, isSure: true, introduction: [2] },
        ]);
        expect(await peers.debts(third, 10)).toEqual([]);
        const own = await setting.published(await setting.person("alice"));
        expect(await peers.owe([{ conversation: own, first: 1, seq: 1 }])).toEqual([]);
      },
    );

    promise("goes by what the platform says that it has, also back", async (setting, peers) => {
      const { alice, conversation } = await led(setting);
      await peers.owe([{ conversation, first: 1, seq: 2 }]);
      await peers.acknowledged(abroad, [{ conversation, seq: 2 }]);
      expect(await peers.destinationsOwed()).toEqual([]);
      const { event } = await setting.does(conversation, alice, says("Hello"));
      await peers.owe([{ conversation, first: event.seq, seq: event.seq }]);
      expect(await peers.debts(abroad, 10)).toMatchObject([{ after: 2, upTo: 3, introduction: [] }]);
      await peers.acknowledged(abroad, [{ conversation, seq: 1 }]);
      expect(await peers.debts(abroad, 10)).toMatchObject([{ after: 1, upTo: 3 }]);
      // Owing again what is owed changes nothing.
      await peers.owe([{ conversation, first: 1, seq: 2 }]);
      expect(await peers.debts(abroad, 10)).toMatchObject([{ after: 1, upTo: 3 }]);
    });

    promise("ends with the event that ends the platform's part", async (setting, peers) => {
      const { alice, eve, conversation } = await led(setting);
      await setting.does(conversation, alice, removes("participant", await setting.participant(conversation, eve)));
      await setting.does(conversation, alice, says("Among ourselves"));
      await peers.owe([{ conversation, first: 3, seq: 4 }]);
      expect(await peers.debts(abroad, 10)).toMatchObject([{ upTo: 3 }]);
      await peers.acknowledged(abroad, [{ conversation, seq: 3 }]);
      expect(await peers.owe([{ conversation, first: 4, seq: 4 }])).toEqual([]);
      expect(await peers.reachOf(abroad, conversation)).toBe(3);
      expect(await peers.platformsIn(conversation)).toEqual([]);
    });

    promise("says nothing of a lead that moved once the platform's part had ended", async (setting, peers) => {
      const [alice, eve] = [await setting.person("alice"), await setting.person("eve", abroad)];
      const carol = await setting.person("carol", third);
      const conversation = await setting.published(alice, [
        [eve, "WRITER"],
        [carol, "ADMIN"],
      ]);
      await setting.does(conversation, alice, removes("participant", await setting.participant(conversation, eve)));
      const elsewhere = new Elsewhere(setting, third);
      await elsewhere.follows(conversation);
      const { store } = elsewhere;
      const asked = await store.append({ conversation, accountId: carol.address, command: takesTheLead(third) });
      if (!("leader" in asked)) throw new Error("nothing was proposed");
      await setting.store.append({ conversation, proposals: [asked.proposal] });
      await peers.owe([{ conversation, first: 1, seq: 5 }]);
      expect(await peers.debts(third, 10)).toMatchObject([{ upTo: 5, introduction: [3, 5] }]);
      expect(await peers.debts(abroad, 10)).toMatchObject([{ upTo: 4, introduction: [2] }]);
    });

    promise("stops where the platform refuses, until it is heard of", async (setting, peers) => {
      const { conversation } = await led(setting);
      await peers.owe([{ conversation, first: 1, seq: 2 }]);
      await peers.refused(abroad, { conversation, seq: 2 }, "FORKED");
      expect(await peers.debts(abroad, 10)).toEqual([]);
      await peers.owe([{ conversation, first: 2, seq: 2 }]);
      expect(await peers.destinationsOwed()).toEqual([]);
      await peers.remind(abroad);
      expect(await peers.debts(abroad, 10)).toMatchObject([{ after: 1, upTo: 2 }]);
    });

    promise(
      "owes nothing of what another platform sequences; and once it leads, asks how far the others are",
      async (setting, peers) => {
        const { alice, elsewhere, conversation } = await followed(setting);
        expect(await peers.owe([{ conversation, first: 1, seq: 2 }])).toEqual([]);
        const asked = await setting.asks(conversation, alice, takesTheLead(home));
        if (!("leader" in asked)) throw new Error("nothing was proposed");
        await elsewhere.takes(conversation, asked.proposal);
        await elsewhere.followed(conversation);
        expect(await peers.owe([{ conversation, first: 3, seq: 3 }])).toEqual([
          { platform: abroad, isAnswering: true },
        ]);
        expect(await peers.debts(abroad, 10)).toEqual([
          { conversation, after: 0, upTo: 3, isSure: false, introduction: [1, 3] },
        ]);
        await peers.acknowledged(abroad, [{ conversation, seq: 3 }]);
        expect(await peers.destinationsOwed()).toEqual([]);
        // Whoever led has what it sequenced, also where nobody of theirs takes part any more.
        const eve = await setting.participant(conversation, await setting.person("eve", abroad));
        await setting.does(conversation, alice, removes("participant", eve));
        expect(await peers.reachOf(abroad, conversation)).toBe(4);
      },
    );

    promise(
      "tells first what waits longest, and has what nothing comes of wait behind the others",
      async (setting, peers) => {
        const { alice, eve, conversation: one } = await led(setting);
        const two = await setting.published(alice, [[eve, "WRITER"]]);
        for (const conversation of [one, two]) await peers.owe([{ conversation, first: 1, seq: 2 }]);
        expect(await peers.debts(abroad, 1)).toMatchObject([{ conversation: one }]);
        await peers.passedOver(abroad, [one]);
        expect(await peers.debts(abroad, 10)).toMatchObject([
          { conversation: two },
          { conversation: one, after: 0, upTo: 2 },
        ]);
        await peers.acknowledged(abroad, [{ conversation: one, seq: 2 }]);
        await peers.passedOver(abroad, [one]);
        expect(await peers.debts(abroad, 10)).toHaveLength(1);
      },
    );

    promise("counts how often in a row a platform did not answer", async (_, peers) => {
      const failed = { at: beginning, code: "timeout", answer: "" };
      expect(await peers.failures(abroad)).toBe(0);
      for (const failures of [1, 2]) {
        await peers.attempted(abroad, failed, false);
        expect(await peers.failures(abroad)).toBe(failures);
      }
      await peers.attempted(abroad, { ...failed, code: "200" }, true);
      expect(await peers.failures(abroad)).toBe(0);
      await peers.attempted(abroad, failed, false);
      await peers.remind(abroad);
      expect(await peers.failures(abroad)).toBe(0);
    });

    promise("shows a conversation to who is in it, and to nobody else", async (setting, peers) => {
      const { conversation } = await led(setting);
      expect(await peers.head(conversation)).toMatchObject({ id: conversation, seq: 2, leader: home });
      expect(await peers.head(someHash("another"))).toBeNull();
      const reaches = [abroad, home, third].map((one) => peers.reachOf(one, conversation));
      expect(await Promise.all(reaches)).toEqual([unbounded, unbounded, 0]);
      expect(await peers.reachOf(abroad, someHash("another"))).toBe(0);
      expect(await peers.platformsIn(conversation)).toEqual([abroad]);
    });

    promise("knows whom to greet, and which heads to compare with whom", async (setting, peers) => {
      const [alice, eve, carol] = [
        await setting.person("alice"),
        await setting.person("eve", abroad),
        await setting.person("carol", third),
      ];
      const elsewhere = new Elsewhere(setting);
      const begun = async (...cast: readonly Somebody[]) => {
        const conversation = await elsewhere.published(
          eve,
          cast.map((one) => [one, "WRITER"] as const),
        );
        await elsewhere.followed(conversation);
        return conversation;
      };
      const without = async (conversation: Hash, whom: Somebody) => {
        const participant = await setting.participant(conversation, whom);
        await elsewhere.does(conversation, eve, removes("participant", participant));
        await elsewhere.followed(conversation, await elsewhere.log(conversation, 3));
      };
      expect(await peers.neighbours()).toEqual([]);
      await begun(alice);
      expect(await peers.neighbours()).toEqual([abroad]);
      // Whoever is left in what we left is nobody whom we share it with.
      await without(await begun(alice, carol), alice);
      expect(await peers.neighbours()).toEqual([abroad]);
      const both = [await begun(alice, carol), await begun(alice, carol), await begun(alice, carol)];
      expect((await peers.neighbours()).toSorted()).toEqual([abroad, third]);
      const left = await begun(alice, carol);
      await without(left, carol);
      const headsAfter = (after: Hash, limit: number) => peers.headsToCompare(third, [abroad], after, limit);
      const all = await headsAfter("", 10);
      const inOrder = all.map(({ conversation }) => conversation);
      expect(new Set(inOrder)).toEqual(new Set(both));
      const [first = "", , last = ""] = inOrder;
      expect(all[0]).toEqual({ conversation: first, seq: 3, hash: (await peers.head(first))?.head });
      expect(await headsAfter("", 1)).toEqual(all.slice(0, 1));
      expect(await headsAfter(first, 10)).toEqual(all.slice(1));
      expect(await headsAfter(last, 10)).toEqual([]);
      expect(await peers.headsToCompare(third, [third], "", 10)).toEqual([]);
      const [one, other] = await setting.log(last);
      if (!one || !other) throw new Error("no log");
      await peers.freeze(last, [one, other]);
      expect(await headsAfter("", 10)).toEqual(all.slice(0, 2));
    });

    promise("says how conversations stand, and who speaks for whom in them", async (setting, peers) => {
      const { alice, eve, conversation } = await led(setting);
      const [one, other] = [
        await setting.participant(conversation, alice),
        await setting.participant(conversation, eve),
      ];
      const left = await setting.published(alice, [[eve, "WRITER"]]);
      await setting.does(left, alice, removes("participant", await setting.participant(left, eve)));
      await setting.does(left, alice, says("Among ourselves"));
      const asked = [conversation, left, someHash("another"), conversation];
      const standings = await Promise.all(asked.map((id) => peers.standing(abroad, id)));
      expect(standings.map((standing) => standing && [standing.head.id, standing.head.seq, standing.reach])).toEqual([
        [conversation, 2, unbounded],
        [left, 4, 3],
        null,
        [conversation, 2, unbounded],
      ]);
      expect(standings[0]?.head).toEqual(await peers.head(conversation));
      expect(await peers.viasOf(conversation, [one, other, someHash("nobody")])).toEqual(
        new Map([
          [one, home],
          [other, abroad],
        ]),
      );
      expect(await peers.viasOf(left, [one])).toEqual(new Map());
    });
  });

  describe(`${name}: what waits for a leader`, () => {
    promise(
      "is kept in the order in which it was said, until it is in the log; then its clientId finds it",
      async (setting, peers) => {
        const { alice, elsewhere, conversation } = await followed(setting);
        const [one, two] = [
          await waiting(setting, conversation, alice, "mine"),
          await waiting(setting, conversation, alice),
        ];
        for (const pending of [one, two])
          expect(await peers.keepPending(pending)).toEqual({ ...pending, rejection: null });
        expect((await peers.pendingIn(conversation, 10)).map(({ id }) => id)).toEqual([one.id, two.id]);
        expect(await peers.pendingIn(conversation, 1)).toMatchObject([{ id: one.id }]);
        expect(await peers.firstPending(conversation)).toMatchObject({ id: one.id, createdAt: beginning });
        expect(await peers.conversationsPending()).toEqual([{ conversation, leader: abroad }]);
        expect(await peers.pendingWith(abroad, beginning)).toEqual([conversation]);
        expect(await peers.pendingWith(abroad, timeAfter(beginning, -1))).toEqual([]);
        expect(await peers.pendingWith(third, beginning)).toEqual([]);
        // Not before it is there.
        await peers.settled(conversation, [one.id]);
        expect(await peers.pendingIn(conversation, 10)).toHaveLength(2);
        await elsewhere.takes(conversation, one.proposal);
        await elsewhere.followed(conversation);
        await peers.settled(conversation, [one.id, someHash("of somebody else")]);
        expect((await peers.pendingIn(conversation, 10)).map(({ id }) => id)).toEqual([two.id]);
        const again = await setting.says(conversation, alice, "Hello", "mine");
        expect(again).toEqual({ conversation, repeatOf: 3 });
      },
    );

    promise("is not what is done at once or not at all, though that is kept", async (setting, peers) => {
      const { alice, conversation } = await followed(setting);
      const asked = await setting.asks(conversation, alice, callsIt("Lunch"));
      if (!("leader" in asked)) throw new Error("nothing was proposed");
      const one = await waiting(setting, conversation, alice, "mine");
      await peers.keepPending({ ...one, id: proposalId(asked.proposal.proposal), proposal: asked.proposal });
      expect(await peers.pendingIn(conversation, 10)).toEqual([]);
      expect(await peers.firstPending(conversation)).toBeNull();
    });

    promise("is the same where the account names it the same", async (setting, peers) => {
      const { alice, conversation } = await followed(setting);
      const [one, again] = [
        await waiting(setting, conversation, alice, "mine"),
        await waiting(setting, conversation, alice, "mine"),
      ];
      await peers.keepPending(one);
      expect(await peers.keepPending(again)).toEqual({ ...one, rejection: null });
      expect(await peers.pendingIn(conversation, 10)).toHaveLength(1);
    });

    promise("is what is asked for again under its name, also once the lead came here", async (setting, peers) => {
      const { alice, elsewhere, conversation } = await followed(setting);
      const one = await waiting(setting, conversation, alice, "mine");
      await peers.keepPending(one);
      expect(await setting.says(conversation, alice, "Hello", "mine")).toEqual({
        conversation,
        leader: abroad,
        proposal: one.proposal,
      });
      const lead = await setting.asks(conversation, alice, takesTheLead(home));
      if (!("leader" in lead)) throw new Error("nothing was proposed");
      await elsewhere.takes(conversation, lead.proposal);
      await elsewhere.followed(conversation);
      expect(await setting.says(conversation, alice, "Hello", "mine")).toEqual({
        conversation,
        leader: home,
        proposal: one.proposal,
      });
      expect(await setting.says(conversation, alice, "Hello", "another")).toHaveProperty("entries");
    });

    promise("waits no more once it was rejected, or taken away", async (setting, peers) => {
      const { alice, conversation } = await followed(setting);
      const [one, two] = [
        await waiting(setting, conversation, alice, "mine"),
        await waiting(setting, conversation, alice),
      ];
      for (const pending of [one, two]) await peers.keepPending(pending);
      const rejection = { code: "FORBIDDEN", message: "no" } as const;
      await peers.failed(one.id, rejection);
      await peers.dropPending(two.id);
      expect(await peers.conversationsPending()).toEqual([]);
      expect(await peers.pendingWith(abroad, beginning)).toEqual([]);
      expect(await peers.keepPending(one)).toEqual({ ...one, rejection });
    });
  });

  describe(`${name}: receipts`, () => {
    promise("of others move up to the head and never back, for whom the platform speaks", async (setting, peers) => {
      const { alice, eve, conversation } = await led(setting);
      const participant = await setting.participant(conversation, eve);
      const move = (seq: number, of = participant, by = abroad) =>
        peers.moveForeignReceipts(by, [{ conversation, participant: of, seq }]);
      expect(await move(1)).toEqual([{ conversation, participant, seq: 1 }]);
      expect(await move(1)).toEqual([]);
      expect(await move(99)).toEqual([{ conversation, participant, seq: 2 }]);
      expect(await move(1)).toEqual([]);
      await setting.does(conversation, alice, says("Hello"));
      expect(await move(3, participant, third)).toEqual([]);
      expect(await move(3, await setting.participant(conversation, alice))).toEqual([]);
      const twice = [3, 2].map((seq) => ({ conversation, participant, seq }));
      expect(await peers.moveForeignReceipts(abroad, twice)).toMatchObject([{ seq: 3 }]);
    });

    promise(
      "of ours are owed to the platforms in the conversation: the highest, until they have heard of it",
      async (setting, peers) => {
        const { alice, conversation } = await led(setting);
        const participant = await setting.participant(conversation, alice);
        const receipt = (seq: number) => ({ conversation, participant, seq });
        expect(await peers.oweReceipt(receipt(2))).toEqual([abroad]);
        expect(await peers.oweReceipt(receipt(1))).toEqual([abroad]);
        expect(await peers.receiptsFor(abroad, 10)).toEqual([receipt(2)]);
        expect(await peers.destinationsOwed()).toEqual([abroad]);
        await peers.receiptsTold(abroad, [receipt(1)]);
        expect(await peers.receiptsFor(abroad, 10)).toEqual([receipt(2)]);
        await peers.receiptsTold(abroad, [receipt(2)]);
        expect(await peers.destinationsOwed()).toEqual([]);
      },
    );
  });

  describe(`${name}: words`, () => {
    promise("that did not come are owed, and put in place where they fit", async (setting, peers) => {
      const { eve, elsewhere, conversation } = await followed(setting);
      for (const text of ["one", "two"]) await elsewhere.does(conversation, eve, says(text));
      const log = await elsewhere.log(conversation);
      await elsewhere.followed(
        conversation,
        log.map((signed) => ({ ...signed, body: null, salt: null })),
      );
      expect(await peers.owedBodies(conversation, 10)).toEqual([3, 4].map((seq) => ({ seq, platform: abroad })));
      expect(await peers.owedBodies(conversation, 1)).toHaveLength(1);
      const altered = log.map((signed) => ({ ...signed, body: messageBody("other") }));
      expect(await peers.fillBodies(conversation, altered)).toBe(0);
      expect(await peers.fillBodies(conversation, log)).toBe(2);
      expect(await peers.fillBodies(conversation, log)).toBe(0);
      expect(await peers.owedBodies(conversation, 10)).toEqual([]);
      expect((await setting.log(conversation)).map(({ body }) => body)).toEqual(log.map(({ body }) => body));
    });

    promise("that are erased are owed no more, and not taken where they come", async (setting, peers) => {
      const { eve, elsewhere, conversation } = await followed(setting);
      const { id } = await elsewhere.does(conversation, eve, says("one"));
      const log = await elsewhere.log(conversation);
      await elsewhere.does(conversation, eve, removes("message", id));
      const bare = (await elsewhere.log(conversation)).map((signed) => ({ ...signed, body: null, salt: null }));
      await elsewhere.followed(conversation, bare);
      expect(await peers.owedBodies(conversation, 10)).toEqual([]);
      expect(await peers.fillBodies(conversation, log)).toBe(0);
    });

    promise("that are erased after we left are gone, and come back no more", async (setting, peers) => {
      const { eve, elsewhere, conversation } = await followed(setting);
      await elsewhere.does(conversation, eve, says("one"));
      await elsewhere.followed(conversation);
      await peers.eraseLate(conversation, [3]);
      await peers.eraseLate(conversation, [3]);
      expect((await setting.log(conversation)).map(({ body }) => body === null)).toEqual([false, false, true]);
      expect(await peers.owedBodies(conversation, 10)).toEqual([]);
      expect(await peers.fillBodies(conversation, await elsewhere.log(conversation))).toBe(0);
    });

    promise("that a platform had before it left are owed to be erased there, alone", async (setting, peers) => {
      const { alice, eve, conversation } = await led(setting, "ADMIN");
      const { id } = await setting.does(conversation, alice, says("one"));
      const participant = await setting.participant(conversation, eve);
      await setting.does(conversation, alice, removes("participant", participant));
      const later = await setting.does(conversation, alice, says("unseen"));
      const places: number[] = [];
      for (const command of [removes("message", id), removes("message", later.id), erases(conversation)])
        places.push((await setting.does(conversation, alice, command)).event.seq);
      const owed = places.map((seq) => ({ conversation, seq }));
      expect(await peers.oweErasures(owed)).toEqual([abroad]);
      expect(await peers.erasuresFor(abroad, 10)).toEqual([owed[0], owed[2]]);
      // What is not taken waits behind the others.
      await peers.erasuresTried(abroad, owed.slice(0, 1));
      expect(await peers.erasuresFor(abroad, 1)).toEqual([owed[2]]);
      await peers.oweErasures(owed);
      expect(await peers.erasuresFor(abroad, 10)).toEqual([owed[2], owed[0]]);
      expect(await peers.destinationsOwed()).toEqual([abroad]);
      await peers.erasuresTold(abroad, owed);
      expect(await peers.destinationsOwed()).toEqual([]);
    });
  });

  describe(`${name}: a proof`, () => {
    promise("that a leader signed two histories freezes the conversation for good", async (setting, peers) => {
      const { alice, conversation } = await led(setting);
      const [one, other] = await setting.log(conversation);
      if (!one || !other) throw new Error("no log");
      await peers.freeze(conversation, [one, other]);
      await peers.freeze(conversation, [other, one]);
      expect(await peers.head(conversation)).toMatchObject({ seq: 2, isFrozen: true });
      expect(await setting.says(conversation, alice)).toMatchObject({ rejection: { code: "FROZEN" } });
      expect(await setting.log(conversation)).toHaveLength(2);
    });
  });

  describe(`${name}: a loss`, () => {
    const later = (ms: number) => timeAfter(beginning, ms);

    promise(
      "puts conversations in doubt: nothing is sequenced until those in them have told what they have",
      async (setting, peers) => {
        const { alice, conversation } = await led(setting);
        const own = await setting.published(alice);
        // What is remembered of it must not help.
        await setting.does(conversation, alice, says("before"));
        expect(await peers.doubt(lossOf(beginning), null)).toEqual([abroad]);
        expect(await setting.says(conversation, alice)).toMatchObject({
          leader: home,
          proposal: { signature: expect.any(String) },
        });
        // Somebody of theirs may have been added here, too.
        expect(await setting.says(own, alice)).toMatchObject({ leader: home });
        expect(await peers.lossFor(abroad, later(999))).toBeNull();
        expect(await peers.lossFor(abroad, later(1_000))).toEqual(lossOf(beginning));
        expect(await peers.destinationsOwed()).toEqual([abroad]);
        expect(await peers.endDoubts(later(20_000))).toEqual([]);
        expect(await setting.says(conversation, alice)).toMatchObject({ leader: home });
        await setting.does(own, alice, says("nobody else has this"));
        await peers.lossTold(abroad);
        expect(await peers.lossFor(abroad, later(20_000))).toBeNull();
        expect(await peers.endDoubts(later(2_000))).toEqual([]);
        expect((await setting.does(conversation, alice, says("after"))).event.seq).toBe(4);
        expect(await peers.destinationsOwed()).toEqual([]);
      },
    );

    promise(
      "is not over for what others sequence meanwhile, nor for the lead that they give us",
      async (setting, peers) => {
        const { alice, elsewhere, conversation } = await followed(setting);
        await peers.doubt(lossOf(beginning), null);
        const lead = await setting.asks(conversation, alice, takesTheLead(home));
        if (!("leader" in lead)) throw new Error("nothing was proposed");
        await elsewhere.takes(conversation, lead.proposal);
        expect(await elsewhere.followed(conversation)).toMatchObject({ head: { seq: 3, leader: home } });
        // We may have led it on, and lost that.
        expect(await setting.says(conversation, alice)).toMatchObject({ leader: home });
      },
    );

    promise("puts nothing in doubt where no other platform is known", async (setting, peers) => {
      const alice = await setting.person("alice");
      const conversation = await setting.published(alice);
      expect(await peers.doubt(lossOf(beginning), null)).toEqual([]);
      await setting.does(conversation, alice, says("nobody else has this"));
    });

    promise("waits a while for those who are not known to be in a conversation", async (setting, peers) => {
      const { alice, conversation } = await led(setting);
      const carol = await setting.person("carol", third);
      await setting.published(alice, [[carol, "WRITER"]]);
      expect((await peers.doubt(lossOf(beginning), null)).toSorted()).toEqual([abroad, third]);
      await peers.lossTold(abroad);
      await peers.endDoubts(later(9_999));
      expect(await setting.says(conversation, alice)).toMatchObject({ leader: home });
      await peers.endDoubts(later(10_000));
      await setting.does(conversation, alice, says("after"));
      expect(await peers.destinationsOwed()).toEqual([third]);
    });

    promise(
      "that is being told is not begun anew by what turns up of it, but by what is of another one",
      async (setting, peers) => {
        const { conversation } = await led(setting);
        await peers.doubt(lossOf(beginning), null);
        expect(await peers.doubt(lossOf(later(5)), { conversation, sequencedAt: later(-1) })).toEqual([]);
        expect(await peers.lossFor(abroad, later(1_000))).toMatchObject({ at: beginning });
        expect(await peers.doubt(lossOf(later(7)), { conversation, sequencedAt: later(6) })).toEqual([abroad]);
        expect(await peers.doubt(lossOf(later(8)), null)).toEqual([abroad]);
        expect(await peers.lossFor(abroad, later(2_000))).toMatchObject({ at: later(8) });
      },
    );

    promise(
      "that is over comes up again only where something of it turns up, and with those in there",
      async (setting, peers) => {
        const { alice, conversation } = await led(setting);
        const other = await setting.published(alice, [[await setting.person("carol", third), "WRITER"]]);
        await peers.doubt(lossOf(beginning), null);
        for (const platform of [abroad, third]) await peers.lossTold(platform);
        expect(await peers.endDoubts(later(3))).toEqual([]);
        expect(await peers.destinationsOwed()).toEqual([]);
        expect(await peers.doubt(lossOf(later(5)), { conversation, sequencedAt: later(-1) })).toEqual([abroad]);
        expect(await setting.says(conversation, alice)).toMatchObject({ leader: home });
        await setting.does(other, alice, says("not of this one"));
        await peers.lossTold(abroad);
        expect(await peers.endDoubts(later(6))).toEqual([]);
        await setting.does(conversation, alice, says("after"));
        expect((await peers.doubt(lossOf(later(9)), { conversation, sequencedAt: later(8) })).toSorted()).toEqual(
          [abroad, third].toSorted(),
        );
        expect(await setting.says(other, alice)).toMatchObject({ leader: home });
      },
    );

    promise("has those tried again who were given up", async (setting, peers) => {
      const { alice } = await led(setting);
      await setting.published(alice, [[await setting.person("carol", third), "WRITER"]]);
      const failed = (platform: string) =>
        peers.attempted(platform, { at: beginning, code: "timeout", answer: "" }, false);
      await failed(abroad);
      await peers.doubt(lossOf(beginning), null);
      expect(await peers.failures(abroad)).toBe(0);
      await failed(abroad);
      await peers.endDoubts(later(1));
      expect(await peers.failures(abroad)).toBe(1);
    });

    promise(
      "of another platform has it asked where it stands in all that it may have, once for each",
      async (setting, peers) => {
        const { conversation } = await led(setting);
        const other = await followed(setting);
        await peers.owe([{ conversation, first: 1, seq: 2 }]);
        await peers.acknowledged(abroad, [{ conversation, seq: 2 }]);
        expect(await peers.unsettle(abroad, beginning, beginning)).toBe(true);
        expect(await peers.isUnsettled(abroad)).toBe(true);
        const debts = await peers.debts(abroad, 10);
        expect(new Set(debts.map((debt) => debt.conversation))).toEqual(new Set([conversation, other.conversation]));
        expect(debts).toMatchObject([
          { upTo: 2, isSure: false },
          { upTo: 2, isSure: false },
        ]);
        await peers.acknowledged(
          abroad,
          debts.map((debt) => ({ conversation: debt.conversation, seq: 2 })),
        );
        expect(await peers.isUnsettled(abroad)).toBe(false);
        // The same again, and one before it, begin nothing; another one waits a minute.
        const minute = timeAfter(beginning, minuteMs);
        expect(await peers.unsettle(abroad, beginning, minute)).toBe(true);
        expect(await peers.unsettle(abroad, timeAfter(beginning, -1), minute)).toBe(true);
        expect(await peers.unsettle(abroad, later(5), timeAfter(minute, -1))).toBe(false);
        expect(await peers.debts(abroad, 10)).toEqual([]);
        expect(await peers.unsettle(abroad, later(5), minute)).toBe(true);
        expect(await peers.debts(abroad, 10)).toHaveLength(2);
        expect(await peers.isUnsettled(third)).toBe(false);
      },
    );

    promise("of another platform owes its erasures again", async (setting, peers) => {
      const { alice, eve, conversation } = await led(setting);
      const { id } = await setting.does(conversation, alice, says("one"));
      await setting.does(conversation, alice, removes("participant", await setting.participant(conversation, eve)));
      const { event } = await setting.does(conversation, alice, removes("message", id));
      await setting.does(conversation, alice, adds(await setting.person("bob")));
      await peers.unsettle(abroad, beginning, beginning);
      expect(await peers.erasuresFor(abroad, 10)).toEqual([{ conversation, seq: event.seq }]);
      expect(await peers.debts(abroad, 10)).toMatchObject([{ upTo: 4, isSure: false }]);
    });
  });
}
