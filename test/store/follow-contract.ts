// What every store of conversations promises of what another platform sequenced: one suite, which each store passes.
import { describe, expect, test } from "vitest";
import type { SignedEvent } from "../../src/protocol/event.ts";
import { type Entry, proposalId, sequence } from "../../src/protocol/seal.ts";
import { abroad, dayMs, messageBody, signerOf, someHash, timeAfter } from "../conversation/given.ts";
import { adds, removes, says, takesTheLead } from "../support/commands.ts";
import { Elsewhere } from "../support/elsewhere.ts";
import { rejectionOf, type Setting } from "../support/setting.ts";

const bare = (log: readonly SignedEvent[]) =>
  log.map(({ event, signatures, body, salt }) => ({ event, signatures, body, salt }));

/** A conversation that eve published elsewhere, in which alice of here is, with messages of eve's. */
async function given(setting: Setting, messages: readonly string[] = []) {
  const [alice, eve] = [await setting.person("alice"), await setting.person("eve", abroad)];
  const elsewhere = new Elsewhere(setting);
  const conversation = await elsewhere.published(eve, [[alice, "ADMIN"]]);
  for (const text of messages) await elsewhere.does(conversation, eve, says(text));
  return { alice, eve, elsewhere, conversation, log: await elsewhere.log(conversation) };
}

/** The last event of a log as its leader would have signed another in its place. */
function otherLast(log: readonly SignedEvent[], leader = signerOf(abroad)): Entry {
  const last = log.at(-1)?.event ?? expect.fail("no log");
  const { seq, parent, timestamp, proposal } = last;
  const other = { ...proposal, sentAt: timeAfter(proposal.sentAt, 1) };
  const isOwn = leader.platform === proposal.platform;
  const signature = isOwn ? null : signerOf(proposal.platform).key.sign("proposal", proposalId(other));
  const signed = { proposal: other, signature, body: null, salt: null };
  return sequence(signed, proposalId(other), { seq, parent, timestamp }, leader);
}

/** @param inSetting runs what it is given with a new, empty store */
export function describeFollowing(
  name: string,
  inSetting: (run: (setting: Setting) => Promise<void>) => Promise<void>,
): void {
  const promise = (title: string, run: (setting: Setting) => Promise<void>) => test(title, () => inSetting(run));

  describe(`${name}: follow`, () => {
    promise("takes what joins on, and tells of it like an append", async (setting) => {
      const { alice, elsewhere, conversation, log } = await given(setting, ["one", "two"]);
      const result = await elsewhere.followed(conversation);
      expect(result).toMatchObject({ conversation, stopped: null, head: { seq: 4, leader: abroad } });
      expect(bare(result.entries)).toEqual(log);
      expect(result.changes).toHaveLength(4);
      expect(bare(await setting.log(conversation))).toEqual(log);
      expect(setting.circumstances.committed).toEqual([1, 2, 3, 4].map((seq) => ({ conversation, seq })));
      expect(await setting.store.unannounced(0, 10)).toHaveLength(4);
      // Whom it adds here takes part here.
      expect(await setting.store.moveReceipt(conversation, alice.accountId, 3)).toMatchObject({ seq: 3 });
    });

    promise("passes over what is had, also when it comes twice in one run", async (setting) => {
      const { elsewhere, conversation, log } = await given(setting, ["one", "two"]);
      await elsewhere.followed(conversation, log.slice(0, 3));
      const { entries, stopped } = await elsewhere.followed(conversation, [...log, ...log]);
      expect(entries.map(({ event }) => event.seq)).toEqual([4]);
      expect(stopped).toBeNull();
      expect((await elsewhere.followed(conversation)).entries).toEqual([]);
      expect(setting.circumstances.committed).toHaveLength(4);
    });

    promise("ends at a gap, and keeps what came before it", async (setting) => {
      const { elsewhere, conversation, log } = await given(setting, ["one", "two"]);
      const unknown = await elsewhere.followed(conversation, log.slice(1));
      expect(unknown).toMatchObject({ entries: [], head: null, stopped: { seq: 2, fault: "GAP" } });
      const holed = await elsewhere.followed(conversation, log.toSpliced(2, 1));
      expect(holed).toMatchObject({ head: { seq: 2 }, stopped: { seq: 4, fault: "GAP" } });
      expect(await setting.log(conversation)).toHaveLength(2);
    });

    promise(
      "tells a second event of one place, where the leader signed it, from one that was altered",
      async (setting) => {
        const { elsewhere, conversation, log } = await given(setting, ["one"]);
        await elsewhere.followed(conversation);
        const other = otherLast(log);
        const forked = await elsewhere.followed(conversation, [other]);
        expect(forked).toMatchObject({ entries: [], stopped: { seq: 3, fault: "FORKED" } });
        const altered = { ...other, signatures: { ...other.signatures, event: log[2]?.signatures.event ?? "" } };
        const refused = await elsewhere.followed(conversation, [altered]);
        expect(refused.stopped).toEqual({ seq: 3, fault: "BAD_SIGNATURE" });
        expect(bare(await setting.log(conversation))).toEqual(log);
      },
    );

    promise("refuses what another than the leader sequenced, and what breaks the chain", async (setting) => {
      const { elsewhere, conversation, log } = await given(setting, ["one"]);
      await elsewhere.followed(conversation, log.slice(0, 2));
      const usurped = await elsewhere.followed(conversation, [otherLast(log, signerOf("c.example"))]);
      expect(usurped).toMatchObject({ entries: [], stopped: { seq: 3, fault: "WRONG_LEADER" } });
      const last = log.at(-1) ?? expect.fail("no log");
      const broken = { ...last, event: { ...last.event, parent: someHash("another") } };
      expect((await elsewhere.followed(conversation, [broken])).stopped).toEqual({ seq: 3, fault: "BROKEN_CHAIN" });
    });

    promise("refuses a proposal that is in the log already, at another place", async (setting) => {
      const { elsewhere, conversation, log } = await given(setting, ["one", "two"]);
      await elsewhere.followed(conversation);
      const [first, last] = [log[2]?.event, log.at(-1)?.event];
      if (!first || !last) throw new Error("no log");
      const place = { seq: 5, parent: (await setting.log(conversation)).at(-1)?.hash ?? "", timestamp: last.timestamp };
      const signed = { proposal: first.proposal, signature: null, body: null, salt: null };
      const again = sequence(signed, someHash("any"), place, signerOf(abroad));
      expect((await elsewhere.followed(conversation, [again])).stopped).toEqual({ seq: 5, fault: "DONE_ALREADY" });
    });

    promise("drops words that a leader should not have accepted, and keeps the event", async (setting) => {
      const { eve, elsewhere, conversation } = await given(setting);
      const { address } = await setting.person("carol", abroad);
      await elsewhere.does(conversation, eve, adds({ address }));
      const log = await elsewhere.log(conversation);
      const last = log.at(-1) ?? expect.fail("no log");
      // Of the right hash, but no words of a participant: such a body is no concern of the rules.
      const proposal = { ...last.event.proposal, ref: null };
      const { stopped } = await elsewhere.followed(conversation, [
        ...log.slice(0, -1),
        { ...last, event: { ...last.event, proposal } },
      ]);
      expect(stopped?.seq).toBe(3);
      const { entries } = await elsewhere.followed(conversation, [
        { ...last, body: messageBody("other"), salt: last.salt },
      ]);
      expect(entries).toMatchObject([{ event: { seq: 3 }, body: null, salt: null }]);
    });

    promise("does not take what is of a time to come, and takes it when that is here", async (setting) => {
      const { eve, elsewhere, conversation } = await given(setting);
      const today = setting.circumstances.time;
      setting.circumstances.time = timeAfter(today, dayMs);
      await elsewhere.does(conversation, eve, says("tomorrow"));
      setting.circumstances.time = today;
      expect(await elsewhere.followed(conversation)).toMatchObject({
        head: { seq: 2 },
        stopped: { seq: 3, fault: "FROM_THE_FUTURE" },
      });
      setting.circumstances.time = timeAfter(today, dayMs);
      expect(await elsewhere.followed(conversation)).toMatchObject({ head: { seq: 3 }, stopped: null });
    });

    promise("takes all of a run that holds in one transaction: ten runs at once come to one log", async (setting) => {
      const { elsewhere, conversation, log } = await given(setting, ["one", "two", "three"]);
      const results = await Promise.all(
        Array.from({ length: 10 }, (_, index) => elsewhere.followed(conversation, log.slice(0, 1 + (index % 5)))),
      );
      expect(results.every(({ stopped }) => stopped === null)).toBe(true);
      expect(results.flatMap(({ entries }) => entries.map(({ event }) => event.seq)).sort()).toEqual([1, 2, 3, 4, 5]);
      expect(bare(await setting.log(conversation))).toEqual(log);
    });

    promise("makes a proposal of what is asked here, and sequences it once the lead is here", async (setting) => {
      const { alice, elsewhere, conversation } = await given(setting);
      await elsewhere.followed(conversation);
      const asked = await setting.says(conversation, alice, "Hello");
      expect(asked).toMatchObject({ conversation, leader: abroad, proposal: { body: { text: "Hello" } } });
      if (!("leader" in asked)) throw new Error("nothing was proposed");
      await elsewhere.takes(conversation, asked.proposal);
      const lead = await setting.asks(conversation, alice, takesTheLead(setting.circumstances.signer.platform));
      if (!("leader" in lead)) throw new Error("nothing was proposed");
      await elsewhere.takes(conversation, lead.proposal);
      expect((await elsewhere.followed(conversation)).head).toMatchObject({ seq: 4, leader: "a.example" });
      await setting.does(conversation, alice, says("Mine to sequence"));
      expect((await setting.followed(conversation)).conversation).toMatchObject({ seq: 5 });
    });

    promise("of what was sequenced here and lost: nothing more is sequenced until that is clear", async (setting) => {
      const [alice, eve] = [await setting.person("alice"), await setting.person("eve", abroad)];
      const elsewhere = new Elsewhere(setting, "a.example");
      const conversation = await elsewhere.published(alice, [[eve, "WRITER"]]);
      expect(await elsewhere.followed(conversation)).toMatchObject({ head: { seq: 2 }, stopped: null });
      // Neither what is asked here nor what is proposed.
      expect(await setting.says(conversation, alice)).toMatchObject({ leader: "a.example" });
      const participant = await setting.participant(conversation, alice);
      expect(await setting.asks(conversation, alice, removes("participant", participant))).toMatchObject({
        leader: "a.example",
        proposal: { proposal: { action: "remove" } },
      });
      expect(await setting.log(conversation)).toHaveLength(2);
      expect(rejectionOf(await setting.says(conversation, await setting.person("bob"))).code).toBe("NOT_FOUND");
      await elsewhere.does(conversation, alice, says("one more that was lost"));
      expect(await elsewhere.followed(conversation)).toMatchObject({ head: { seq: 3 } });
    });
  });
}
