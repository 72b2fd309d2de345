// An account may have us ask so many hosts a minute, and no more: domains are names that anybody can make up.
import { expect, test } from "vitest";
import { done } from "../graphql/given.ts";
import { freePort } from "../support/free-port.ts";
import { givenPlatform } from "./given.ts";

const port = await freePort();
const domains = Array.from({ length: 150 }, (_, index) => `d${index}.localhost`);
const { people } = givenPlatform({
  peers: Object.fromEntries(domains.map((domain) => [domain, `http://127.0.0.1:${port}`])),
});

test("whoever names more domains than that hears that the next cannot be reached now; nobody else does", async () => {
  const { alice, bob } = await people("alice", "bob");
  const conversationOf = async ({ parley }: typeof alice) =>
    (await done(parley.conversationCreate({ subject: "Who is there?", publish: true }))).conversation.hash ?? "";
  const add = async ({ parley }: typeof alice, conversation: string, domain: string) =>
    parley.participantAdd({ conversation, address: `somebody@${domain}` });

  const conversation = await conversationOf(alice);
  const codes: string[] = [];
  for (const domain of domains) {
    const answer = await add(alice, conversation, domain);
    codes.push("code" in answer ? answer.code : "added");
    if (codes.at(-1) !== "added") break;
  }
  expect(codes.at(-1)).toBe("RECIPIENT_UNREACHABLE");
  expect(codes.length).toBeGreaterThan(20);
  // What was looked up before is known, and costs nothing.
  expect(await add(alice, conversation, domains[0] ?? "")).toMatchObject({ code: "ALREADY_PARTICIPANT" });
  const next = domains[codes.length] ?? "";
  await done(add(bob, await conversationOf(bob), next));
});
