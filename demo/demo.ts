// `npm run demo`: three platforms on this machine, somebody on each, one conversation; one platform is cut off for a while.
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { isRejection, type Rejection } from "../sdk/src/index.ts";
import { type Person, type Platform, startPlatforms } from "./platforms.ts";

const help = `npm run demo: three platforms on this machine, somebody on each, and one conversation that all of them hold.

It takes half a minute, needs nothing but npm ci, takes ports that are free, and leaves nothing behind. Ctrl-C ends it at any time.
`;

const say = (line = ""): void => console.log(line);
const act = (title: string): void => say(`\n── ${title}`);

async function story(opened: AsyncDisposableStack): Promise<void> {
  say("Three platforms start on this machine, each with a process, a database and keys of its own …");
  const platforms = opened.use(await startPlatforms("oak.localhost", "birch.localhost", "willow.localhost"));
  const [oak, birch, willow] = platforms.all;
  if (!oak || !birch || !willow) throw new Error("a platform is missing");
  const [alice, bob, carol] = await Promise.all([oak.person("alice"), birch.person("bob"), willow.person("carol")]);
  for (const [{ name, url }, { address }] of [
    [oak, alice],
    [birch, bob],
    [willow, carol],
  ] as const)
    say(`   ${name.padEnd(17)} ${url}   ${address}`);

  act("One conversation on three platforms");
  const { conversation } = await done(
    alice.parley.conversationCreate({
      subject: "A garden for our street",
      participants: [bob, carol].map(({ address }) => ({ address })),
      messages: [{ body: "Shall we dig up the old car park?" }],
      publish: true,
    }),
  );
  const hash = conversation.hash ?? "";
  const log = logOf(hash);
  const heads = () => untilEqual(hash, platforms.all);
  say("   alice begins it on oak, so oak leads it: oak gives every event its place, and the others follow and check.");
  await heads();
  await done(bob.parley.messageAdd({ conversation: hash, body: "Yes! I have two spades." }));
  await done(carol.parley.subjectModify({ conversation: hash, subject: "A garden for Mill Street" }));
  await heads();
  say("   What carol sees on willow: each event with its place, who did it, and what:\n");
  await log.show(carol);
  show(await heads());
  say("   A head is the hash of the last event, which holds that of the one before it: equal heads are equal logs.");

  act("birch is cut off");
  platforms.cutOff(birch);
  say("   Nobody reaches birch, and birch reaches nobody. People go on:\n");
  const asked = await done(alice.parley.messageAdd({ conversation: hash, body: "Who brings seeds?" }));
  await done(carol.parley.messageAdd({ conversation: hash, body: "I do: beans, and sunflowers." }));
  await untilEqual(hash, [oak, willow]);
  await log.show(carol);
  for (const body of ["I can bring my cart on Saturday.", "Hello? It is quiet here."]) {
    const said = await done(bob.parley.messageAdd({ conversation: hash, body }));
    say(`     ${said.pending ? "…" : "?"}  bob, on birch: "${body}" (waits for oak)`);
  }
  say("\n   What is said waits. What would change what others may change meanwhile does not, and says so:\n");
  const changed = await bob.parley.subjectModify({ conversation: hash, subject: "Anybody?" });
  if (isRejection(changed)) say(`     ✗  bob, on birch, changes the subject: ${changed.code}. ${changed.message}`);
  say("\n   oak knows who has alice's question, for it keeps what it owes:");
  for (const { destination, status } of await deliveriesOf(alice, hash, asked.event?.seq ?? 0))
    say(`     ${destination.padEnd(17)} ${status}`);
  show(await headsOf(hash, platforms.all));

  act("birch is joined again");
  platforms.joinAgain(birch);
  say("   Nobody has to do anything. What waited is sent, each in its order:\n");
  await untilSaid(hash, willow, "Hello? It is quiet here.");
  await heads();
  await log.show(bob);
  show(await heads());

  act("What proves it");
  const file = join(platforms.folder, "garden.json");
  await willow.run("export", hash, "--out", file);
  const verified = await willow.run("verify", file);
  say("   willow only followed, and still its export proves the log to anybody, without any of the platforms:\n");
  say("     parley export … --out garden.json");
  say("     parley verify garden.json");
  say(`     ${verified.replaceAll(file, "garden.json").split("\n")[0]}`);

  const [head] = await heads();
  say(`\nAll three have the same log: ${head?.seq} events, head ${head?.head}.`);
  say('To do it yourself: README.md, "People on other platforms".');
}

type Answer = { readonly __typename: string };

/** The payload of what has to be done. */
async function done<Result extends Answer>(
  answer: Promise<Result>,
): Promise<Exclude<Result, { readonly __typename: Rejection["__typename"] }>> {
  const result = await answer;
  if (isRejection(result)) throw new Error(`it was rejected: ${JSON.stringify(result)}`);
  return result as Exclude<Result, { readonly __typename: Rejection["__typename"] }>;
}

/** Shows the conversation's events as somebody sees them, each once. */
function logOf(conversation: string) {
  let shown = 0;
  return {
    show: async ({ parley }: Person): Promise<void> => {
      const page = await parley.log({ conversation, last: 100 });
      for (const { node } of page?.events.edges ?? []) {
        if (node.seq <= shown) continue;
        shown = node.seq;
        const { seq, actor, action, model } = node;
        const name = (actor?.displayName ?? "somebody").toLowerCase().replace(/@.*/, "");
        say(
          `   ${String(seq).padStart(3)}  ${name.padEnd(6)} ${`${action} ${model}`.toLowerCase()}${wordsOf(node.body)}`,
        );
      }
    },
  };
}

/** What an event's body says, in short. */
function wordsOf(body: unknown): string {
  if (typeof body !== "object" || body === null) return "";
  const words = ["text", "subject", "address"].flatMap((name) => {
    const value: unknown = Reflect.get(body, name);
    return typeof value === "string" ? [value] : [];
  });
  return words[0] === undefined ? "" : `: "${words[0]}"`;
}

/** Where the event at this place has to go, and how far that is. */
async function deliveriesOf({ parley }: Person, hash: string, seq: number) {
  const document = `query ($hash: Hash) {
    conversation(hash: $hash) { events(last: 100) { edges { node { seq deliveries { destination status } } } } }
  }`;
  const { conversation } = await parley.request<{
    readonly conversation: { readonly events: { readonly edges: readonly { readonly node: Delivered }[] } } | null;
  }>(document, { hash });
  return conversation?.events.edges.find(({ node }) => node.seq === seq)?.node.deliveries ?? [];
}

interface Delivered {
  readonly seq: number;
  readonly deliveries: readonly { readonly destination: string; readonly status: string }[];
}

interface Head {
  readonly platform: string;
  readonly seq: number;
  readonly head: string;
}

const headsOf = (conversation: string, platforms: readonly Platform[]): Promise<readonly Head[]> =>
  Promise.all(
    platforms.map(async ({ name, database: { pool } }) => {
      const { rows } = await pool.query<{ seq: number; head: string }>(
        "SELECT seq, head FROM conversation WHERE id = $1",
        [conversation],
      );
      return { platform: name, seq: rows[0]?.seq ?? 0, head: rows[0]?.head ?? "nothing" };
    }),
  );

const areEqual = (heads: readonly Head[]): boolean => new Set(heads.map(({ head }) => head)).size === 1;

const withinMs = 30_000;

/** Waits until it is so. @param what for people, where it never is */
async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const startedAt = performance.now();
  while (!(await isSo())) {
    if (performance.now() - startedAt > withinMs) throw new Error(`${what} within ${withinMs / 1000} s`);
    await pause(50);
  }
}

async function untilEqual(conversation: string, platforms: readonly Platform[]): Promise<readonly Head[]> {
  let heads: readonly Head[] = [];
  await until("the platforms did not come to the same head", async () => {
    heads = await headsOf(conversation, platforms);
    return heads.every(({ seq }) => seq > 0) && areEqual(heads);
  });
  return heads;
}

const untilSaid = (conversation: string, { database: { pool } }: Platform, text: string): Promise<void> =>
  until(`"${text}" did not arrive`, async () => {
    const said = "SELECT FROM event WHERE conversation_id = $1 AND body->>'text' = $2";
    return (await pool.query(said, [conversation, text])).rowCount === 1;
  });

function show(heads: readonly Head[]): void {
  say("");
  for (const { platform, seq, head } of heads)
    say(`   ${platform.padEnd(17)} ${String(seq).padStart(2)} events, head ${head.slice(0, 12)}…`);
  say(`   ${areEqual(heads) ? "The heads are equal." : "The heads are not equal."}`);
}

if (process.argv.includes("--help")) {
  say(help);
} else {
  await using opened = new AsyncDisposableStack();
  const stopped = new Promise<never>((_, reject) => {
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => reject(new Error("stopped")));
  });
  await Promise.race([story(opened), stopped]).catch((error: unknown) => {
    process.exitCode = 1;
    console.error(`\nThe demo did not come to its end: ${error instanceof Error ? error.message : error}`);
  });
}
