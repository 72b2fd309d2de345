// Runs the tries against a platform, one after the other, and says what came of each.
import { z } from "zod";
import type { Address } from "../conversation/address.ts";
import type { PlatformName } from "../protocol/event.ts";
import { platformNameSchema } from "../protocol/form.ts";
import { keyListSchema } from "../protocol/key-list.ts";
import { askOpenly, headersOf, type Tested } from "./asking.ts";
import { batchTries, sendSlowBody, slowBodyTry } from "./checks/batches.ts";
import { catchingUpTries } from "./checks/catching-up.ts";
import { discoveryTries } from "./checks/discovery.ts";
import { eventTries } from "./checks/events.ts";
import { firstContactTries } from "./checks/first-contact.ts";
import { keyTries } from "./checks/keys.ts";
import { leadTries } from "./checks/proposals.ts";
import { requestTries, rightRequest } from "./checks/requests.ts";
import { ConformanceError } from "./conformance-error.ts";
import { Inbound } from "./inbound.ts";
import { LeftOut } from "./left-out.ts";
import { type MustNumber, musts, sections } from "./musts.ts";
import { keyAt, readKeys, writeKeys } from "./played-keys.ts";
import { openPlayedPlatform } from "./played-platform.ts";
import { createStage, type Shown, type Stage } from "./stage.ts";
import type { Try } from "./try.ts";

export interface ConformanceOptions {
  /** Where the platform is asked. */
  readonly base: URL;
  /** An address that has an account there; null: what needs one is left out. */
  readonly address: Address | null;
  /** The name of the platform that is played; it is looked up there, and has to lead to `host` and `port`. */
  readonly name: PlatformName;
  readonly host: string;
  readonly port: number;
  /** Where its keys are kept from one run to the next: who knows the name, knows the keys. */
  readonly keysFile: string;
  /** How long somebody there is given to begin a conversation with us; 0: nobody will. */
  readonly leadWithinMs: number;
  onLeadWanted(address: Address): void;
  /** Told of each try as soon as it is over. */
  onTried?(tried: Tried): void;
  /** How long something is waited for that the platform does by and by. @default 30_000 */
  readonly patienceMs?: number;
  /** How long it may wait for a body that does not come. @default 65_000 */
  readonly slowBodyMs?: number;
}

export interface Tried {
  readonly must: MustNumber;
  /** Of docs/federation.md, with its title. */
  readonly section: string;
  readonly says: string;
  readonly sent: string;
  readonly expected: readonly string[];
  /** What came; or why it was left out. */
  readonly came: string;
  readonly verdict: "right" | "wrong" | "leftOut";
}

/** All tries, in the order in which they are made. */
export const allTries: readonly Try[] = [
  ...[...discoveryTries, rightRequest, ...requestTries, ...batchTries],
  ...[...firstContactTries, ...eventTries, ...catchingUpTries, ...leadTries, ...keyTries, slowBodyTry],
];

export interface Conformance {
  /** Which platform was tried, by its own name. */
  readonly platform: PlatformName;
  /** Why hardly anything could be tried, and what to do about it; null where all was. */
  readonly stopped: string | null;
  /** In the order in which they were made. */
  readonly tries: readonly Tried[];
}

/** Tries all. What it begins there is labelled, and people are removed from it in the end. @throws ConformanceError */
export async function runConformance(options: ConformanceOptions): Promise<Conformance> {
  const { base, name, host, port, keysFile, patienceMs = 30_000, slowBodyMs = 65_000 } = options;
  const { tested, shown } = await lookAt(base);
  let keys = await readKeys(keysFile, name);
  await writeKeys(keysFile, keys);
  const signer = { platform: name, key: keyAt(keys, 0) };
  const listed = keyListSchema.safeParse({ platform: tested.name, keys: shownKeys(shown) }).data?.keys ?? [];
  const inbound = new Inbound({
    signer,
    tested: tested.name,
    isTheirs: (key) => listed.some((one) => one.key === key),
  });
  const answer = inbound.answer.bind(inbound);
  await using played = await openPlayedPlatform({ list: keys.list, host, port, answer }).catch((cause: unknown) => {
    throw new ConformanceError(`cannot listen on ${host}:${port}: ${String(cause)}. Say another --listen HOST:PORT.`, {
      cause,
    });
  });
  const signed: Stage["signed"] = (asking) => headersOf(tested, signer, asking);
  const stage = createStage({
    ...{ tested, shown, played, inbound, signer, patienceMs },
    address: options.address,
    leadWithinMs: options.leadWithinMs,
    onLeadWanted: options.onLeadWanted,
    slowBody: sendSlowBody({ tested, signed }, slowBodyMs),
    keys: {
      held: () => keys,
      hold: async (held) => {
        keys = held;
        played.show(held.list);
        await writeKeys(keysFile, held);
      },
    },
  });

  const tries: Tried[] = [];
  let stopped: string | null = null;
  for (const one of allTries) {
    let tried: Tried = stopped === null ? await make(one, stage) : leftOut(one, notTaken);
    if (one === rightRequest && tried.verdict === "wrong") {
      // Whose keys cannot be looked up, or are not those that were seen before, is refused, and rightly.
      const hasAsked = played.lookUps() > 0;
      const isUnknown = tried.came === "401 UNKNOWN_KEY" || (!hasAsked && tried.came === "503 KEYS_UNREACHABLE");
      if (isUnknown) {
        const { came } = tried;
        tried = leftOut(one, `they answer ${came}, and ${hasAsked ? "asked" : "did not ask"} us for our keys`);
        stopped = adviceTo({ ...options, port: played.port, platform: tested.name, hasAsked });
      }
      stopped ??= `Nothing more was tried: ${tested.name} does not take a request that is signed rightly.`;
    }
    tries.push(tried);
    options.onTried?.(tried);
  }
  await leave(stage);
  return { platform: tested.name, stopped, tries };
}

/** Of each try that is not made any more. */
export const notTaken = "no request that is signed rightly was taken";

interface Unknown extends Pick<ConformanceOptions, "name" | "host" | "port" | "keysFile"> {
  readonly platform: PlatformName;
  /** Whether it asked us for our keys. */
  readonly hasAsked: boolean;
}

function adviceTo({ platform, hasAsked, name, host, port, keysFile }: Unknown): string {
  const origin = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  const others =
    `seen other keys under that name: they have to be those of ${keysFile}, or say another --name. ` +
    `A Parley takes these after: parley keys accept ${name}`;
  if (hasAsked)
    return [
      `Hardly anything could be tried: ${platform} asked for https://${name}/.well-known/parley, and does not take the keys that stand there.`,
      `That is wrong, unless it has ${others}`,
    ].join("\n");
  return [
    `Hardly anything could be tried: ${platform} did not ask for https://${name}/.well-known/parley, so it knows no key of ours.`,
    `We listen at ${origin}, and it has to find us there by that name:`,
    `  on one machine   start it with PARLEY_PEERS=${name}=${origin}, if it is a Parley`,
    "  on the internet  say --name HOST, and have https://HOST handed on to --listen",
    "If it asked before, in vain, it may keep that for five minutes.",
    `Or it has ${others}`,
  ].join("\n");
}

/** What the platform says of itself, to anybody. */
async function lookAt(base: URL): Promise<{ readonly tested: Tested; readonly shown: Shown }> {
  const unnamed = { name: base.host, base };
  const answer = await askOpenly(unnamed, "/.well-known/parley").catch((cause: unknown) => {
    throw new ConformanceError(
      `${base.origin} does not answer: ${String(cause)}\nIs it running, and is this its URL?`,
      { cause },
    );
  });
  const { data } = shownSchema.safeParse(answer.json);
  if (!data)
    throw new ConformanceError(
      `${base.origin}/.well-known/parley does not say which platform this is: {platform, domains, versions, keys}, with status 200 (M33).`,
    );
  return { tested: { name: data.platform, base }, shown: { answer, domains: data.domains } };
}

const shownSchema = z.object({ platform: platformNameSchema, domains: z.array(z.string()).default([]) });

const shownKeys = ({ answer: { json } }: Shown): unknown =>
  typeof json === "object" && json !== null && "keys" in json ? json.keys : null;

async function make(one: Try, stage: Stage): Promise<Tried> {
  try {
    const came = await one.came(stage);
    return { ...told(one), came, verdict: one.expected.includes(came) ? "right" : "wrong" };
  } catch (error) {
    if (error instanceof LeftOut) return leftOut(one, error.message);
    return { ...told(one), came: error instanceof Error ? error.message : String(error), verdict: "wrong" };
  }
}

const leftOut = (one: Try, why: string): Tried => ({ ...told(one), came: why, verdict: "leftOut" });

function told({ must, sent, expected }: Try) {
  const { section, says } = musts[must];
  return { must, section: `${section}. ${sections[section]}`, says, sent, expected };
}

/** Takes the people there out of what was begun for them. */
async function leave({ inbound, signer, tested, hand }: Stage): Promise<void> {
  for (const log of inbound.logs.values()) {
    const item = log.participantVia(tested.name);
    if (log.head.leader !== signer.platform || item === null) continue;
    const event = log.does(signer, log.head.id, { action: "remove", model: "participant", item });
    // What is left is labelled; a platform that refused the rest may refuse this, too.
    await hand({ event }).catch(() => {});
  }
}
