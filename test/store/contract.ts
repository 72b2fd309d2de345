// What every store of conversations promises: one suite, which each store passes.
import { describe, expect, test } from "vitest";
import { type Command, proposeOn } from "../../src/conversation/accept.ts";
import type { Body, SignedProposal } from "../../src/protocol/event.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import { proposalId } from "../../src/protocol/seal.ts";
import { abroad, messageBody, signerOf, someHash } from "../conversation/given.ts";
import { adds, answers, attaches, callsIt, erases, labels, modifies, removes, says } from "../support/commands.ts";
import { entriesOf, rejectionOf, repeatOf, type Setting, type Somebody } from "../support/setting.ts";

/** Ten of the same, asked at once. */
const tenTimes = <Result>(ask: (index: number) => Promise<Result>): Promise<Result[]> =>
  Promise.all(Array.from({ length: 10 }, (_, index) => ask(index)));

const words = (log: readonly { readonly body: object | null }[]) =>
  log.flatMap(({ body }) => (body !== null && "text" in body ? [body.text] : []));

function titleOf(body: Body): string {
  if ("address" in body) return body.address;
  if ("text" in body) return body.text;
  if ("title" in body) return body.title;
  return "subject" in body ? body.subject : body.name;
}

/** A proposal as the platform of somebody abroad signs it. */
async function fromAbroad(
  setting: Setting,
  conversation: Hash,
  who: Somebody,
  command: Command,
): Promise<SignedProposal> {
  const { salt, time: sentAt } = setting.circumstances;
  const signer = signerOf(abroad);
  const actor = await setting.participant(conversation, who);
  const signed = proposeOn(await setting.followed(conversation), command, actor, { signer, sentAt, salt });
  return { ...signed, signature: signer.key.sign("proposal", proposalId(signed.proposal)) };
}

/** @param inSetting runs what it is given with a new, empty store */
export function describeStore(
  name: string,
  inSetting: (run: (setting: Setting) => Promise<void>) => Promise<void>,
): void {
  const promise = (title: string, run: (setting: Setting) => Promise<void>) => test(title, () => inSetting(run));

  describe(`${name}: append`, () => {
    promise("publishes all proposals of a draft as one log, in their order", async (setting) => {
      const [alice, bob] = await setting.persons("alice", "bob");
      const conversation = await setting.published(alice, [[bob, "COMMENTER"]], {
        subject: "Lunch",
        expiresAt: "2027-01-01T00:00:00.000Z",
        messages: [{ id: someHash("draft"), parent: null, body: messageBody("At noon?") }],
        labels: [{ id: someHash("label"), name: "food" }],
      });
      const log = await setting.log(conversation);
      expect(log.map(({ event }) => `${event.seq} ${event.proposal.action} ${event.proposal.model}`)).toEqual([
        "1 publish conversation",
        "2 modify subject",
        "3 modify expiry",
        "4 add message",
        "5 add label",
        "6 add participant",
      ]);
      expect((await setting.followed(conversation)).conversation).toMatchObject({ id: conversation, seq: 6 });
    });

    promise(
      "takes all proposals of a request or none: one that is rejected leaves nothing of the others",
      async (setting) => {
        const [alice, bob] = await setting.persons("alice", "bob");
        const before = await setting.contents();
        const participants = ["one", "two"].map((id) => ({
          id,
          role: "WRITER" as const,
          address: bob.address,
          name: null,
        }));
        const twice = setting.publication(alice, { participants });
        expect(rejectionOf(await setting.store.append(twice)).code).toBe("ALREADY_PARTICIPANT");
        expect(await setting.contents()).toEqual(before);
        expect(
          await setting.store.entriesAfter(proposalId(twice.proposals[0]?.proposal ?? expect.fail()), 0, 10),
        ).toEqual([]);

        const stranger = await setting.person("eve", abroad);
        const conversation = await setting.published(alice, [[stranger, "WRITER"]]);
        const published = await setting.contents();
        const both = [says("one"), labels("")].map((command) => fromAbroad(setting, conversation, stranger, command));
        expect(rejectionOf(await setting.brings(conversation, await Promise.all(both))).code).toBe("INVALID_BODY");
        expect(await setting.contents()).toEqual(published);
      },
    );

    promise(
      "answers a command with its entry, joined on to the head, what it changed, and the new head",
      async (setting) => {
        const alice = await setting.person("alice");
        const conversation = await setting.published(alice);
        const before = (await setting.followed(conversation)).conversation;
        const result = await setting.says(conversation, alice, "Hello");
        const [entry] = entriesOf(result);
        expect(entry?.event).toMatchObject({ seq: 2, parent: before?.head });
        expect(entry?.body).toMatchObject({ text: "Hello" });
        const after = await setting.followed(conversation);
        expect(result).toMatchObject({
          head: after.conversation,
          changes: [{ conversation: after.conversation, message: { id: entry?.id, seq: 2 } }],
        });
        expect(await setting.log(conversation)).toEqual([expect.anything(), entry]);
      },
    );

    promise("tells of each event that was committed, once, before it answers", async (setting) => {
      const alice = await setting.person("alice");
      const conversation = await setting.published(alice);
      await tenTimes(async (index) => {
        const [entry] = entriesOf(await setting.says(conversation, alice, `${index}`));
        expect(setting.circumstances.committed).toContainEqual({ conversation, seq: entry?.event.seq });
      });
      expect(setting.circumstances.committed.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    });

    promise("answers a rejection as a value, and changes nothing", async (setting) => {
      const [alice, bob] = await setting.persons("alice", "bob");
      const conversation = await setting.published(alice, [[bob, "READER"]]);
      const before = await setting.contents();
      expect(rejectionOf(await setting.says(conversation, bob, "May I?", "a client's id")).code).toBe("FORBIDDEN");
      const unsayable = await setting.says(conversation, alice, "no \u0000, please");
      expect(rejectionOf(unsayable).code).toBe("INVALID_BODY");
      expect(await setting.contents()).toEqual(before);
    });

    promise("answers without entries where there is nothing left to do", async (setting) => {
      const alice = await setting.person("alice");
      const conversation = await setting.published(alice);
      const label = await setting.does(conversation, alice, labels("food"));
      await setting.does(conversation, alice, removes("label", label.id));
      const again = await setting.asks(conversation, alice, removes("label", label.id));
      expect(again).toMatchObject({ entries: [], changes: [], head: { seq: 3 } });
      expect(await setting.log(conversation)).toHaveLength(3);
    });

    promise("adds nobody whom it was not told of: no participant is without a recipient", async (setting) => {
      const [alice, bob, eve] = await setting.persons("alice", "bob", "eve");
      const conversation = await setting.published(alice, [[bob, "READER"]]);
      const before = await setting.contents();
      const { accountId } = alice;
      const request = { conversation, accountId, command: adds(eve) };
      expect(rejectionOf(await setting.store.append(request)).code).toBe("RECIPIENT_UNKNOWN");
      const others = new Map([[bob.address, bob]]);
      expect(rejectionOf(await setting.store.append({ ...request, people: others })).code).toBe("RECIPIENT_UNKNOWN");
      // Whoever may not add anybody hears that first.
      const byBob = await setting.store.append({ ...request, accountId: bob.accountId });
      expect(rejectionOf(byBob).code).toBe("FORBIDDEN");
      const byEve = await setting.store.append({ ...request, accountId: eve.accountId });
      expect(rejectionOf(byEve).code).toBe("NOT_FOUND");
      // Nor does it publish for somebody, or to somebody, whom it was not told of.
      const participants = [{ id: someHash("bob"), role: "WRITER", address: bob.address, name: null } as const];
      const publication = setting.publication(alice, { participants });
      for (const known of [[], [alice], [bob]]) {
        const people = new Map(known.map((one) => [one.address, one]));
        expect(rejectionOf(await setting.store.append({ ...publication, people })).code).toBe("RECIPIENT_UNKNOWN");
      }
      expect(await setting.contents()).toEqual(before);
    });

    promise("tells an account that never took part no more than of a conversation that is not", async (setting) => {
      const [alice, bob, eve] = await setting.persons("alice", "bob", "eve");
      const conversation = await setting.published(alice, [[bob, "WRITER"]]);
      const toEve = await setting.says(conversation, eve);
      expect(toEve).toEqual(await setting.says(someHash("no conversation"), eve));
      expect(rejectionOf(toEve).code).toBe("NOT_FOUND");
      await setting.does(conversation, alice, removes("participant", await setting.participant(conversation, bob)));
      expect(rejectionOf(await setting.says(conversation, bob)).code).toBe("NOT_PARTICIPANT");
      await setting.does(conversation, alice, adds(bob));
      expect(entriesOf(await setting.says(conversation, bob))).toHaveLength(1);
    });

    promise("refuses `follows` that is not the latest, and names the latest", async (setting) => {
      const alice = await setting.person("alice");
      const conversation = await setting.published(alice);
      const results = await tenTimes((index) =>
        setting.asks(conversation, alice, { ...callsIt(`${index}`), follows: conversation }),
      );
      const [first] = results.flatMap((result) => ("entries" in result ? result.entries : []));
      expect(results.filter((result) => "rejection" in result).map(rejectionOf)).toEqual(
        Array.from({ length: 9 }, () => expect.objectContaining({ code: "CONFLICT", latest: first?.id })),
      );
      expect(await setting.log(conversation)).toHaveLength(2);
    });

    promise("keeps the order of asking within a conversation", async (setting) => {
      const [alice, bob] = await setting.persons("alice", "bob");
      const conversation = await setting.published(alice, [[bob, "WRITER"]]);
      const other = await setting.published(bob, [[alice, "READER"]]);
      // The same client request twice: the second has to wait for the first, and those after it wait behind it.
      const refused = setting.says(other, alice, "refused", "same");
      const asked = Array.from({ length: 100 }, (_, index) =>
        setting.says(conversation, index % 2 === 0 ? alice : bob, `${index}`, index === 0 ? "same" : `${index}`),
      );
      expect(rejectionOf(await refused).code).toBe("FORBIDDEN");
      await Promise.all(asked);
      expect(words(await setting.log(conversation)).map(Number)).toEqual(
        Array.from({ length: 100 }, (_, index) => index),
      );
    });

    promise("gives 200 writers at once the places 1…n, in one chain, each signed", async (setting) => {
      const people = await setting.persons("alice", "bob", "carol", "dave", "erin");
      const [alice, ...others] = people;
      const conversation = await setting.published(
        alice,
        others.map((who) => [who, "WRITER"] as const),
      );
      const writers = Array.from({ length: 200 }, (_, index) => people[index % 5] ?? alice);
      const results = await Promise.all(writers.map((who, index) => setting.says(conversation, who, `${index}`)));
      const seqs = results.map((result) => entriesOf(result)[0]?.event.seq);
      expect(seqs.toSorted((a = 0, b = 0) => a - b)).toEqual(Array.from({ length: 200 }, (_, index) => index + 6));
      const log = await setting.log(conversation);
      expect(log.map(({ event }) => event.seq)).toEqual(Array.from({ length: 205 }, (_, index) => index + 1));
      expect((await setting.followed(conversation)).conversation).toMatchObject({ seq: 205, head: log.at(-1)?.hash });
      expect(words(log)).toHaveLength(200);
      for (const result of results)
        for (const entry of entriesOf(result)) expect(log[entry.event.seq - 1]).toEqual(entry);
    });

    promise("keeps an ADMIN though all of them leave at once", async (setting) => {
      const people = await setting.persons("alice", "bob", "carol", "dave", "erin");
      const [alice, ...others] = people;
      const conversation = await setting.published(
        alice,
        others.map((who) => [who, "READER"] as const),
      );
      const leaving = await Promise.all(
        people
          .slice(0, 4)
          .map(async (who) => [who, removes("participant", await setting.participant(conversation, who))] as const),
      );
      await Promise.all(leaving.map(([who, command]) => setting.does(conversation, who, command)));
      const state = await setting.followed(conversation);
      expect(state.conversation).toMatchObject({ participants: 1, admins: 1 });
      // Erin has it here too, not only where the log is folded.
      expect(entriesOf(await setting.asks(conversation, people[4], adds(alice, "ADMIN")))).toHaveLength(1);
    });

    promise("throws what is a fault, to whoever asked, and to nobody else", async (setting) => {
      const [alice, eve] = [await setting.person("alice"), await setting.person("eve", abroad)];
      const conversation = await setting.published(alice, [[eve, "WRITER"]]);
      const unsigned = { ...(await fromAbroad(setting, conversation, eve, says("unsigned"))), signature: null };
      const asked = await Promise.allSettled([
        setting.says(conversation, alice, "before"),
        setting.brings(conversation, [unsigned]),
        setting.brings(conversation, []),
        setting.says(conversation, alice, "after"),
      ]);
      expect(asked.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"]);
      expect(words(await setting.log(conversation))).toEqual(["before", "after"]);
    });
  });

  describe(`${name}: a retried request`, () => {
    promise("with the same client request appends once, whatever else it says", async (setting) => {
      const alice = await setting.person("alice");
      const [conversation, other] = [await setting.published(alice), await setting.published(alice)];
      entriesOf(await setting.says(conversation, alice, "Hello", "mine"));
      expect(repeatOf(await setting.says(conversation, alice, "Hello", "mine"))).toBe(2);
      expect(await setting.says(other, alice, "Hello elsewhere", "mine")).toEqual({ conversation, repeatOf: 2 });
      expect(repeatOf(await setting.asks(conversation, alice, callsIt("Hello"), "mine"))).toBe(2);
      expect(await setting.log(conversation)).toHaveLength(2);
    });

    promise("appends once, also ten at once", async (setting) => {
      const alice = await setting.person("alice");
      const conversation = await setting.published(alice);
      const results = await tenTimes((index) => setting.says(conversation, alice, `try ${index}`, "mine"));
      expect(results.filter((result) => "entries" in result)).toHaveLength(1);
      expect(results.filter((result) => "repeatOf" in result).map(repeatOf)).toEqual(Array(9).fill(2));
      expect(await setting.log(conversation)).toHaveLength(2);
    });

    promise("publishes once, also ten at once with other proposals each", async (setting) => {
      const alice = await setting.person("alice");
      const client = { accountId: alice.accountId, clientId: "mine" };
      const results = await tenTimes(() =>
        setting.store.append({ ...setting.publication(alice, { subject: "Lunch" }), client }),
      );
      expect(new Set(results.map((result) => "conversation" in result && result.conversation)).size).toBe(1);
      expect(results.filter((result) => "repeatOf" in result).map(repeatOf)).toEqual(Array(9).fill(2));
    });

    promise("is told apart by account", async (setting) => {
      const [alice, bob] = await setting.persons("alice", "bob");
      const conversation = await setting.published(alice, [[bob, "WRITER"]]);
      entriesOf(await setting.says(conversation, alice, "Hello", "1"));
      entriesOf(await setting.says(conversation, bob, "Hello", "1"));
    });

    promise("that was rejected is decided anew", async (setting) => {
      const [alice, bob] = await setting.persons("alice", "bob");
      const conversation = await setting.published(alice, [[bob, "READER"]]);
      expect(rejectionOf(await setting.says(conversation, bob, "May I?", "mine")).code).toBe("FORBIDDEN");
      const item = await setting.participant(conversation, bob);
      await setting.does(conversation, alice, {
        action: "modify",
        model: "participant",
        item,
        value: { role: "WRITER" },
      });
      entriesOf(await setting.says(conversation, bob, "May I?", "mine"));
    });

    promise("that found nothing left to do still does nothing, though there is something by now", async (setting) => {
      const alice = await setting.person("alice");
      const conversation = await setting.published(alice);
      const never: Command = { action: "modify", model: "expiry", value: null };
      const later: Command = { ...never, value: { expiresAt: "2027-01-01T00:00:00.000Z" } };
      expect(entriesOf(await setting.asks(conversation, alice, never, "mine"))).toEqual([]);
      // In a batch with others, too.
      const [, , alsoDone] = await Promise.all([
        setting.says(conversation, alice),
        setting.says(conversation, alice),
        setting.asks(conversation, alice, never, "another"),
      ]);
      expect(entriesOf(alsoDone)).toEqual([]);
      await setting.does(conversation, alice, later);
      for (const clientId of ["mine", "another"]) {
        expect(repeatOf(await setting.asks(conversation, alice, never, clientId))).toBe(0);
      }
      expect((await setting.followed(conversation)).conversation?.expiresAt).toBe("2027-01-01T00:00:00.000Z");
    });

    promise("with the same proposals gets the place of the event already made", async (setting) => {
      const [alice, eve] = [await setting.person("alice"), await setting.person("eve", abroad)];
      const conversation = await setting.published(alice, [[eve, "WRITER"]]);
      const subject = await fromAbroad(setting, conversation, eve, callsIt("Lunch"));
      const results = await tenTimes(() => setting.brings(conversation, [subject]));
      expect(results.filter((result) => "entries" in result)).toHaveLength(1);
      expect(results.filter((result) => "repeatOf" in result).map(repeatOf)).toEqual(Array(9).fill(3));
      await setting.says(conversation, alice);
      expect(repeatOf(await setting.brings(conversation, [subject]))).toBe(3);
      const log = await setting.log(conversation);
      expect(log).toHaveLength(4);
      expect(log[2]?.signatures.proposal).toBe(subject.signature);
      await setting.followed(conversation);
    });

    promise("with some of the same proposals appends the others", async (setting) => {
      const [alice, eve] = [await setting.person("alice"), await setting.person("eve", abroad)];
      const conversation = await setting.published(alice, [[eve, "WRITER"]]);
      const one = await fromAbroad(setting, conversation, eve, says("one"));
      const two = await fromAbroad(setting, conversation, eve, says("two"));
      entriesOf(await setting.brings(conversation, [one]));
      expect(entriesOf(await setting.brings(conversation, [one, two])).map(({ id }) => id)).toEqual([
        proposalId(two.proposal),
      ]);
      expect(repeatOf(await setting.brings(conversation, [one, two]))).toBe(4);
      await setting.followed(conversation);
    });

    promise("with the same publishing proposals publishes once, also ten at once", async (setting) => {
      const alice = await setting.person("alice");
      const request = setting.publication(alice, { subject: "Lunch" });
      const results = await tenTimes(() => setting.store.append(request));
      expect(results.filter((result) => "entries" in result)).toHaveLength(1);
      expect(results.filter((result) => "repeatOf" in result).map(repeatOf)).toEqual(Array(9).fill(2));
    });

    promise("publishes a draft once, though clients and proposals differ", async (setting) => {
      const alice = await setting.person("alice");
      const draft = someHash("a draft");
      const publish = (index: number) => {
        const client = { accountId: alice.accountId, clientId: `${index}` };
        return setting.store.append({ ...setting.publication(alice, { subject: "Lunch" }), draft, client });
      };
      const results = await tenTimes(publish);
      expect(results.filter((result) => "entries" in result)).toHaveLength(1);
      expect(new Set(results.map((result) => "conversation" in result && result.conversation)).size).toBe(1);
      expect(repeatOf(await publish(99))).toBe(2);
    });
  });

  describe(`${name}: a stored draft`, () => {
    promise("is published at the version that the proposals say, and is gone", async (setting) => {
      const alice = await setting.person("alice");
      const draft = someHash("a draft");
      await setting.drafts.save(draft, alice.accountId);
      const draftVersion = await setting.drafts.save(draft, alice.accountId);
      const publish = () =>
        setting.store.append({ ...setting.publication(alice, { subject: "Lunch" }), draft, draftVersion });
      expect(entriesOf(await publish())).toHaveLength(2);
      expect(await setting.drafts.isThere(draft)).toBe(false);
      // Once published it stays so, though the draft is not as it was read: it is gone.
      expect(repeatOf(await publish())).toBe(2);
    });

    promise("that was edited or discarded since is not published: CONFLICT, and nothing changes", async (setting) => {
      const alice = await setting.person("alice");
      const draft = someHash("a draft");
      const draftVersion = await setting.drafts.save(draft, alice.accountId);
      const request = { ...setting.publication(alice, { subject: "Lunch" }), draft, draftVersion };
      const client = { accountId: alice.accountId, clientId: "mine" };
      const edited = await setting.drafts.save(draft, alice.accountId);
      const before = await setting.contents();
      expect(rejectionOf(await setting.store.append({ ...request, client })).code).toBe("CONFLICT");
      expect(await setting.contents()).toEqual(before);
      expect(await setting.drafts.isThere(draft)).toBe(true);
      await setting.drafts.discard(draft);
      expect(rejectionOf(await setting.store.append({ ...request, draftVersion: edited })).code).toBe("CONFLICT");
      expect(await setting.drafts.isThere(draft)).toBe(false);
      // The client may go on with what was said last.
      const saved = await setting.drafts.save(draft, alice.accountId);
      entriesOf(await setting.store.append({ ...request, draftVersion: saved, client }));
    });

    promise("that is rejected stays", async (setting) => {
      const alice = await setting.person("alice");
      const draft = someHash("a draft");
      const draftVersion = await setting.drafts.save(draft, alice.accountId);
      const twice = ["food", "Food"].map((name) => ({ id: someHash(name), name }));
      const request = { ...setting.publication(alice, { labels: twice }), draft, draftVersion };
      expect(rejectionOf(await setting.store.append(request)).code).toBe("LABEL_EXISTS");
      expect(await setting.drafts.isThere(draft)).toBe(true);
    });

    promise("is published once at its version, also ten at once", async (setting) => {
      const alice = await setting.person("alice");
      const draft = someHash("a draft");
      const draftVersion = await setting.drafts.save(draft, alice.accountId);
      const results = await tenTimes((index) =>
        setting.store.append({ ...setting.publication(alice, { subject: `${index}` }), draft, draftVersion }),
      );
      expect(results.filter((result) => "entries" in result)).toHaveLength(1);
      expect(results.filter((result) => "repeatOf" in result).map(repeatOf)).toEqual(Array(9).fill(2));
    });
  });

  describe(`${name}: reading`, () => {
    promise("entriesAfter gives what comes after a place, in order, at most so many", async (setting) => {
      const alice = await setting.person("alice");
      const conversation = await setting.published(alice);
      for (let index = 2; index <= 7; index++) await setting.says(conversation, alice, `${index}`);
      const seqsAfter = async (after: number, limit: number) =>
        (await setting.store.entriesAfter(conversation, after, limit)).map(({ event }) => event.seq);
      expect(await seqsAfter(0, 3)).toEqual([1, 2, 3]);
      expect(await seqsAfter(3, 3)).toEqual([4, 5, 6]);
      await setting.says(conversation, alice, "8");
      expect(await seqsAfter(6, 3)).toEqual([7, 8]);
      expect(await seqsAfter(8, 3)).toEqual([]);
      expect(await setting.store.entriesAfter(someHash("nothing"), 0, 3)).toEqual([]);
    });

    promise("entriesOfEach gives a part of each log, in the order of asking", async (setting) => {
      const alice = await setting.person("alice");
      const [long, short] = [await setting.published(alice), await setting.published(alice)];
      for (let index = 2; index <= 5; index++) await setting.says(long, alice, `${index}`);
      const asked = [
        { conversation: short, after: 0, limit: 3 },
        { conversation: long, after: 2, limit: 2 },
        { conversation: someHash("nothing"), after: 0, limit: 3 },
        { conversation: long, after: 4, limit: 3 },
      ];
      const read = await setting.store.entriesOfEach(asked);
      expect(read.map((entries) => entries.map(({ event }) => event.seq))).toEqual([[1], [3, 4], [], [5]]);
      expect(read[1]).toEqual(await setting.store.entriesAfter(long, 2, 2));
      expect(await setting.store.entriesOfEach([])).toEqual([]);
    });

    promise("each event is unannounced until it is announced; announcing twice is harmless", async (setting) => {
      const alice = await setting.person("alice");
      const conversation = await setting.published(alice, [], { subject: "Lunch" });
      await setting.says(conversation, alice);
      const seqs = async () => (await setting.store.unannounced(0, 100)).map(({ seq }) => seq);
      expect(await setting.store.unannounced(0, 100)).toEqual([1, 2, 3].map((seq) => ({ conversation, seq })));
      expect(await setting.store.unannounced(0, 2)).toHaveLength(2);
      expect(await setting.store.unannounced(60_000, 100)).toEqual([]);
      await setting.store.announced([
        { conversation, seq: 3 },
        { conversation, seq: 1 },
      ]);
      expect(await seqs()).toEqual([2]);
      await setting.store.announced([{ conversation, seq: 1 }]);
      await setting.store.announced([]);
      expect(await seqs()).toEqual([2]);
      await setting.says(conversation, alice);
      expect(await seqs()).toEqual([2, 4]);
    });
  });

  describe(`${name}: receipts`, () => {
    promise("the highest wins, up to the head, and none moves back", async (setting) => {
      const [alice, bob] = await setting.persons("alice", "bob");
      const conversation = await setting.published(alice, [[bob, "READER"]]);
      await setting.says(conversation, alice);
      const participant = await setting.participant(conversation, bob);
      const move = (seq: number) => setting.store.moveReceipt(conversation, bob.accountId, seq);
      expect(await move(2)).toEqual({ conversation, participant, seq: 2 });
      expect(await move(2)).toBeNull();
      expect(await move(1)).toBeNull();
      expect(await move(999)).toEqual({ conversation, participant, seq: 3 });
      expect(await move(1_000)).toBeNull();
      await setting.says(conversation, alice);
      // Asked at once, in whatever order: then it stands at the highest.
      await Promise.all([1, 4, 2, 3].map(move));
      expect(await move(4)).toBeNull();
    });

    promise("only who takes part has one", async (setting) => {
      const [alice, bob, eve] = await setting.persons("alice", "bob", "eve");
      const conversation = await setting.published(alice, [[bob, "READER"]]);
      expect(await setting.store.moveReceipt(conversation, eve.accountId, 1)).toBeNull();
      expect(await setting.store.moveReceipt(someHash("nothing"), bob.accountId, 1)).toBeNull();
      await setting.does(conversation, alice, removes("participant", await setting.participant(conversation, bob)));
      expect(await setting.store.moveReceipt(conversation, bob.accountId, 1)).toBeNull();
      const anew = await setting.does(conversation, alice, adds(bob, "READER"));
      expect(await setting.store.moveReceipt(conversation, bob.accountId, 2)).toEqual({
        conversation,
        participant: anew.id,
        seq: 2,
      });
    });
  });

  describe(`${name}: erasing`, () => {
    /** The titles of what still has its body, and that a follower still takes the log. */
    const left = async (setting: Setting, conversation: Hash): Promise<readonly string[]> => {
      await setting.followed(conversation);
      const log = await setting.log(conversation);
      for (const { body, salt } of log) expect(salt === null).toBe(body === null);
      return log.flatMap(({ body }) => (body === null ? [] : [titleOf(body)]));
    };

    promise("takes away a removed message, its edits and its attachments, and nothing else", async (setting) => {
      const [alice, bob] = await setting.persons("alice", "bob");
      const conversation = await setting.published(alice, [[bob, "WRITER"]]);
      const message = await setting.does(conversation, bob, says("bob's"));
      await setting.does(conversation, alice, modifies(message.id, "alice's edit"));
      await setting.does(conversation, bob, attaches(message.id, "bob's file"));
      const answer = await setting.does(conversation, alice, answers(message.id, "alice's answer"));
      await setting.does(conversation, alice, attaches(answer.id, "alice's file"));
      const before = await left(setting, conversation);
      expect(await setting.store.eraseBodies(conversation)).toBe(0);
      await setting.does(conversation, bob, removes("message", message.id));
      expect(await setting.store.eraseBodies(conversation)).toBe(3);
      const gone = ["bob's", "alice's edit", "bob's file"];
      expect(await left(setting, conversation)).toEqual(before.filter((words) => !gone.includes(words)));
      expect(await setting.store.eraseBodies(conversation)).toBe(0);
      expect(await setting.store.eraseBodies(someHash("nothing"))).toBe(0);
    });

    promise("takes away a removed label and a removed attachment", async (setting) => {
      const alice = await setting.person("alice");
      const conversation = await setting.published(alice);
      const message = await setting.does(conversation, alice, says("hello"));
      const items = [
        await setting.does(conversation, alice, labels("food")),
        await setting.does(conversation, alice, attaches(message.id, "a file")),
      ];
      await setting.does(conversation, alice, labels("drink"));
      await setting.does(conversation, alice, removes("label", items[0]?.id ?? ""));
      await setting.does(conversation, alice, removes("attachment", items[1]?.id ?? ""));
      expect(await setting.store.eraseBodies(conversation)).toBe(2);
      expect(await left(setting, conversation)).toEqual([alice.address, "hello", "drink"]);
    });

    promise(
      "takes away all that one said who left with ERASE, and what others did to it, but not whom they added",
      async (setting) => {
        const [alice, bob, carol] = await setting.persons("alice", "bob", "carol");
        const conversation = await setting.published(alice, [[bob, "WRITER"]]);
        await setting.does(conversation, bob, callsIt("bob's subject"));
        await setting.does(conversation, bob, adds(carol));
        const bobs = await setting.does(conversation, bob, says("bob's"));
        const alices = await setting.does(conversation, alice, says("alice's"));
        await setting.does(conversation, alice, modifies(bobs.id, "alice's edit of bob's"));
        await setting.does(conversation, bob, modifies(alices.id, "bob's edit of alice's"));
        await setting.does(conversation, alice, attaches(bobs.id, "alice's file at bob's"));
        await setting.does(conversation, alice, answers(bobs.id, "alice's answer"));
        await setting.does(conversation, bob, labels("bob's label"));
        const participant = await setting.participant(conversation, bob);
        // Leaving alone erases nothing; erasing works long after.
        await setting.does(conversation, bob, removes("participant", participant));
        expect(await setting.store.eraseBodies(conversation)).toBe(0);
        await setting.does(conversation, bob, erases(participant));
        expect(await setting.store.eraseBodies(conversation)).toBe(7);
        expect(await left(setting, conversation)).toEqual([alice.address, carol.address, "alice's", "alice's answer"]);

        // Another participation is another participant.
        await setting.does(conversation, alice, adds(bob));
        await setting.does(conversation, bob, says("bob's again"));
        expect(await setting.store.eraseBodies(conversation)).toBe(0);
      },
    );

    promise("takes away the first event's body with its creator", async (setting) => {
      const [alice, bob] = await setting.persons("alice", "bob");
      const conversation = await setting.published(alice, [[bob, "ADMIN"]], { subject: "Lunch" });
      await setting.does(conversation, bob, says("bob's"));
      await setting.does(conversation, alice, erases(conversation));
      expect(await setting.store.eraseBodies(conversation)).toBe(2);
      expect(await left(setting, conversation)).toEqual([bob.address, "bob's"]);
    });
  });
}
