// What GraphQL's tests are given: a platform for the file, people with a client each, and conversations.
import { afterAll, beforeAll, expect, vi } from "vitest";
import { createParley, isRejection, type Parley, type Rejection, type Role } from "../../sdk/src/index.ts";
import { type Person, type PlatformOptions, startPlatform, type TestPlatform } from "../support/platform.ts";

/** Somebody with an account, and their client. */
export interface Somebody extends Person {
  readonly parley: Parley;
}

export interface Given {
  readonly platform: TestPlatform;
  /** New people, whom no other test knows. */
  people<Name extends string>(...names: readonly Name[]): Promise<Record<Name, Somebody>>;
  /** A client without a token, or with this one. */
  client(token?: string): Parley;
}

/** One platform for the tests of a file; each test makes people of its own. */
export function givenPlatform(options: PlatformOptions = {}): Given {
  let started: TestPlatform | undefined;
  let count = 0;
  const clients = new AsyncDisposableStack();
  beforeAll(async () => {
    started = await startPlatform(options);
  });
  afterAll(async () => {
    await clients.disposeAsync();
    await started?.[Symbol.asyncDispose]();
  });
  const platform = (): TestPlatform => {
    if (!started) throw new Error("the platform has not started yet");
    return started;
  };
  const client = (token?: string): Parley =>
    clients.use(createParley({ url: platform().url, ...(token !== undefined && { token }) }));
  return {
    get platform() {
      return platform();
    },
    client,
    people: async <Name extends string>(...names: readonly Name[]) => {
      count++;
      const made = names.map(async (name): Promise<[Name, Somebody]> => {
        const person = await platform().person(`${name}.${count}`);
        return [name, { ...person, parley: client(person.token) }];
      });
      return Object.fromEntries(await Promise.all(made)) as Record<Name, Somebody>;
    },
  };
}

type Answer = { readonly __typename: string };
type Payload<Result extends Answer> = Exclude<Result, { readonly __typename: Rejection["__typename"] }>;

/** The payload of a mutation that has to be done. */
export async function done<Result extends Answer>(answer: Promise<Result>): Promise<Payload<Result>> {
  const result = await answer;
  if (isRejection(result)) throw new Error(`${JSON.stringify(result)} where it should be done`);
  return result as Payload<Result>;
}

/** The code of a rejection, or `done`, or `nothing to do` where there is no event. */
export async function verdictOf(answer: Promise<Answer>): Promise<string> {
  const result = await answer;
  if ("code" in result) return String(result.code);
  return "event" in result && result.event === null ? "nothing to do" : "done";
}

/** The code of the error that is thrown. */
export async function errorCodeOf(answer: Promise<unknown>): Promise<string> {
  const error = await answer.then(
    () => new Error("there was an answer"),
    (thrown: unknown) => thrown,
  );
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

/** What has to be there. */
export function present<T>(value: T | null | undefined): T {
  expect(value).not.toBeNull();
  expect(value).not.toBeUndefined();
  if (value === null || value === undefined) throw new Error("it is not there");
  return value;
}

/** A published conversation of `admin` with these people in these roles; its hash. */
export async function conversationOf(
  admin: Somebody,
  others: readonly (readonly [Somebody, Role])[] = [],
  subject = "Lunch",
): Promise<string> {
  const participants = others.map(([{ address }, role]) => ({ address, role }));
  const { conversation } = await done(admin.parley.conversationCreate({ subject, participants, publish: true }));
  return present(conversation.hash);
}

/** The id of a message that is said now. */
export async function said(by: Somebody, conversation: string, body = "Words", parent?: string): Promise<string> {
  const answer = by.parley.messageAdd({ conversation, body, ...(parent !== undefined && { parent }) });
  return present((await done(answer)).event).hash;
}

/** The id of a label that is added now. */
export async function labelled(by: Somebody, conversation: string, name: string): Promise<string> {
  return present((await done(by.parley.labelAdd({ conversation, name }))).event).hash;
}

/** The hash of the participant that somebody is in a conversation: of several the last. */
export async function participantOf(somebody: Somebody, conversation: string, seenBy = somebody): Promise<string> {
  const page = await seenBy.parley.participants({ conversation, last: 100 });
  const own = page?.participants.edges.findLast(({ node }) => node.address === somebody.address);
  return present(own?.node.hash);
}

/** The place of the last event. */
export async function headOf(by: Somebody, conversation: string): Promise<number> {
  const document = "query ($hash: Hash) { conversation(hash: $hash) { seq } }";
  const answer = await by.parley.request<{ conversation: { seq: number } | null }>(document, { hash: conversation });
  return present(answer.conversation).seq;
}

/** As if so much time had passed: for what the platform judges by its clock. Ends with the scope. */
export function timePasses(ms: number): Disposable {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ms });
  return { [Symbol.dispose]: () => vi.useRealTimers() };
}

/** Somebody who came with an archive, as an import would add them: no mutation does. The participant's hash. */
export async function addImported(
  platform: TestPlatform,
  by: Somebody,
  conversation: string,
  address: string,
): Promise<string> {
  const create = { address, kind: "EMAIL" as const };
  const recipient = await platform.core.database.prisma.recipient.upsert({ where: { address }, create, update: {} });
  const result = await platform.core.store.append({
    conversation,
    accountId: by.accountId,
    people: new Map([[address, { recipientId: recipient.id, accountId: null }]]),
    command: {
      action: "add",
      model: "participant",
      value: { role: "WRITER", via: "localhost", mail: false, imported: true },
      body: { address, name: null },
    },
  });
  return present("entries" in result ? result.entries[0] : null).id;
}
