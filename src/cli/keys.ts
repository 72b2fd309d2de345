// parley keys list [PLATFORM] | rotate [--spare FILE] | spare FILE | revoke KEY | accept PLATFORM [--json]
import type { Config } from "../config/config.ts";
import {
  ensureKeys,
  type KeyKeeping,
  listedOf,
  listSpare,
  type OwnKey,
  openOf,
  revokeKey,
  rotateKey,
} from "../federation/keys.ts";
import { afterAccepting } from "../federation/peer-keys.ts";
import { signingNow } from "../federation/signer.ts";
import { readSpareFile, writeSpareFile } from "../federation/spare-file.ts";
import { ExplainedError } from "../observe/explained-error.ts";
import { isBase64url32 } from "../protocol/encoding.ts";
import type { PlatformName, Timestamp } from "../protocol/event.ts";
import { isInWindow, type ListedKey } from "../protocol/key-list.ts";
import type { Peer } from "../store/discovery-store.ts";
import { postgresDiscoveryStore } from "../store/postgres-discovery-store.ts";
import { parseArguments } from "./arguments.ts";
import { openSharedDatabase, type SharedDatabase } from "./open-shared.ts";
import { UsageError } from "./usage.ts";

/** There is no such platform, or nothing to accept. The message says what to do. */
class PeerError extends ExplainedError {
  override readonly name = "PeerError";
}

/** Shows and changes the platform's own keys, and those that it holds of others; beside a running platform, or without one. */
export async function keys(args: readonly string[], config: Config): Promise<void> {
  const { values, positionals } = parseArguments(args, {
    json: { type: "boolean", default: false },
    spare: { type: "string" },
  });
  const [command, name] = split(positionals);
  if (values.spare !== undefined && command !== "rotate")
    throw new UsageError("--spare belongs to: parley keys rotate");
  const needsName = { list: null, rotate: false, spare: true, revoke: true, accept: true }[command];
  if (needsName !== null && needsName !== (name !== undefined))
    throw new UsageError(needsName ? `parley keys ${command} what?` : `parley keys ${command} takes no name.`);
  await using stack = new AsyncDisposableStack();
  const shared = await openSharedDatabase(stack, config);
  const { platform } = config;
  const keeping = { prisma: shared.database.prisma, platform, secret: shared.secret };
  const now = new Date().toISOString();
  // Also where nothing is made: it makes sure whose the database is.
  const own = await ensureKeys(keeping, now);
  const tell = (value: object, text: string) => console.log(values.json ? JSON.stringify(value, null, 2) : text);
  switch (command) {
    case "list": {
      if (name === undefined || name === platform) {
        const { form, text } = ownShown(own, keeping, now);
        return tell(form, text);
      }
      const peer = await peerCalled(shared, name);
      return tell(peerForm(peer), peerText(peer));
    }
    case "rotate": {
      const spare = values.spare === undefined ? undefined : await readSpareFile(values.spare, platform);
      const key = await rotateKey(keeping, now, spare);
      const from = key.nbf > now ? `from ${key.nbf} on` : "from now on";
      return tell(listedOf(key), `${key.key} signs ${from}; nothing is to be started anew.\n${backupAdvice}`);
    }
    case "spare": {
      const file = name ?? "";
      const key = await writeSpareFile(file, platform, (made) => listSpare(keeping, made, now));
      return tell(
        listedOf(key),
        `${key.key} is listed. Its private key is in ${file} and nowhere else: keep that away from this machine and its backups.`,
      );
    }
    case "revoke": {
      const key = await revokeKey(keeping, name ?? "", now);
      return tell(listedOf(key), `${key.key} is revoked, for ever: it may sign until ${key.revoked}.\n${backupAdvice}`);
    }
    case "accept": {
      const store = postgresDiscoveryStore(shared.database.pool);
      const { platform: accepted } = await peerCalled(shared, name ?? "");
      const peer = await store.changePeer(accepted, (kept) => {
        const after = afterAccepting(kept);
        if (after) return after;
        throw new PeerError(`${accepted} shows no other keys than those we hold: there is nothing to accept.`);
      });
      return tell(peerForm(peer), `Accepted. Running processes know it within seconds.\n\n${peerText(peer)}`);
    }
  }
}

const commands = ["list", "rotate", "spare", "revoke", "accept"] as const;

function split(positionals: readonly string[]): [(typeof commands)[number], string | undefined] {
  // A key that looks like an option comes first.
  const [word, ...more] = positionals.toSorted((a, b) => Number(isBase64url32(a)) - Number(isBase64url32(b)));
  const command = commands.find((one) => one === word);
  if (command === undefined || more.length > 1)
    throw new UsageError(`Say: parley keys ${commands.join(" | parley keys ")}`);
  return [command, more[0]];
}

const backupAdvice =
  "Back up the database now: a platform that is restored without a key that others know is a stranger to them.";

async function peerCalled({ database }: SharedDatabase, name: PlatformName): Promise<Peer> {
  const peer = await postgresDiscoveryStore(database.pool).peer(name);
  if (peer?.list) return peer;
  throw new PeerError(`No keys of "${name}" are held here: it was not met yet, or is no platform.`);
}

function ownShown(own: readonly OwnKey[], { platform, secret }: KeyKeeping, now: Timestamp) {
  const opening = own.filter((key) => openOf(key, secret) !== null);
  const signing = signingNow(opening, now);
  const keys = own.map((key) => ({ ...listedOf(key), state: stateOf(key, signing, secret, now) }));
  const lines = keys.map((key) => `${lineOf(key, now)}  ${key.state}`);
  const advice = signing ? [] : ["", "None signs. Make one: parley keys rotate [--spare FILE]"];
  return { form: { platform, keys }, text: [`Keys of ${platform}:`, "", ...lines, ...advice].join("\n") };
}

function stateOf(key: OwnKey, signing: OwnKey | null, secret: string, now: Timestamp): string {
  // A key that was given up signs on until the next one does.
  if (key.key === signing?.key) return key.revoked === null ? "signs" : "signs until revoked";
  if (key.revoked !== null) return "revoked";
  if (key.sealed === null) return "spare";
  if (openOf(key, secret) === null) return "does not open";
  return key.nbf > now ? "will sign" : "may sign";
}

function lineOf({ key, nbf, exp, revoked, by }: ListedKey, now: Timestamp): string {
  const end = [exp, revoked].filter((one) => one !== null).sort()[0];
  const window = `from ${nbf}${end === undefined ? "" : ` until ${end}`}`;
  const validity = isInWindow({ nbf, exp, revoked }, now) ? " " : "-";
  return `${validity} ${key}  ${window}  ${by === null ? "the first" : `by ${by.slice(0, 8)}…`}`;
}

function peerForm({ platform, list: held, fetchedAt, strange }: Peer): object {
  return {
    ...{ platform, fetchedAt, keys: held?.keys ?? [] },
    strange: strange && { since: strange.since, keys: strange.list.keys },
  };
}

function peerText({ platform, list: held, fetchedAt, strange }: Peer): string {
  const now = new Date().toISOString();
  const lines = [
    `Keys of ${platform}, as it showed them last at ${fetchedAt}:`,
    "",
    ...(held?.keys ?? []).map((key) => lineOf(key, now)),
  ];
  if (strange) {
    lines.push("", `Since ${strange.since} it shows these instead, which do not join on:`, "");
    lines.push(...strange.list.keys.map((key) => lineOf(key, now)));
    lines.push("", `Ask who runs it whether they are theirs, by another way; then: parley keys accept ${platform}`);
  }
  return lines.join("\n");
}
