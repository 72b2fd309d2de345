import { describe, expect, test } from "vitest";
import { z } from "zod";
import { decodeBase64url } from "../../src/protocol/encoding.ts";
import { bodySchema, signedEventSchema, signedProposalSchema } from "../../src/protocol/wire.ts";
import { abroad, attachmentBody, fromAbroad, given, messageBody, someHash } from "../conversation/given.ts";

// Of each kind of value and body one, and both with one signature and with two.
const scene = given({ bob: "WRITER", gus: fromAbroad("WRITER") });
const end = scene.conversation.createdAt;
scene.when("gus").writes("hello").accepted();
scene.when("alice").attaches("plan", null).accepted();
scene.when("alice").labels("trip").accepted();
scene.when("alice").callsIt("Trip").accepted();
scene.when("alice").makes("gus", "ADMIN").accepted();
scene.when("gus").asksForTheLead(abroad).accepted();
scene.when("bob").erases().accepted();
scene.when("alice").letsItExpireAt(end).accepted();

const travelling = z.record(z.string(), z.json());
type Travelling = z.infer<typeof travelling>;

/** As it comes off the wire: only what the wire carries. */
function wireOf({ event, signatures, body, salt }: (typeof scene.log)[number]): Travelling {
  return travelling.parse(JSON.parse(JSON.stringify({ event, signatures, body, salt })));
}

const entries = scene.log.map(wireOf);
const first = entries[0] ?? {};
const foreign = wireOf(
  scene.log.find(({ signatures }) => signatures.proposal !== null) ??
    scene.log[0] ??
    scene.when("alice").writes("x").accepted(),
);

/** Every path to an object in it, the outermost first. */
function objectsIn(value: z.infer<typeof json>, path: readonly string[] = []): readonly (readonly string[])[] {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return [];
  return [path, ...Object.entries(value).flatMap(([name, inner]) => objectsIn(inner, [...path, name]))];
}
const json = z.json();

/** A copy in which the object at `path` is another. */
function changedAt(
  value: z.infer<typeof json>,
  path: readonly string[],
  change: (object: Travelling) => Travelling,
): Travelling {
  const object = travelling.parse(value);
  const [name, ...rest] = path;
  return name === undefined
    ? change({ ...object })
    : { ...object, [name]: changedAt(object[name] ?? null, rest, change) };
}

const accepts = (entry: unknown) => signedEventSchema.safeParse(entry).success;

describe("An event as it travels", () => {
  test("reads as what was sent, whatever it is about", () => {
    for (const entry of entries) expect(signedEventSchema.parse(entry)).toEqual(entry);
  });

  const places = entries.flatMap((entry, index) => objectsIn(entry).map((path) => ({ seq: index + 1, entry, path })));

  test("is refused with an unknown field, at every level", () => {
    for (const { entry, path } of places) {
      expect(accepts(changedAt(entry, path, (object) => ({ ...object, extra: null }))), path.join(".")).toBe(false);
    }
  });

  test("is refused with an unknown field that is called __proto__", () => {
    const text = JSON.stringify(first);
    for (const inside of [text, JSON.stringify(first["event"])]) {
      const withIt = text.replace(inside, `{"__proto__":{"a":1},${inside.slice(1)}`);
      expect(JSON.parse(withIt)).not.toEqual(first);
      expect(accepts(JSON.parse(withIt))).toBe(false);
    }
  });

  test("is refused without any one of its fields, but for body and salt", () => {
    for (const { entry, path } of places) {
      let object: z.infer<typeof json> = entry;
      for (const name of path) object = travelling.parse(object)[name] ?? null;
      for (const name of Object.keys(travelling.parse(object))) {
        if (path.length === 0 && (name === "body" || name === "salt")) continue;
        const without = changedAt(entry, path, ({ [name]: _, ...rest }) => rest);
        expect(accepts(without), [...path, name].join(".")).toBe(false);
      }
    }
  });

  test("may come without body and salt: they read as null, erased or owed", () => {
    const { body: _, salt: __, ...bare } = first;
    const read = signedEventSchema.parse(bare);
    expect([read.body, read.salt]).toEqual([null, null]);
    expect(signedEventSchema.parse({ ...first, body: null, salt: null }).body).toBeNull();
  });

  test.each<[string, readonly string[], Travelling]>([
    ["seq 0", ["event"], { seq: 0 }],
    ["a seq that is no integer", ["event"], { seq: 1.5 }],
    ["a seq of 2^53", ["event"], { seq: 2 ** 53 }],
    ["a seq in words", ["event"], { seq: "1" }],
    ["a parent that is no hash", ["event"], { parent: "root" }],
    ["a timestamp with an offset", ["event"], { timestamp: "2026-11-21T09:00:00.000+01:00" }],
    ["a leader that is no name", ["event"], { leader: "https://a.example" }],
    ["a key of 31 bytes", ["event"], { key: "A".repeat(42) }],
    ["an unknown action", ["event", "proposal"], { action: "delete" }],
    ["an action from every object's ancestor", ["event", "proposal"], { action: "constructor" }],
    ["an unknown model", ["event", "proposal"], { model: "folder" }],
    ["a fraction for a version", ["event", "proposal"], { v: 1.1 }],
    ["an unknown value", ["event", "proposal"], { value: "DELETE" }],
    ["an unknown role", ["event", "proposal", "value"], { role: "OWNER" }],
    ["a via with a port", ["event", "proposal", "value"], { via: "a.example:1" }],
    ["a signature of 63 bytes", ["signatures"], { event: "A".repeat(84) }],
    ["a non-canonical signature", ["signatures"], { event: `${"A".repeat(85)}B` }],
    ["no signature of the leader", ["signatures"], { event: null }],
    ["a non-canonical salt", [], { salt: `${"A".repeat(42)}B` }],
    ["a body that is text", [], { body: "Hello" }],
    ["a body of no known kind", [], { body: { words: "Hello" } }],
  ])("is refused with %s", (_, path, fields) => {
    expect(accepts(changedAt(first, path, (object) => ({ ...object, ...fields })))).toBe(false);
  });
});

describe("A proposal on its way to the leader", () => {
  const { event, signatures, body, salt } = signedEventSchema.parse(foreign);
  const onItsWay = { proposal: event.proposal, signature: signatures.proposal, body, salt };

  test("reads as what was sent, signed or (the leader's own) not", () => {
    expect(signedProposalSchema.parse(onItsWay)).toEqual(onItsWay);
    expect(signedProposalSchema.parse({ ...onItsWay, signature: null }).signature).toBeNull();
  });

  test.each(["proposal", "signature", "body", "salt"])(
    "is refused without %s: it is taken only with all that it says",
    (name) => {
      const { [name]: _, ...without } = travelling.parse(onItsWay);
      expect(signedProposalSchema.safeParse(without).success).toBe(false);
    },
  );

  test("is refused with a place in the log, or any other unknown field", () => {
    expect(signedProposalSchema.safeParse({ ...onItsWay, seq: 1 }).success).toBe(false);
    expect(signedProposalSchema.safeParse({ ...onItsWay, proposal: { ...event.proposal, seq: 1 } }).success).toBe(
      false,
    );
    expect(signedProposalSchema.safeParse({ ...onItsWay, body: { ...messageBody(), seq: 1 } }).success).toBe(false);
  });
});

describe("A body has the fields of its model", () => {
  const good = attachmentBody();

  test("an attachment's key is 16 bytes, its hash 32, its size a count", () => {
    expect(decodeBase64url(good.key, 16)).not.toBeNull();
    const faults = [{ key: someHash("key") }, { sha256: good.key }, { size: -1 }, { size: 0.5 }, { size: 2 ** 53 }];
    for (const fault of faults) expect(bodySchema.attachment.safeParse({ ...good, ...fault }).success).toBe(false);
  });

  test("a message's format is one of three, and its mail says date and id, or nothing", () => {
    const mail = { date: scene.now, messageId: "<1@a.example>" };
    expect(bodySchema.message.safeParse({ ...messageBody(), format: "HTML", mail }).success).toBe(true);
    const faults = [
      { format: "RTF" },
      { format: "html" },
      { mail: { date: scene.now } },
      { mail: { ...mail, date: "today" } },
      { mentions: ["bob"] },
    ];
    for (const fault of faults)
      expect(bodySchema.message.safeParse({ ...messageBody(), ...fault }).success).toBe(false);
  });

  test("what a conversation continues is named by two ids, or it is nothing", () => {
    const body = { address: "alice@a.example", name: null, slug: "", continues: null };
    const [conversation, event] = [someHash("old"), someHash("head")];
    expect(bodySchema.conversation.safeParse({ ...body, continues: { conversation, event } }).success).toBe(true);
    expect(bodySchema.conversation.safeParse({ ...body, continues: { conversation } }).success).toBe(false);
  });
});
