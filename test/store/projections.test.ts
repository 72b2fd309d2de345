// Whatever is appended, the rows are the fold of the log, and the store decides on a slice as the rules do on the whole.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Command } from "../../src/conversation/accept.ts";
import { type Role, roles } from "../../src/protocol/event.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import { attachmentBody, messageBody, minuteMs, someHash, timeAfter } from "../conversation/given.ts";
import { intent, RandomConversation } from "../laws/random-conversation.ts";
import { createTestDatabase } from "../support/database.ts";
import { postgresSetting } from "../support/postgres-setting.ts";
import { expectProjected } from "../support/projections.ts";
import { entriesOf, repeatOf, type Setting, type Somebody } from "../support/setting.ts";

// The lead stays here: what another platform leads, this store does not decide.
const intentHere = intent.filter(({ what }) => what !== "modify leader");

test("random proposals are answered as they are on the whole state, and the rows are the fold of the log", async () => {
  const property = fc.asyncProperty(fc.array(intentHere, { minLength: 40, maxLength: 60 }), async (intents) => {
    await using database = await createTestDatabase({ poolSize: 2 });
    const setting = postgresSetting(database.pool);
    const model = new RandomConversation();
    for (const { body } of model.log) if (body !== null && "address" in body) await know(setting, body.address);
    const proposals = model.log.map(({ event, signatures, body, salt }) => ({
      proposal: event.proposal,
      signature: signatures.proposal,
      body,
      salt,
    }));
    const published = await setting.store.append({ conversation: null, proposals, people: setting.people });
    expect(entriesOf(published)).toEqual(model.log);
    const conversation = model.log[0]?.id ?? "";

    for (const one of intents) {
      const made = new Set(model.log.map(({ id }) => id));
      const { signed, id, result } = model.try(one);
      setting.circumstances.time = model.now;
      if (signed.body !== null && "address" in signed.body) await know(setting, signed.body.address);
      const answer = await setting.brings(conversation, [signed]);
      if (made.has(id)) expect(repeatOf(answer)).toBeGreaterThan(0);
      else if (result === "done") expect(answer).toMatchObject({ entries: [] });
      else if ("code" in result) expect(answer).toEqual({ rejection: result });
      else
        expect(answer).toMatchObject({
          entries: [result.entry],
          changes: [result.changes],
          head: model.state.conversation,
        });
    }
    setting.circumstances.time = model.state.conversation?.timestamp ?? model.now;
    expect(await expectProjected(database.pool, setting, conversation)).toEqual(model.state);
  });
  await fc.assert(property, { numRuns: 8 });
});

/** Addresses of this conversation are nobody's accounts: all of them act by proposals. */
async function know(setting: Setting, address: string): Promise<void> {
  const at = address.lastIndexOf("@");
  await setting.person(address.slice(0, at), address.slice(at + 1));
}

const step = fc.record({
  who: fc.nat(7),
  what: fc.constantFrom(
    ...(["say", "say", "answer", "modify", "lock", "release", "remove message", "attach", "detach", "label"] as const),
    ...(["unlabel", "subject", "expiry", "add", "add", "role", "role", "remove", "leave", "leave", "erase"] as const),
  ),
  target: fc.nat(999),
  role: fc.constantFrom(...roles, "ADMIN" as const, "WRITER" as const),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

test("random commands in bursts leave a log that a follower takes, and rows that are its fold", async () => {
  await using database = await createTestDatabase({ poolSize: 3 });
  let count = 0;
  const property = fc.asyncProperty(
    fc.array(fc.array(step, { minLength: 1, maxLength: 16 }), { minLength: 8, maxLength: 14 }),
    async (bursts) => {
      const setting = postgresSetting(database.pool, { batchMax: 8 });
      const people = await setting.persons("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi");
      const [alice, ...others] = people;
      // Each run in a conversation of its own.
      const subject = `run ${++count}`;
      const cast = others.slice(0, 5).map((who, index) => [who, roles[index % 4] ?? "READER"] as const);
      const conversation = await setting.published(alice, cast, { subject });
      const answers = [];
      for (const burst of bursts) {
        const { circumstances } = setting;
        circumstances.time = timeAfter(circumstances.time, (burst.length % 3) * 6 * minuteMs);
        const log = await setting.log(conversation);
        const asked = burst.map((one) => {
          const who = people[one.who] ?? alice;
          return setting.asks(conversation, who, commandOf(one, who, people, log, circumstances.time));
        });
        answers.push(...(await Promise.all(asked)));
      }
      await expectProjected(database.pool, setting, conversation);
      const log = await setting.log(conversation);
      const appended = answers.flatMap((answer) => ("entries" in answer ? answer.entries : []));
      expect(appended.toSorted((a, b) => a.event.seq - b.event.seq)).toEqual(log.slice(-appended.length || log.length));
    },
  );
  await fc.assert(property, { numRuns: 8 });
});

type Log = Awaited<ReturnType<Setting["log"]>>;

function commandOf(
  { what, target, role }: Step,
  who: Somebody,
  people: readonly Somebody[],
  log: Log,
  now: string,
): Command {
  // Of the latest few: so that those of one burst meet.
  const made = (model: string): Hash => {
    const ids = log
      .filter(({ event: { proposal } }) => proposal.action === "add" && proposal.model === model)
      .slice(-4);
    return ids[target % ids.length]?.id ?? someHash("nothing");
  };
  const participationOf = ({ address }: Somebody): Hash =>
    log.findLast(({ body }) => body !== null && "address" in body && body.address === address)?.id ??
    someHash("nobody");
  const somebody = people[target % people.length] ?? who;
  const text = `${what} ${target}`;
  const participant = { model: "participant", item: participationOf(somebody) } as const;
  switch (what) {
    case "say":
      return { action: "add", model: "message", body: messageBody(text) };
    case "answer":
      return { action: "add", model: "message", item: made("message"), body: messageBody(text) };
    case "modify":
      return { action: "modify", model: "message", item: made("message"), body: messageBody(text) };
    case "lock":
    case "release":
      return { action: what, model: "message", item: made("message") };
    case "remove message":
      return { action: "remove", model: "message", item: made("message") };
    case "attach":
      return { action: "add", model: "attachment", item: made("message"), body: attachmentBody(text) };
    case "detach":
      return { action: "remove", model: "attachment", item: made("attachment") };
    case "label":
      return { action: "add", model: "label", body: { name: `label ${target % 20}` } };
    case "unlabel":
      return { action: "remove", model: "label", item: made("label") };
    case "subject":
      return { action: "modify", model: "subject", body: { subject: text } };
    case "expiry":
      return {
        action: "modify",
        model: "expiry",
        value: target % 2 ? null : { expiresAt: timeAfter(now, 10 * minuteMs) },
      };
    case "add":
      return {
        action: "add",
        model: "participant",
        value: takingHere(role),
        body: { address: somebody.address, name: text },
      };
    case "role":
      return { action: "modify", ...participant, value: { role } };
    case "remove":
      return { action: "remove", ...participant };
    case "leave":
      return { action: "remove", model: "participant", item: participationOf(who) };
    case "erase":
      return { action: "remove", model: "participant", item: participationOf(who), value: "ERASE" };
  }
}

function takingHere(role: Role) {
  return { role, via: "a.example", mail: false, imported: false };
}
