// Writes the vectors of the protocol, docs/vectors/*.json: the same code, the same bytes. `npm run codegen` writes them and
// `npm run check` compares them; a change in one of them is a change of the protocol.
//
//   node docs/vectors/write.ts
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exportText, signStatement } from "../../src/proof/export-form.ts";
import { openVerification } from "../../src/proof/verify.ts";
import { canonicalJson, type JsonValue } from "../../src/protocol/canonical-json.ts";
import type { Body, Event, SignedEvent, Timestamp } from "../../src/protocol/event.ts";
import { type Hashed, hashOf } from "../../src/protocol/hash.ts";
import { type KeyList, keyHash, type ListedKey } from "../../src/protocol/key-list.ts";
import { commitmentTo, type Entry, eventHash } from "../../src/protocol/seal.ts";
import type { Signed } from "../../src/protocol/signature.ts";

import {
  abroad,
  add,
  adds,
  after,
  beginning,
  erased,
  home,
  keyListOf,
  type Log,
  listedBy,
  lunch,
  minuteMs,
  mustBe,
  plain,
  published,
  saltOf,
  seedOf,
  signerOf,
  some,
  taking,
  words,
} from "./given.ts";
import { requestVectors } from "./requests.ts";

/** What becomes of the log: as much of the state as shows that the rules were followed. */
function outcomeOf({ state }: Log) {
  const { conversation } = state;
  if (!conversation) throw new Error("there is no conversation");
  const { seq, head, leader, expiresAt } = conversation;
  const participants = [...state.participants.values()].map(({ id, role, status, isErased }) => ({
    id,
    role,
    status,
    isErased,
  }));
  return { seq, head, leader, expiresAt, participants };
}

function bodiesOf(entries: readonly Entry[]) {
  const verification = openVerification([], "2027-01-01T00:00:00.000Z");
  for (const entry of entries) if (!verification.entry(plain(entry))) break;
  const { fault, bodies } = verification.report();
  if (fault) throw new Error(JSON.stringify(fault));
  return bodies;
}

function canonicalVectors() {
  const valid = [
    '{"b":1,"a":[true,false,null],"":{}}',
    '{"peach":"This sorting order","péché":"is wrong according to French","pêche":"but canonicalization MUST","sin":"ignore locale"}',
    '{"\\u20ac":"Euro Sign","\\r":"Carriage Return","\\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\\ud83d\\ude00":"Emoji","\\u0080":"Control","\\u00f6":"o with diaeresis"}',
    '"\\u0001\\b\\t\\n\\f\\r\\u001f\\"\\\\\\/\\u007f\\u2028"',
    '"e\\u0301 is not \\u00e9"',
    "9007199254740991",
    "-9007199254740991",
    "-0",
    "1e2",
    "1.0",
    "[]",
    " [ 1 , [ 2 ] ] ",
  ].map((json) => ({ json, canonical: canonicalJson(JSON.parse(json)) }));
  return {
    about:
      "Canonical form. `json` is any text of the value, `canonical` its one canonical text; a value under `invalid` has none.",
    valid,
    invalid: [
      { json: "1.5", why: "a fraction" },
      { json: "9007199254740992", why: "2^53" },
      { json: "1e300", why: "beyond 2^53" },
      { json: '"a\\u0000"', why: "U+0000" },
      { json: '{"\\u0000":1}', why: "U+0000 in a name" },
      { json: '"\\ud83d"', why: "half of a surrogate pair" },
      { json: '["\\ude00\\ud83d"]', why: "surrogates in the wrong order" },
    ],
  };
}

function hashVectors({ entries }: Log) {
  const vector = (kind: Hashed, value: JsonValue) => ({
    kind,
    value,
    canonical: canonicalJson(value),
    hash: hashOf(kind, value),
  });
  const [first] = entries;
  const answer = entries[6];
  if (!first || !answer) throw new Error("the log is shorter");
  const { key } = signerOf(home).key;
  return {
    about: "Hashes: base64url of SHA-256 over `parley/KIND/1`, a line feed, and the canonical form of `value`.",
    vectors: [
      vector("proposal", first.event.proposal),
      vector("event", first.event),
      vector("body", { salt: first.salt, body: first.body }),
      vector("proposal", answer.event.proposal),
      vector("event", answer.event),
      vector("body", { salt: answer.salt, body: answer.body }),
      vector("key", { platform: home, key, nbf: beginning, exp: null, by: null }),
    ],
  };
}

function signatureVectors() {
  const hash = some("something");
  const { key, sign } = signerOf(home).key;
  const signature = sign("event", hash);
  const kinds = ["event", "proposal", "key", "export"] as const satisfies readonly Signed[];
  // RFC 8032 §5.1.7: S below the group's order; this adds the order to it.
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const bytes = Buffer.from(signature, "base64url");
  const s = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString("hex")}`) + order;
  const beyond = Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, "0"), "hex").reverse()]);
  const neutral = Buffer.concat([Buffer.from([1]), Buffer.alloc(31)]);
  const invalid = (why: string, but: Partial<Record<"kind" | "hash" | "key" | "signature", string>>) => ({
    ...{ why, kind: "event", hash, key, signature },
    ...but,
  });
  const lastOf = (text: string) =>
    text.slice(0, -1) + (text.endsWith("A") ? "B" : String.fromCharCode(text.charCodeAt(text.length - 1) + 1));
  return {
    about: "Ed25519 signatures over `parley/KIND/1 HASH`. `seed`: of the key (RFC 8032 section 5.1.5), base64url.",
    seed: seedOf(home).toString("base64url"),
    key,
    valid: kinds.map((kind) => ({ kind, hash, key, text: `parley/${kind}/1 ${hash}`, signature: sign(kind, hash) })),
    invalid: [
      invalid("of another kind", { kind: "proposal" }),
      invalid("of another hash", { hash: some("something else") }),
      invalid("under another key", { key: signerOf(abroad).key.key }),
      invalid("with padding", { signature: `${signature}==` }),
      invalid("with bits after the end that are not zero", { signature: lastOf(signature) }),
      invalid("one byte short", { signature: bytes.subarray(0, 63).toString("base64url") }),
      invalid("with S beyond the order of the group", { signature: beyond.toString("base64url") }),
      invalid("under the neutral point, for which it fits every text", {
        key: neutral.toString("base64url"),
        signature: Buffer.concat([neutral, Buffer.alloc(32)]).toString("base64url"),
      }),
      invalid("under a key that is not canonical: y is the field's prime", {
        key: "7f_______________________________________38",
      }),
    ],
  };
}

function eventVectors({ entries }: Log) {
  const joined = entries.map((entry, index) => {
    const previous = entries[index - 1];
    return { entry, after: previous ? { seq: previous.event.seq, hash: previous.hash } : null };
  });
  const [own, foreign, lock] = [joined[5], joined[6], joined[7]];
  if (!own || !foreign || !lock) throw new Error("the log is shorter");
  const resealed = (entry: Entry, change: Partial<Event>): SignedEvent => {
    const event = { ...entry.event, ...change };
    const signature = signerOf(home).key.sign("event", eventHash(event));
    return { ...plain(entry), event, signatures: { ...entry.signatures, event: signature } };
  };
  const invalid = (code: string, why: string, { after }: typeof own, entry: object) => ({ code, why, after, entry });
  const { event, signatures, body, salt } = plain(own.entry);
  const { proposal } = event;
  const withEvent = (change: object) => ({ event: { ...event, ...change }, signatures, body, salt });
  const withProposal = (change: object) => withEvent({ proposal: { ...proposal, ...change } });
  const { follows: _, ...lacking } = proposal;
  return {
    about:
      "Entries on their own. `after`: seq and hash of the event before; null for a first one. Codes: section 9 of protocol.md.",
    valid: [
      ...joined.slice(0, 9).map(({ entry, after }) => ({ id: entry.id, hash: entry.hash, after, entry: plain(entry) })),
      { id: own.entry.id, hash: own.entry.hash, after: own.after, entry: { event, signatures } },
    ],
    invalid: [
      invalid("BAD_FORM", "an unknown field", own, { ...plain(own.entry), note: null }),
      invalid("BAD_FORM", "an unknown field in the proposal", own, withProposal({ note: null })),
      invalid("BAD_FORM", "a field is not there, rather than null", own, withEvent({ proposal: lacking })),
      invalid("BAD_FORM", "an unknown action", own, withProposal({ action: "edit" })),
      invalid("BAD_FORM", "a time without milliseconds", own, withEvent({ timestamp: "2026-11-21T09:00:00Z" })),
      invalid("BAD_FORM", "a day that there is not", own, withEvent({ timestamp: "2026-02-30T09:00:00.000Z" })),
      invalid("BAD_FORM", "seq is a text", own, withEvent({ seq: "6" })),
      invalid("BAD_FORM", "seq is 0", own, withEvent({ seq: 0 })),
      invalid("BAD_FORM", "a platform in upper case", own, withEvent({ leader: "A.example" })),
      invalid("BAD_FORM", "a platform with a trailing dot", own, withEvent({ leader: "a.example." })),
      invalid("BAD_FORM", "a platform that reads as an IPv4 address", own, withEvent({ leader: "127.0.0.1" })),
      invalid("BAD_FORM", "a hash with padding", own, withEvent({ parent: `${event.parent}=` })),
      invalid(
        "BAD_FORM",
        "a hash with bits after the end that are not zero",
        own,
        withEvent({ parent: `${event.parent?.slice(0, -1)}B` }),
      ),
      invalid("BAD_FORM", "a body with an unknown field", own, {
        event,
        signatures,
        body: { ...body, note: "" },
        salt,
      }),
      invalid(
        "BROKEN_CHAIN",
        "the parent is another, signed anew",
        own,
        resealed(own.entry, { parent: some("another") }),
      ),
      invalid("BROKEN_CHAIN", "seq is one too high, signed anew", own, resealed(own.entry, { seq: event.seq + 1 })),
      invalid(
        "BAD_SIGNATURE",
        "the timestamp was changed after signing",
        own,
        withEvent({ timestamp: after(event.timestamp, 1) }),
      ),
      invalid("BAD_SIGNATURE", "the leader's own proposal has a signature of its own", own, {
        ...{ event, body, salt },
        signatures: { ...signatures, proposal: signerOf(home).key.sign("proposal", own.entry.id) },
      }),
      invalid("BAD_SIGNATURE", "another platform's proposal is unsigned", foreign, {
        ...plain(foreign.entry),
        signatures: { ...foreign.entry.signatures, proposal: null },
      }),
      invalid("BAD_SIGNATURE", "the leader signed another platform's proposal", foreign, {
        ...plain(foreign.entry),
        signatures: {
          ...foreign.entry.signatures,
          proposal: signerOf(home).key.sign("proposal", foreign.entry.id),
        },
      }),
      invalid("BAD_COMMITMENT", "the body was changed", own, { event, signatures, body: words("No."), salt }),
      invalid("BAD_COMMITMENT", "the salt was changed", own, { event, signatures, body, salt: some("another") }),
      invalid("BAD_COMMITMENT", "the salt is missing, the body is not", own, { event, signatures, body }),
      invalid("BAD_COMMITMENT", "the body is missing, the salt is not", own, { event, signatures, salt }),
      invalid("BAD_COMMITMENT", "a body where there is none", lock, { ...plain(lock.entry), body, salt }),
    ],
  };
}

interface BrokenLog {
  readonly why: string;
  readonly code: string;
  /** The first `events` events of the valid log of this name, and then `entry`. */
  readonly log: string;
  readonly events: number;
  readonly entry: SignedEvent;
}

function brokenLogs(): readonly BrokenLog[] {
  const broken: BrokenLog[] = [];
  const log = lunch();
  const begun = published()
    .does("bob", "alice", adds("bob", taking("WRITER")))
    .does("rita", "alice", adds("rita", taking("READER")));
  begun.does("hello", "alice", add("message", words("Hello")));
  begun.does("lock", "alice", { action: "lock", model: "message", item: begun.id("hello") });
  const at = (name: string, on: Log) => (code: string, why: string, entry: Entry) =>
    void broken.push({ why, code, log: name, events: on.entries.length, entry: plain(entry) });
  const inBegun = at("begun", begun);
  const hello = { model: "message", item: begun.id("hello") } as const;
  const say = add("message", words("Hm."));
  const rita = begun.id("rita");

  inBegun("INVALID_ACTION", "lock of a label", begun.forges("alice", { ...hello, action: "lock", model: "label" }));
  inBegun("INVALID_ACTION", "a version that is not spoken", begun.forges("alice", say, { v: 2 }));
  inBegun(
    "INVALID_ACTION",
    "an add that follows something",
    begun.forges("alice", say, { follows: begun.id("hello") }),
  );
  inBegun("INVALID_ACTION", "a message with a value", begun.forges("alice", say, { value: { role: "READER" } }));
  inBegun(
    "INVALID_TIME",
    "proposed over 7 days before",
    begun.forges("alice", say, { sentAt: after(begun.now, -7 * 24 * 60 * minuteMs - 1) }),
  );
  inBegun(
    "INVALID_TIME",
    "proposed over 5 minutes after",
    begun.forges("alice", say, { sentAt: after(begun.now, 5 * minuteMs + 1) }),
  );
  inBegun("NOT_FOUND", "for another conversation", begun.forges("alice", say, { conversation: some("another") }));
  inBegun("NOT_FOUND", "an answer to nothing", begun.forges("alice", { ...say, item: some("nothing") }));
  inBegun("NOT_PARTICIPANT", "by nobody", begun.forges("alice", say, { actor: some("nobody") }));
  inBegun(
    "WRONG_PLATFORM",
    "another platform speaks for bob",
    begun.forges("bob", say, { platform: abroad, key: signerOf(abroad).key.key }),
  );
  inBegun(
    "WRONG_PLATFORM",
    "a platform takes the lead for another",
    begun.forges("alice", { action: "modify", model: "leader", value: { leader: abroad } }),
  );
  inBegun("FORBIDDEN", "a READER's message", begun.forges("rita", say));
  inBegun("FORBIDDEN", "a WRITER adds an ADMIN", begun.forges("bob", adds("dave", taking("ADMIN"))));
  inBegun("FORBIDDEN", "a WRITER removes another's message", begun.forges("bob", { ...hello, action: "remove" }));
  inBegun("INVALID_ROLE", "an ADMIN by mail", begun.forges("alice", adds("dave", taking("ADMIN", { mail: true }))));
  inBegun(
    "LAST_ADMIN",
    "the last ADMIN demoted",
    begun.forges("alice", {
      action: "modify",
      model: "participant",
      item: begun.id("alice"),
      value: { role: "READER" },
    }),
  );
  inBegun(
    "LOCKED",
    "another holds the lock",
    begun.forges("bob", { ...hello, action: "modify", body: words("Hello?") }),
  );
  inBegun(
    "CONFLICT",
    "another event came between",
    begun.forges("alice", { ...hello, action: "modify", body: words("Hello?"), follows: begun.id("hello") }),
  );
  inBegun(
    "DONE_ALREADY",
    "the role that she has",
    begun.forges("alice", { action: "modify", model: "participant", item: rita, value: { role: "READER" } }),
  );
  inBegun(
    "DONE_ALREADY",
    "an add a second time",
    begun.sequences(
      { ...mustBe(begun.entries[3]), proposal: mustBe(begun.entries[3]).event.proposal, signature: null },
      begun.now,
    ),
  );
  inBegun(
    "WRONG_LEADER",
    "sequenced by a platform that does not lead",
    begun.forges("alice", say, {}, begun.now, signerOf(abroad)),
  );
  inBegun(
    "TIME_RUNS_BACKWARDS",
    "a timestamp before its parent's",
    begun.forges("alice", say, {}, after(begun.now, -1)),
  );
  inBegun(
    "FROM_THE_FUTURE",
    "over 5 minutes ahead of `now`",
    begun.forges("alice", say, { sentAt: later }, after(later, 5 * minuteMs + 1)),
  );
  const tooLong: Body = { name: "x".repeat(61) };
  const salt = saltOf("too long");
  const label = begun.proposal("alice", { action: "add", model: "label" }, "too long", {
    ref: commitmentTo(tooLong, salt),
  });
  inBegun("BAD_BODY", "a label of 61 characters", begun.sequences({ ...label, body: tooLong, salt }, begun.now));

  const inLunch = at("lunch", log);
  const expiredAt = "2026-12-24T00:00:00.000Z";
  inLunch("EXPIRED", "a message after the expiry", log.forges("alice", say, { sentAt: expiredAt }, expiredAt));
  inLunch(
    "NOT_PARTICIPANT",
    "by one who was removed",
    log.forges("rita", add("message", words("Hm."), { item: log.id("question") })),
  );
  inLunch(
    "REMOVED",
    "a role for one who was removed",
    log.forges("alice", { action: "modify", model: "participant", item: log.id("rita"), value: { role: "WRITER" } }),
  );
  inLunch(
    "DONE_ALREADY",
    "a label removed a second time",
    log.forges("bob", { action: "remove", model: "label", item: log.id("label") }),
  );

  const full = published();
  for (let count = 1; count <= 50; count++)
    full.does(`label ${count}`, "alice", add("label", { name: `label ${count}` }));
  at("full", full)("LIMIT_EXCEEDED", "label number 51", full.forges("alice", add("label", { name: "label 51" })));
  logsByName.set("begun", begun).set("full", full);
  return broken;
}

const later: Timestamp = "2027-01-01T00:00:00.000Z";
const logsByName = new Map<string, Log>();

function logVectors() {
  const invalid = brokenLogs();
  logsByName.set("lunch", lunch());
  const kept = erased();
  const gone = ["bob", "edit", "secret", "missing", "label"].map((name) => kept.id(name));
  // What carol was added with are words of an add of others by bob, and stay.
  const entries = kept.entries.map((entry) => (gone.includes(entry.id) ? { ...entry, body: null, salt: null } : entry));
  const valid = [
    ...[...logsByName].map(([name, log]) => ({ name, log, entries: log.entries })),
    { name: "erased", log: kept, entries },
  ];
  return {
    about:
      "Whole logs, and what they come to: one that is valid, and entries that make it invalid at their place, by the first of the " +
      "reasons of section 9 that applies. An invalid log is the first `events` events of the valid one of the name `log`, and then `entry`.",
    now: later,
    valid: valid.map(({ name, log, entries }) => ({
      name,
      outcome: outcomeOf(log),
      bodies: bodiesOf(entries),
      events: entries.map(plain),
    })),
    invalid,
  };
}

function keyListVectors() {
  const [first, second, third] = [home, "second", "third"].map(signerOf);
  if (!first || !second || !third) throw new Error("three were made");
  const root = listedBy(
    home,
    first,
    { key: first.key.key, nbf: beginning, exp: null, by: null },
    "2026-12-01T00:00:00.000Z",
  );
  const next = listedBy(home, first, {
    key: second.key.key,
    nbf: "2026-12-01T00:00:00.000Z",
    exp: "2027-12-01T00:00:00.000Z",
    by: first.key.key,
  });
  const last = listedBy(home, second, {
    key: third.key.key,
    nbf: "2026-12-02T00:00:00.000Z",
    exp: null,
    by: second.key.key,
  });
  const stranger = listedBy(home, third, { key: third.key.key, nbf: beginning, exp: null, by: null });
  const list = (...keys: readonly ListedKey[]): KeyList => ({ platform: home, keys });
  return {
    about: "Key lists; `windows`: whether a listed key may sign at a time.",
    valid: [list({ ...root, revoked: null }), list(root, next), list(root, next, last)],
    invalid: [
      { why: "two first keys", list: list(root, stranger) },
      { why: "vouched for by a later key", list: list(root, last, next) },
      { why: "vouched for by a key that is not listed", list: list(root, last) },
      { why: "a key twice", list: list(root, root) },
      { why: "of another platform", list: { ...list(root), platform: abroad } },
      { why: "a longer time than was signed for", list: list(root, { ...next, exp: null }) },
      {
        why: "signed by itself, though another is said to vouch",
        list: list(root, { ...next, signature: second.key.sign("key", keyHash({ platform: home, ...next })) }),
      },
      {
        why: "it ends when it begins",
        list: list(listedBy(home, first, { key: first.key.key, nbf: beginning, exp: beginning, by: null })),
      },
    ],
    windows: [
      { listed: root, at: "2026-11-21T08:59:59.999Z", isValid: false },
      { listed: root, at: beginning, isValid: true },
      { listed: root, at: "2026-11-30T23:59:59.999Z", isValid: true },
      { listed: root, at: "2026-12-01T00:00:00.000Z", isValid: false },
      { listed: next, at: "2027-11-30T23:59:59.999Z", isValid: true },
      { listed: next, at: "2027-12-01T00:00:00.000Z", isValid: false },
      { listed: last, at: "2099-01-01T00:00:00.000Z", isValid: true },
    ],
  };
}

async function exportVectors() {
  const log = lunch();
  const all = log.entries.slice(0, 7);
  const [first, head] = [all[0], all.at(-1)];
  if (!first || !head) throw new Error("the log is shorter");
  const textOf = async (
    entries: readonly Entry[],
    platforms = [keyListOf(home), keyListOf(abroad)],
    but = {},
    seal = signerOf(home),
  ) => {
    const statement = {
      conversation: first.id,
      exportedAt: later,
      seq: head.event.seq,
      head: head.hash,
      platforms,
      ...but,
    };
    async function* pages() {
      yield entries;
    }
    return (await Array.fromAsync(exportText(signStatement(statement, seal), pages()))).join("");
  };
  const text = await textOf(all);
  const parsed = JSON.parse(text);
  const { format, statement, signature, events } = parsed;
  const invalid = (code: string, seq: number | null, why: string, text: string) => ({ code, seq, why, text });
  const late = { ...mustBe(keyListOf(abroad).keys[0]), nbf: later };
  const lateList = { platform: abroad, keys: [listedBy(abroad, signerOf(abroad), late)] };
  return {
    about: "Exports, as texts. `seq`: where the fault is; null: the export as a whole.",
    now: later,
    valid: [
      { why: "as it is written", text },
      { why: "laid out otherwise", text: JSON.stringify(parsed, null, 1) },
      {
        why: "a platform whose keys the exporter does not have: nobody vouches for them",
        text: await textOf(all, [keyListOf(home)]),
      },
    ],
    invalid: [
      invalid("BAD_EXPORT", null, "not JSON", text.slice(0, -3)),
      invalid(
        "BAD_EXPORT",
        null,
        "another format",
        JSON.stringify({ format: "parley/export/2", statement, signature, events }),
      ),
      invalid(
        "BAD_EXPORT",
        null,
        "the events before the statement",
        JSON.stringify({ format, events, statement, signature }),
      ),
      invalid("BAD_EXPORT", null, "a member too many", JSON.stringify({ note: "", ...parsed })),
      invalid("BAD_EXPORT", null, "a member twice", text.replace("{", '{"format":"parley/export/1",')),
      invalid(
        "BAD_EXPORT",
        null,
        "the last event left out",
        JSON.stringify({ ...parsed, events: events.slice(0, -1) }),
      ),
      invalid(
        "BAD_EXPORT",
        8,
        "an event too many",
        JSON.stringify({ ...parsed, events: [...events, plain(mustBe(log.entries[7]))] }),
      ),
      invalid("BAD_EXPORT", null, "another head than stated", await textOf(all, undefined, { head: some("another") })),
      invalid(
        "BAD_EXPORT",
        null,
        "another conversation than stated",
        await textOf(all, undefined, { conversation: some("another") }),
      ),
      invalid(
        "BAD_SIGNATURE",
        null,
        "the statement was changed",
        JSON.stringify({ ...parsed, statement: { ...statement, exportedAt: beginning } }),
      ),
      invalid("KEY_UNLISTED", null, "the exporter's key is not in its list", await textOf(all, [keyListOf(abroad)])),
      invalid(
        "KEY_OUT_OF_WINDOW",
        null,
        "the exporter's key was not valid yet",
        await textOf(all, undefined, { exportedAt: "2026-11-01T00:00:00.000Z" }),
      ),
      invalid("BAD_KEY_LIST", null, "a platform with two lists", await textOf(all, [keyListOf(home), keyListOf(home)])),
      invalid(
        "KEY_UNLISTED",
        7,
        "a proposal under a key that its platform does not list",
        await textOf(all, [
          keyListOf(home),
          {
            ...lateList,
            keys: [
              listedBy(abroad, signerOf("other"), {
                key: signerOf("other").key.key,
                nbf: beginning,
                exp: null,
                by: null,
              }),
            ],
          },
        ]),
      ),
      invalid(
        "KEY_OUT_OF_WINDOW",
        7,
        "a proposal under a key that was not valid yet",
        await textOf(all, [keyListOf(home), lateList]),
      ),
      invalid("BAD_COMMITMENT", 6, "a changed text", text.replace("Shall we *meet*?", "Shall we *fight*?")),
    ],
  };
}

/** The files, by their path in the project. */
export async function vectorFiles(): Promise<ReadonlyMap<string, string>> {
  const log = lunch();
  const files: Readonly<Record<string, object>> = {
    "canonical-json": canonicalVectors(),
    hashes: hashVectors(log),
    signatures: signatureVectors(),
    events: eventVectors(log),
    logs: logVectors(),
    "key-lists": keyListVectors(),
    exports: await exportVectors(),
    requests: requestVectors(),
  };
  return new Map(Object.entries(files).map(([name, value]) => [`docs/vectors/${name}.json`, `${laidOut(value)}\n`]));
}

/** Two levels of lines, then one line for each vector: so that a change shows which. */
function laidOut(value: object): string {
  const members = Object.entries(value).map(([name, member]) => {
    if (!Array.isArray(member)) return `  ${JSON.stringify(name)}: ${JSON.stringify(member)}`;
    return `  ${JSON.stringify(name)}: [\n${member.map((one) => `    ${JSON.stringify(one)}`).join(",\n")}\n  ]`;
  });
  return `{\n${members.join(",\n")}\n}`;
}

if (import.meta.main) {
  for (const [path, text] of await vectorFiles()) await writeFile(join(import.meta.dirname, "../..", path), text);
}
