// What a platform says when it comes back: to everybody that it is there, and to followers how far it has what a silent
// leader leads.
import { expect, test } from "vitest";
import type { Entry, Result } from "../../src/federation/batch.ts";
import { createGreet, type GreetOptions } from "../../src/federation/greet.ts";
import type { PlatformName } from "../../src/protocol/event.ts";
import type { Head } from "../../src/store/peer-store.ts";
import { abroad, home } from "../conversation/given.ts";
import { Elsewhere } from "../support/elsewhere.ts";
import { memoryPeerStore, newPeerTables } from "../support/memory-peer-store.ts";
import { memorySetting } from "../support/memory-setting.ts";
import { newTables } from "../support/memory-store.ts";

const [third, fourth] = ["c.example", "d.example"];
const duplicate: Result = { result: "duplicate" };
const silence = { unreachable: "refused", answer: "", retryAfterMs: null };

type Answers = Readonly<Record<PlatformName, Result>>;

/** @param answers what each of those who are there says of a head; nobody else is. @returns what they were told, and whom we are behind */
async function greet(peers: GreetOptions["peers"], answers: Answers) {
  const told: { readonly to: PlatformName; readonly entries: readonly Entry[] }[] = [];
  const greeted: PlatformName[] = [];
  const heard: PlatformName[] = [];
  const behind: string[] = [];
  await createGreet({
    peers,
    transport: {
      greet: async (to) => {
        greeted.push(to);
        return answers[to] ? null : silence;
      },
      post: async (to, entries) => {
        told.push({ to, entries });
        return entries.map(() => answers[to] ?? { result: "later" });
      },
    },
    onBehind: async (conversation, of) => void behind.push(`${conversation} ${of}`),
    onAnswer: async (by) => void heard.push(by),
  })();
  return { told, greeted, heard, behind };
}

/** A conversation that `abroad` leads and in which two more platforms are. */
async function givenConversation() {
  const tables = newTables();
  const setting = memorySetting(tables);
  const [alice, eve] = [await setting.person("alice"), await setting.person("eve", abroad)];
  const others = [await setting.person("carol", third), await setting.person("dora", fourth)];
  const elsewhere = new Elsewhere(setting);
  const cast = [alice, ...others].map((one) => [one, "WRITER"] as const);
  const conversation = await elsewhere.published(eve, cast);
  await elsewhere.followed(conversation);
  const last = (await setting.log(conversation)).at(-1);
  const head: Head = { conversation, seq: last?.event.seq ?? 0, hash: last?.hash ?? "" };
  return { conversation, head, peers: memoryPeerStore(tables, newPeerTables(), home) };
}

test("all that share a conversation are greeted, and who follows what a silent leader leads is asked for what it has more", async () => {
  const { conversation, head, peers } = await givenConversation();
  const { told, greeted, heard, behind } = await greet(peers, {
    [third]: { result: "gap", seq: 9 },
    [fourth]: duplicate,
  });
  expect(greeted.toSorted()).toEqual([abroad, third, fourth]);
  expect(heard.toSorted()).toEqual([third, fourth]);
  expect(told.toSorted((one, other) => (one.to < other.to ? -1 : 1))).toEqual([
    { to: third, entries: [{ head }] },
    { to: fourth, entries: [{ head }] },
  ]);
  expect(behind).toEqual([`${conversation} ${third}`]);
});

test("where the leader answers, all comes from it, and nobody is told where our copies end", async () => {
  const { peers } = await givenConversation();
  const { told, heard } = await greet(peers, { [abroad]: duplicate, [third]: duplicate, [fourth]: duplicate });
  expect(heard).toHaveLength(3);
  expect(told).toEqual([]);
});

test("many heads go in several batches, each once", async () => {
  const heads = Array.from({ length: 1_001 }, (_, index) => ({ conversation: `${10_000 + index}`, seq: 1, hash: "" }));
  const peers: GreetOptions["peers"] = {
    neighbours: async () => [abroad, third],
    headsToCompare: async (_, __, after, limit) =>
      heads.filter(({ conversation }) => conversation > after).slice(0, limit),
  };
  const { told } = await greet(peers, { [third]: duplicate });
  expect(told.map(({ entries }) => entries.length)).toEqual([1_000, 1]);
  expect(told.flatMap(({ entries }) => entries)).toEqual(heads.map((head) => ({ head })));
});
