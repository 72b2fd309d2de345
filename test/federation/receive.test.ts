// What another platform's batch makes this one do beside taking it.
import { expect, test } from "vitest";
import { type Command, proposeOn } from "../../src/conversation/accept.ts";
import { createFederation, type FederationOptions } from "../../src/federation/federation.ts";
import type { Role, SignedProposal } from "../../src/protocol/event.ts";
import { proposalId } from "../../src/protocol/seal.ts";
import { abroad, home, signerOf, someHash } from "../conversation/given.ts";
import { adds } from "../support/commands.ts";
import { memoryPeerStore, newPeerTables } from "../support/memory-peer-store.ts";
import { memorySetting } from "../support/memory-setting.ts";
import { newTables } from "../support/memory-store.ts";

/** A conversation of alice's with eve, who is elsewhere, and who is looked up for whom. */
async function given(role: Role = "ADMIN") {
  const tables = newTables();
  const setting = memorySetting(tables);
  const peers = memoryPeerStore(tables, newPeerTables(), home);
  const unreachable = { unreachable: "refused", answer: "", retryAfterMs: null };
  const reached: string[] = [];
  let reach: Awaited<ReturnType<FederationOptions["reach"]>> = { platform: "frank.example" };
  const federation = createFederation({
    platform: home,
    store: setting.store,
    peers,
    transport: { post: async () => unreachable, events: async () => unreachable, greet: async () => unreachable },
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
    schedule: { deliver: () => {}, askAgain: () => {}, catchUp: async () => {}, askWords: async () => {} },
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
    ...{ setting, conversation, reached },
    reachesNobody: () => {
      reach = "later";
    },
    adding: async (address: string) => proposed(adds({ address })),
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

test("nobody is looked up for who may not add them", async () => {
  const { adding, proposes, reached } = await given("READER");
  expect(await proposes(await adding("frank@frank.example"))).toMatchObject({ result: "rejected", code: "FORBIDDEN" });
  expect(reached).toEqual([]);
});
