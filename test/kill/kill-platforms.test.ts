// kill -9 of a leader and of its follower in the middle of bursts, said on both at once by clients that try again.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { done } from "../graphql/given.ts";
import { logIn } from "../support/equal-logs.ts";
import { type PlatformProcesses, startPlatformProcesses } from "../support/platform-processes.ts";
import type { Someone } from "../support/platforms.ts";

const [a, b] = ["a.localhost", "b.localhost"];
const burst = 1_000;
const conversationsCount = 20;
const clientsOfEach = 8;

const opened = new AsyncDisposableStack();
let platforms: PlatformProcesses;
let alice: Someone;
let bob: Someone;
const conversations: string[] = [];
/** Fulfilled while it lives, pending while it is being started again. */
const living = new Map<string, Promise<void>>();

const poolOf = (name: string) => platforms.on(name).database.pool;

beforeAll(async () => {
  platforms = opened.use(await startPlatformProcesses(a, b));
  alice = await platforms.someone("alice", a);
  bob = await platforms.someone("bob", b);
  for (let index = 0; index < conversationsCount; index++) {
    const participants = [{ address: bob.address }];
    const { conversation } = await done(alice.parley.conversationCreate({ participants, publish: true }));
    conversations.push(conversation.hash ?? expect.fail("it was not published"));
  }
  const had = async () => expect((await poolOf(b).query("SELECT FROM conversation")).rowCount).toBe(conversationsCount);
  await vi.waitFor(had, { interval: 50, timeout: 30_000 });
});
afterAll(() => opened.disposeAsync());

/** Says it until there is an answer. Returns its place; null where it waits for the leader. */
async function sayUntilAnswered({ parley }: Someone, at: string, conversation: string, body: string) {
  for (;;) {
    await living.get(at);
    const answer = await parley.messageAdd({ conversation, body, clientId: body }).catch(() => null);
    if (answer === null) continue;
    const { event } = await done(Promise.resolve(answer));
    return event?.seq ?? null;
  }
}

async function killAndStart(name: string): Promise<void> {
  await platforms.end(name, "SIGKILL");
  await platforms.start(name);
}

/** Where each text stands, in all conversations of a platform. */
async function placesOn(name: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const { rows } = await poolOf(name).query<{ text: string; places: string[] }>(
    `SELECT body->>'text' AS text, array_agg(conversation_id || ' ' || seq) AS places FROM event
    WHERE action = 'add' AND model = 'message' GROUP BY 1`,
  );
  return new Map(rows.map(({ text, places }) => [text, places]));
}

test.each(Array.from({ length: 10 }, (_, round) => ({ round, victim: round % 2 === 0 ? a : b })))(
  "burst $round: $victim is killed, and nothing is lost, nothing is there twice, and the logs are equal",
  { timeout: 120_000 },
  async ({ round, victim }) => {
    // At another point each time, from right at the beginning to nearly the end.
    const killAfter = 20 + Math.floor(Math.random() * (burst - 40));
    const answers = new Map<string, string | null>();
    const left = Array.from({ length: burst }, (_, index) => index);
    const isFrom = (name: string) => (index: number) => index % 2 === (name === a ? 0 : 1);
    const speak = async (somebody: Someone, at: string, indices: number[]) => {
      for (let index = indices.pop(); index !== undefined; index = indices.pop()) {
        const conversation = conversations[index % conversationsCount] ?? "";
        const body = `burst ${round}, number ${index}`;
        const seq = await sayUntilAnswered(somebody, at, conversation, body);
        answers.set(body, seq === null ? null : `${conversation} ${seq}`);
        if (answers.size === killAfter) living.set(victim, killAndStart(victim));
      }
    };
    const [onA, onB] = [left.filter(isFrom(a)), left.filter(isFrom(b))];
    await Promise.all(Array.from({ length: clientsOfEach }, () => [speak(alice, a, onA), speak(bob, b, onB)]).flat());
    await living.get(victim);

    const compare = async () => {
      for (const name of [a, b]) {
        const places = await placesOn(name);
        expect(places.size, name).toBe((round + 1) * burst);
        for (const [body, answered] of answers) {
          expect(places.get(body), body).toHaveLength(1);
          if (answered !== null) expect(places.get(body), body).toEqual([answered]);
        }
      }
      for (const conversation of conversations)
        expect(await logIn(poolOf(b), conversation)).toEqual(await logIn(poolOf(a), conversation));
    };
    await vi.waitFor(compare, { interval: 200, timeout: 60_000 }).catch((error: unknown) => {
      throw new Error(`killed after ${killAfter} answers`, { cause: error });
    });
    const { rows } = await poolOf(b).query("SELECT * FROM pending_proposal");
    expect(rows).toEqual([]);
  },
);
