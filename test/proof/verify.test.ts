import { describe, expect, test } from "vitest";
import { openVerification } from "../../src/proof/verify.ts";
import type { Event, SignedEvent } from "../../src/protocol/event.ts";
import { keyHash } from "../../src/protocol/key-list.ts";
import { commitmentTo, type Entry, eventHash, proposalId } from "../../src/protocol/seal.ts";
import {
  abroad,
  beginning,
  fromAbroad,
  given,
  home,
  messageBody,
  minuteMs,
  type Scene,
  signerOf,
  someHash,
  taking,
  timeAfter,
} from "../conversation/given.ts";
import { exported, keyListOf, later, verified } from "./given.ts";

/** alice of here and gus of another platform, and all kinds of words. */
function givenLog(): Scene {
  const scene = given({ gus: fromAbroad("WRITER"), bob: "WRITER" });
  scene.when("alice").callsIt("Lunch").accepted();
  scene.when("alice").writes("question").accepted();
  scene.when("gus").answers("question", "answer").accepted();
  scene.when("gus").modifies("answer").accepted();
  scene.when("bob").attaches("menu").accepted();
  scene.when("bob").labels("food").accepted();
  return scene;
}

/** The log without the words that are erased, as platforms keep it. */
function wordless(log: readonly Entry[], ids: readonly string[]): readonly Entry[] {
  return log.map((entry) => (ids.includes(entry.id) ? { ...entry, body: null, salt: null } : entry));
}

/** Signed anew by its leader. */
function resealed(entry: Entry, change: Partial<Event>): Entry {
  const event = { ...entry.event, ...change };
  const { key } = signerOf(event.leader);
  const hash = eventHash(event);
  return {
    ...entry,
    id: proposalId(event.proposal),
    hash,
    event,
    signatures: {
      event: key.sign("event", hash),
      proposal: event.leader === home ? null : signerOf(home).key.sign("proposal", entry.id),
    },
  };
}

describe("An export as it was made", () => {
  test("holds, and tells who signed, how far it goes, and what it does not prove", async () => {
    const { log } = givenLog();
    const report = await verified(await exported(log));
    expect(report).toMatchObject({
      fault: null,
      conversation: log[0]?.id,
      events: log.length,
      head: log.at(-1)?.hash,
      from: beginning,
      exported: { exporter: home, key: signerOf(home).key.key, exportedAt: later, seq: log.length },
      bodies: { present: log.filter(({ body }) => body !== null).length, erased: 0, missing: 0 },
    });
    expect(report.keys).toEqual([
      {
        platform: home,
        key: signerOf(home).key.key,
        events: log.length,
        proposals: log.length - 2,
        isVouchedFor: true,
      },
      { platform: abroad, key: signerOf(abroad).key.key, events: 0, proposals: 2, isVouchedFor: true },
    ]);
    expect(report.proved.join("\n")).toMatch(
      /9 events.*signed by these keys.*rules.*word for word.*nothing in it was changed/s,
    );
    expect(report.notProved.join("\n")).toMatch(/a\.example, which exported it, alone vouches.*That a person said it/s);
  });

  test("holds with erased messages and with somebody who erased all of theirs, and counts what is missing", async () => {
    const scene = givenLog();
    scene.when("alice").removes("question").accepted();
    scene.when("gus").erases().accepted();
    const gone = ["question", "answer", "gus"].map((name) => scene.id(name));
    const edit = scene.log.find(
      ({ event }) => event.proposal.action === "modify" && event.proposal.model === "message",
    );
    const kept = wordless(scene.log, [...gone, edit?.id ?? ""]);
    expect(await verified(await exported(kept))).toMatchObject({
      fault: null,
      bodies: { present: 5, erased: 4, missing: 0 },
    });
    const report = await verified(await exported(wordless(kept, [scene.id("menu")])));
    expect(report).toMatchObject({ fault: null, bodies: { present: 4, erased: 4, missing: 1 } });
    expect(report.notProved.join("\n")).toContain("1 missing text said");
    // Whoever has the file can take words out of it, and nobody can tell that from words that never came.
    expect(report.proved.join("\n")).toContain("but for missing texts nothing in it was changed");
  });

  test("whose platform's keys nobody vouches for holds, and says so", async () => {
    const report = await verified(await exported(givenLog().log, { platforms: [keyListOf(home)] }));
    expect(report.fault).toBeNull();
    expect(report.keys.map(({ isVouchedFor }) => isVouchedFor)).toEqual([true, false]);
    expect(report.notProved.join("\n")).toContain("Whose keys signed for b.example: nobody");
  });

  test("up to a removal holds up to there", async () => {
    const scene = givenLog();
    const seen = scene.log.slice(0, 5);
    scene.when("alice").writes("more").accepted();
    expect(await verified(await exported(seen))).toMatchObject({ fault: null, events: 5 });
  });
});

describe("A log that does not hold says at which event, and why", () => {
  type Tampering = (log: Entry[]) => unknown;
  const at = (log: Entry[], seq: number): Entry => {
    const entry = log[seq - 1];
    if (!entry) throw new Error("no such event");
    return entry;
  };
  const set = (log: Entry[], seq: number, change: (entry: Entry) => object) => {
    log.splice(seq - 1, 1, { ...at(log, seq), ...change(at(log, seq)) });
  };
  test.each<[string, number, string, Tampering]>([
    ["a field too many", 5, "BAD_FORM", (log) => set(log, 5, (entry) => ({ event: { ...entry.event, more: 1 } }))],
    [
      "a time in another form",
      5,
      "BAD_FORM",
      (log) => set(log, 5, (entry) => ({ event: { ...entry.event, timestamp: "2026-11-21T09:00:00Z" } })),
    ],
    ["an event left out", 5, "BROKEN_CHAIN", (log) => log.splice(4, 1)],
    ["two events in another order", 5, "BROKEN_CHAIN", (log) => log.splice(4, 2, at(log, 6), at(log, 5))],
    [
      "a later time",
      5,
      "BAD_SIGNATURE",
      (log) => set(log, 5, (entry) => ({ event: { ...entry.event, timestamp: later } })),
    ],
    [
      "a proposal's signature taken away",
      6,
      "BAD_SIGNATURE",
      (log) => set(log, 6, (entry) => ({ signatures: { ...entry.signatures, proposal: null } })),
    ],
    ["another text", 5, "BAD_COMMITMENT", (log) => set(log, 5, () => ({ body: messageBody("I never said that.") }))],
    [
      "a text where there is none",
      7,
      "BAD_COMMITMENT",
      (log) => set(log, 7, (entry) => ({ salt: entry.event.proposal.item })),
    ],
    [
      "an event by another leader",
      5,
      "WRONG_LEADER",
      (log) => set(log, 5, (entry) => resealed(entry, { leader: "c.example", key: signerOf("c.example").key.key })),
    ],
    [
      "a time before the one before",
      9,
      "TIME_RUNS_BACKWARDS",
      (log) => set(log, 9, (entry) => resealed(entry, { timestamp: timeAfter(beginning, -1) })),
    ],
    [
      "an event from the future",
      9,
      "FROM_THE_FUTURE",
      (log) => set(log, 9, (entry) => resealed(entry, { timestamp: timeAfter(later, 6 * minuteMs) })),
    ],
    [
      "what a role does not allow",
      9,
      "FORBIDDEN",
      (log) =>
        set(log, 9, (entry) =>
          resealed(entry, {
            proposal: { ...entry.event.proposal, model: "participant", value: taking("ADMIN") },
          }),
        ),
    ],
    [
      "a label's words beyond the limit",
      9,
      "BAD_BODY",
      (log) =>
        set(log, 9, (entry) => {
          const body = { name: "x".repeat(61) };
          const salt = someHash("salt");
          return {
            ...resealed(entry, { proposal: { ...entry.event.proposal, ref: commitmentTo(body, salt) } }),
            body,
            salt,
          };
        }),
    ],
    ["an event too many", 10, "BAD_EXPORT", (log) => log.push(at(log, 9))],
  ])("%s: event %i, %s", async (_, seq, code, tamper) => {
    const { log } = givenLog();
    const text = await exported(log);
    const tampered = [...log];
    tamper(tampered);
    const lines = tampered.map(({ event, signatures, body, salt }: SignedEvent) =>
      JSON.stringify({ event, signatures, body, salt }),
    );
    const report = await verified(`${text.slice(0, text.indexOf('"events"'))}"events":[${lines.join(",")}]}`);
    expect(report.fault).toMatchObject({ seq, code });
    expect(report.events).toBe(seq - 1);
  });

  const whole =
    (change: (parsed: Record<string, unknown> & { statement: object; events: unknown[] }) => void) => async () => {
      const parsed = JSON.parse(await exported(givenLog().log));
      change(parsed);
      return JSON.stringify(parsed);
    };
  test.each<[string, string, () => Promise<string>]>([
    ["the last events left out", "BAD_EXPORT", whole(({ events }) => void events.pop())],
    ["no events", "BAD_EXPORT", whole((parsed) => Object.assign(parsed, { events: [] }))],
    ["another format", "BAD_EXPORT", whole((parsed) => Object.assign(parsed, { format: "parley/export/2" }))],
    ["a member too many", "BAD_EXPORT", whole((parsed) => Object.assign(parsed, { note: "" }))],
    ["a member too few", "BAD_EXPORT", whole((parsed) => void delete parsed["signature"])],
    [
      "a statement with a field too many",
      "BAD_EXPORT",
      whole(({ statement }) => Object.assign(statement, { note: "" })),
    ],
    [
      "another time of export",
      "BAD_SIGNATURE",
      whole(({ statement }) => Object.assign(statement, { exportedAt: timeAfter(later, 1) })),
    ],
    ["another end", "BAD_SIGNATURE", whole(({ statement }) => Object.assign(statement, { seq: 8 }))],
    ["nothing", "BAD_EXPORT", async () => ""],
    ["an empty object", "BAD_EXPORT", async () => "{}"],
    ["a list", "BAD_EXPORT", async () => "[]"],
    ["half of it", "BAD_EXPORT", async () => (await exported(givenLog().log)).slice(0, -9)],
    ["something after it", "BAD_EXPORT", async () => `${await exported(givenLog().log)}{}`],
    ["a byte order mark", "BAD_EXPORT", async () => `\ufeff${await exported(givenLog().log)}`],
    [
      "a statement about another conversation",
      "BAD_EXPORT",
      async () => exported([{ ...mustBe(givenLog().log[0]), id: someHash("x") }, ...givenLog().log.slice(1)]),
    ],
    [
      "a statement with another head",
      "BAD_EXPORT",
      async () => exported(givenLog().log.map((entry) => ({ ...entry, hash: someHash("x") }))),
    ],
    [
      "an exporter's key that is not in its list",
      "KEY_UNLISTED",
      async () => exported(givenLog().log, { platforms: [] }),
    ],
    [
      "an exporter's key that was not valid yet",
      "KEY_OUT_OF_WINDOW",
      async () => exported(givenLog().log, { exportedAt: timeAfter(beginning, -2) }),
    ],
    [
      "a platform with two lists",
      "BAD_KEY_LIST",
      async () => exported(givenLog().log, { platforms: [keyListOf(home), keyListOf(home)] }),
    ],
  ])("%s: as a whole, %s", async (_, code, made) => {
    expect((await verified(await made())).fault).toMatchObject({ seq: null, code });
  });

  test("broken UTF-8 is a fault also where U+FFFD was written", async () => {
    const scene = given();
    scene.when("alice").writes("odd", "\ufffd").accepted();
    const bytes = Buffer.from(await exported(scene.log));
    expect((await verified(bytes)).fault).toBeNull();
    bytes.writeUInt8(0x7f, bytes.indexOf("\ufffd") + 2);
    expect((await verified(bytes)).fault).toMatchObject({ seq: null, code: "BAD_EXPORT" });
  });
});

describe("Keys", () => {
  const { key: homeKey } = signerOf(home);
  const spare = signerOf("spare").key;

  test.each<[string, Parameters<typeof keyListOf>[1], string | null]>([
    ["valid from the first event on", { nbf: beginning }, null],
    ["valid from after it", { nbf: timeAfter(beginning, 1) }, "KEY_OUT_OF_WINDOW"],
    ["whose time ended before it", { exp: beginning }, "KEY_OUT_OF_WINDOW"],
    ["revoked before it", { revoked: beginning }, "KEY_OUT_OF_WINDOW"],
    ["revoked later", { revoked: timeAfter(beginning, 1) }, null],
  ])("a key %s", async (_, but, code) => {
    const text = await exported(givenLog().log, { platforms: [keyListOf(home), keyListOf(abroad, but)] });
    const { fault } = await verified(text);
    expect(fault).toEqual(code === null ? null : expect.objectContaining({ seq: 6, code }));
  });

  test("a key that its platform does not list", async () => {
    const other = { ...keyListOf("spare"), platform: abroad };
    const signature = spare.sign("key", keyHash({ ...mustBe(other.keys[0]), platform: abroad }));
    const list = { ...other, keys: other.keys.map((listed) => ({ ...listed, signature })) };
    const { fault } = await verified(await exported(givenLog().log, { platforms: [keyListOf(home), list] }));
    expect(fault).toMatchObject({ seq: 6, code: "KEY_UNLISTED" });
  });

  test("a second key is vouched for by an earlier one of the list, by no other", async () => {
    const first = mustBe(keyListOf(home).keys[0]);
    const unsigned = { key: spare.key, nbf: beginning, exp: null, by: homeKey.key, revoked: null };
    const vouched = { ...unsigned, signature: homeKey.sign("key", keyHash({ platform: home, ...unsigned })) };
    const self = { ...unsigned, signature: spare.sign("key", keyHash({ platform: home, ...unsigned })) };
    const faultOf = async (keys: (typeof first)[]) =>
      (await verified(await exported(givenLog().log, { platforms: [{ platform: home, keys }, keyListOf(abroad)] })))
        .fault?.code;
    expect(await faultOf([first, vouched])).toBeUndefined();
    expect(await faultOf([first, self])).toBe("BAD_KEY_LIST");
    expect(await faultOf([vouched, first])).toBe("BAD_KEY_LIST");
    expect(await faultOf([first, first])).toBe("BAD_KEY_LIST");
    expect(await faultOf([first, { ...vouched, by: null }])).toBe("BAD_KEY_LIST");
    expect(await faultOf([{ ...first, exp: first.nbf }])).toBe("BAD_KEY_LIST");
  });

  test("a log out of a database is held against that platform's own list", () => {
    const { log } = givenLog();
    const verification = openVerification([keyListOf(home, { nbf: later })], later);
    expect(
      verification.entry(
        mustBe(log.map(({ event, signatures, body, salt }) => ({ event, signatures, body, salt }))[0]),
      ),
    ).toBe(false);
    expect(verification.report().fault).toMatchObject({ seq: 1, code: "KEY_OUT_OF_WINDOW" });
    expect(openVerification([keyListOf(home), keyListOf(home)], later).report().fault).toMatchObject({
      code: "BAD_KEY_LIST",
    });
  });
});

test("every changed byte of an export fails, or changes nothing that it says", async () => {
  const scene = given({ gus: fromAbroad("WRITER") });
  scene.when("gus").writes("words", "Zoë: 東京 \u0001 \ufffd?").accepted();
  scene.when("gus").removes("words").accepted();
  const bytes = Buffer.from(await exported(scene.log));
  expect((await verified(bytes)).fault).toBeNull();
  const said = JSON.stringify(JSON.parse(bytes.toString()));
  const undetected: string[] = [];
  let irrelevant = 0;
  for (let place = 0; place < bytes.length; place++) {
    // Each bit in turn: of letters this changes the case, of digits the number, of quotes and brackets the structure.
    const changed = Buffer.from(bytes);
    changed.writeUInt8(bytes.readUInt8(place) ^ (1 << (place % 8)), place);
    if ((await verified(changed)).fault !== null) continue;
    if (saidBy(changed) === said) irrelevant++;
    else undetected.push(`byte ${place}`);
  }
  expect(undetected).toEqual([]);
  // The spaces between its parts.
  expect(irrelevant).toBeLessThan(20);
});

function saidBy(bytes: Buffer): string | null {
  try {
    return JSON.stringify(JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)));
  } catch {
    return null;
  }
}

function mustBe<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("is not there");
  return value;
}
