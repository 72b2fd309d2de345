import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bodyFault, labelKey, slugOf } from "../../src/conversation/body.ts";
import type { Body, Model } from "../../src/protocol/event.ts";
import { attachmentBody, given, messageBody, someHash } from "./given.ts";

const conversation = { address: "alice@a.example", name: "Alice", slug: "a-trip", continues: null };

describe("A body goes with its model", () => {
  const bodies: ReadonlyArray<readonly [Model, Body]> = [
    ["conversation", { ...conversation, continues: { conversation: someHash("old"), event: someHash("head") } }],
    ["subject", { subject: "" }],
    ["label", { name: "Trip" }],
    ["participant", { address: "bob@a.example", name: null }],
    ["message", { ...messageBody(), mentions: [someHash("nobody")] }],
    ["attachment", attachmentBody()],
  ];
  const models: readonly Model[] = [...bodies.map(([model]) => model), "expiry", "leader"];

  test.each(bodies)("that of a %s, and with no other", (own, body) => {
    for (const model of models) {
      if (model === own) expect(bodyFault(model, body)).toBeNull();
      else expect(bodyFault(model, body)?.code, model).toBe("INVALID_BODY");
    }
  });

  test("no body is no fault: whether there has to be one, the form says", () => {
    for (const model of models) expect(bodyFault(model, null)).toBeNull();
  });
});

describe("Words that are refused", () => {
  const cases: ReadonlyArray<readonly [string, Model, Body]> = [
    ["a message without words", "message", messageBody(" \n\t")],
    ["U+0000 in a message", "message", messageBody("a\0b")],
    ["half a character in a message", "message", messageBody("\ud83d")],
    ["a subject of two lines", "subject", { subject: "one\ntwo" }],
    ["a subject with U+2028", "subject", { subject: "one\u2028two" }],
    ["a subject with an escape", "subject", { subject: "\u001b[31mred" }],
    ["a label without a name", "label", { name: "  " }],
    ["a label that nobody sees", "label", { name: "\u200b" }],
    ["a message that nobody sees", "message", messageBody("\u200b\n\u2060")],
    ["a subject that nobody sees", "subject", { subject: "\ufeff" }],
    ["a subject that turns what is beside it", "subject", { subject: "\u202eabc" }],
    ["a label that turns what is beside it", "label", { name: "a\u2066b" }],
    ["a name that turns what is beside it", "participant", { address: "bob@a.example", name: "Bob\u2067" }],
    ["a title that turns its ending", "attachment", attachmentBody("fdp.\u202eexe")],
    ["a label of two lines", "label", { name: "a\rb" }],
    ["a name of two lines", "participant", { address: "bob@a.example", name: "Bob\nBcc: all" }],
    ["a name of 201 characters", "participant", { address: "bob@a.example", name: "b".repeat(201) }],
    ["a creator's name of two lines", "conversation", { ...conversation, name: "A\nB" }],
    ["a slug in upper case", "conversation", { ...conversation, slug: "A-Trip" }],
    ["a slug with a slash", "conversation", { ...conversation, slug: "a/trip" }],
    ["a slug of 61 characters", "conversation", { ...conversation, slug: "a".repeat(61) }],
    ["a title of 256 characters", "attachment", attachmentBody("t".repeat(256))],
    ["a title of two lines", "attachment", attachmentBody("a\nb")],
    ["a type of two lines", "attachment", { ...attachmentBody(), type: "text/html\r\nX: y" }],
  ];
  test.each(cases)("%s", (_, model, body) => expect(bodyFault(model, body)?.code).toBe("INVALID_BODY"));

  test("as what they are: which field, and what is to be taken out of it", () => {
    const said = (model: Model, body: Body) => bodyFault(model, body)?.message;
    expect(said("message", messageBody("a\0b"))).toBe("The message cannot be kept with U+0000 in it. Take it out.");
    expect(said("label", { name: "a\ud800" })).toMatch(/^The label .*half of a character.*Take it out\.$/);
    expect(said("participant", { address: "bob@a.example", name: "B\0b" })).toMatch(/^The name .*U\+0000/);
  });

  test("an address that is none has its own code", () => {
    expect(bodyFault("participant", { address: "Bob", name: null })?.code).toBe("INVALID_ADDRESS");
    expect(bodyFault("conversation", { ...conversation, address: "Alice" })?.code).toBe("INVALID_ADDRESS");
  });

  test("a mail without words is a message all the same", () => {
    const mail = { date: "2026-11-21T09:00:00.000Z", messageId: "<1@a.example>" };
    expect(bodyFault("message", { ...messageBody(""), mail })).toBeNull();
  });

  test("a message may have many lines, and end with one", () => {
    expect(bodyFault("message", messageBody("one\r\n\ttwo\n"))).toBeNull();
  });
});

describe("A label that is already there", () => {
  test.each([
    ["in another case", "TRIP"],
    ["with spaces around it", " trip "],
    ["with what nobody sees in it", "tr\u200bip\u200e"],
    ["the same", "trip"],
  ])("is refused: %s", (_, name) => {
    const scene = given();
    scene.when("alice").labels("trip").accepted();
    scene.when("alice").labels("again", name).rejected("LABEL_EXISTS");
  });

  test("is the same however it is composed", () => {
    expect(labelKey("cafe\u0301")).toBe(labelKey("Café"));
    expect(labelKey("cafe")).not.toBe(labelKey("café"));
    // Flags of England and Scotland: the same but for what follows them unseen.
    expect(labelKey("🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}")).not.toBe(
      labelKey("🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}"),
    );
  });
});

describe("The slug: the first subject, lower case, other than letters and digits to `-`, at most 60 characters", () => {
  test.each([
    ["Shall we go to Rome?", "shall-we-go-to-rome"],
    ["  A / B -- C!  ", "a-b-c"],
    ["Überraschung für Zoë", "überraschung-für-zoë"],
    ["東京 2026", "東京-2026"],
    ["???", ""],
    ["", ""],
  ])("%j: %s", (subject, slug) => expect(slugOf(subject)).toBe(slug));

  test("is a slug's own slug, whatever the subject, and never ends with `-`", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 120 }), (subject) => {
        const slug = slugOf(subject);
        expect(slugOf(slug)).toBe(slug);
        expect([...slug].length).toBeLessThanOrEqual(60);
        expect(slug).not.toMatch(/^-|-$/);
        expect(bodyFault("conversation", { ...conversation, slug })).toBeNull();
      }),
    );
  });
});

test("No rule of the log reads a body: what is refused for its words alone would be an event without them", () => {
  const scene = given();
  scene.when("alice").writes("words", "a\tb").accepted();
  expect(scene.when("alice").writes("none", " ").rejected("INVALID_BODY").message).toBe("A message needs words.");
});
