// Whether anybody has an address: asked of a platform that is in the conversation before somebody of its own is added.
import { expect, test } from "vitest";
import type { Command } from "../../src/conversation/accept.ts";
import { createAskRecipient, questionsPerMinuteMost } from "../../src/federation/ask-recipient.ts";
import type { Entry, Result } from "../../src/federation/batch.ts";
import type { Unreachable } from "../../src/federation/transport.ts";
import type { Role } from "../../src/protocol/event.ts";
import { abroad, beginning, home, timeAfter } from "../conversation/given.ts";
import { adds, says } from "../support/commands.ts";
import { memoryPeerStore, newPeerTables } from "../support/memory-peer-store.ts";
import { memorySetting } from "../support/memory-setting.ts";
import { newTables } from "../support/memory-store.ts";

const silence: Unreachable = { unreachable: "timeout", answer: "", retryAfterMs: null };
const unknown: Result = { result: "rejected", code: "RECIPIENT_UNKNOWN", message: "Nobody has it." };

/** Alice wants to add people in a conversation with bob, who is here, and eve, who is not. */
async function given(answer: Result | Unreachable, role: Role = "WRITER") {
  const tables = newTables();
  const setting = memorySetting(tables);
  const [alice, bob, eve] = [
    await setting.person("alice"),
    await setting.person("bob"),
    await setting.person("eve", abroad),
  ];
  const conversation = await setting.published(bob, [
    [alice, role],
    [eve, "WRITER"],
  ]);
  const asked: Entry[] = [];
  const peers = memoryPeerStore(tables, newPeerTables(), home);
  const { judge } = createAskRecipient({
    platform: home,
    store: setting.store,
    peers,
    now: setting.circumstances.now,
    transport: {
      post: async (to, entries) => {
        expect(to).toBe(abroad);
        asked.push(...entries);
        return "unreachable" in answer ? answer : [answer];
      },
    },
  });
  const judges = (command: Command) =>
    judge({ conversation, accountId: alice.accountId ?? "", people: setting.people, command });
  return { setting, peers, conversation, asked, judges };
}

test("whom their platform does not know is RECIPIENT_UNKNOWN, and nothing is appended", async () => {
  const { setting, conversation, asked, judges } = await given(unknown);
  const frank = await setting.person("frank", abroad);
  expect(await judges(adds(frank))).toMatchObject({ code: "RECIPIENT_UNKNOWN" });
  expect(asked).toEqual([{ recipient: { conversation, address: frank.address } }]);
  expect(await setting.log(conversation)).toHaveLength(3);
});

test("a platform that knows them, does not know the question, has no time, or is silent, keeps nobody out", async () => {
  const badForm: Result = { result: "rejected", code: "BAD_FORM", message: "What is that?" };
  for (const answer of [{ result: "accepted" }, badForm, { result: "later" }, silence] as const) {
    const { setting, asked, judges } = await given(answer);
    expect(await judges(adds(await setting.person("frank", abroad)))).toBeNull();
    expect(asked).toHaveLength(1);
  }
});

test("whoever adds more people in a minute has them added unasked: others' deliveries go to that platform, too", async () => {
  const { setting, asked, judges } = await given(unknown);
  for (let count = 0; count < questionsPerMinuteMost + 2; count++) {
    const rejection = await judges(adds(await setting.person(`frank${count}`, abroad)));
    expect(rejection?.code ?? null).toBe(count < questionsPerMinuteMost ? "RECIPIENT_UNKNOWN" : null);
  }
  expect(asked).toHaveLength(questionsPerMinuteMost);
  setting.circumstances.time = timeAfter(beginning, 60_000);
  expect(await judges(adds(await setting.person("frank", abroad)))).toMatchObject({ code: "RECIPIENT_UNKNOWN" });
});

test("nobody is asked about for who may not add them, nor about somebody here, of a platform that is not in it, or by mail", async () => {
  const reader = await given(unknown, "READER");
  expect(await reader.judges(adds(await reader.setting.person("frank", abroad)))).toBeNull();
  expect(reader.asked).toEqual([]);
  const { setting, asked, judges } = await given(unknown);
  const frank = await setting.person("frank", abroad);
  const byMail = { ...adds(frank), value: { role: "WRITER", via: home, mail: true, imported: false } } as const;
  const others = [adds(await setting.person("carol")), adds(await setting.person("dora", "d.example")), byMail];
  for (const command of [...others, says("Hello")]) expect(await judges(command)).toBeNull();
  expect(asked).toEqual([]);
});

test("who did not answer the last time is not waited for", async () => {
  const { setting, peers, asked, judges } = await given(unknown);
  await peers.attempted(abroad, { at: beginning, code: "timeout", answer: "" }, false);
  expect(await judges(adds(await setting.person("frank", abroad)))).toBeNull();
  expect(asked).toEqual([]);
});
