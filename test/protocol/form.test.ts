import { describe, expect, test } from "vitest";
import type { Action, Model, Proposal, Value } from "../../src/protocol/event.ts";
import { formFault, hasBody, isTimestamp, platformNameSchema } from "../../src/protocol/form.ts";
import { abroad, beginning, home, signerOf, someHash, taking } from "../conversation/given.ts";

const actions: readonly Action[] = ["publish", "add", "modify", "remove", "lock", "release"];
const models: readonly Model[] = [
  "conversation",
  "participant",
  "message",
  "attachment",
  "subject",
  "expiry",
  "label",
  "leader",
];

/** A row of the table: what the pair takes, the first of each being the everyday one. */
interface Row {
  readonly items: readonly ("none" | "some")[];
  readonly values: readonly (Value | null)[];
  readonly follows: boolean;
  readonly body: boolean;
}

const none = ["none"] as const;
const some = ["some"] as const;
const change = { items: some, values: [null], follows: true, body: false } as const;

const table: Partial<Record<`${Action} ${Model}`, Row>> = {
  "publish conversation": { items: none, values: [taking("ADMIN")], follows: false, body: true },
  "modify subject": { items: none, values: [null], follows: true, body: true },
  "modify expiry": { items: none, values: [{ expiresAt: beginning }, null], follows: true, body: false },
  "add label": { items: none, values: [null], follows: false, body: true },
  "remove label": change,
  "add participant": {
    items: none,
    values: [taking("READER"), taking("ADMIN", { mail: true, imported: true })],
    follows: false,
    body: true,
  },
  "modify participant": { ...change, values: [{ role: "READER" }, { role: "ADMIN" }] },
  "remove participant": { ...change, values: [null, "ERASE"] },
  "add message": { items: ["some", "none"], values: [null], follows: false, body: true },
  "modify message": { ...change, body: true },
  "remove message": change,
  "lock message": change,
  "release message": change,
  "add attachment": { items: ["some", "none"], values: [null], follows: false, body: true },
  "remove attachment": change,
  "modify leader": { items: none, values: [{ leader: abroad }], follows: true, body: false },
};

const everyValue: readonly (Value | null)[] = [
  null,
  taking("WRITER"),
  { role: "WRITER" },
  { expiresAt: beginning },
  { leader: abroad },
  "ERASE",
];
const kindOf = (value: Value | null) =>
  value !== null && typeof value === "object" ? Object.keys(value).sort().join() : value;

function proposalOf(action: Action, model: Model, row: Row): Proposal {
  const isFirst = action === "publish";
  return {
    v: 1,
    conversation: isFirst ? null : someHash("conversation"),
    platform: home,
    key: signerOf(home).key.key,
    actor: isFirst ? null : someHash("actor"),
    sentAt: beginning,
    action,
    model,
    item: row.items[0] === "some" ? someHash("item") : null,
    value: row.values[0] ?? null,
    follows: row.follows ? someHash("latest") : null,
    ref: row.body ? someHash("body") : null,
  };
}

const pairs = actions.flatMap((action) => models.map((model) => ({ action, model, row: table[`${action} ${model}`] })));
const inTable = pairs.flatMap(({ action, model, row }) => (row ? [{ action, model, row }] : []));
const notInTable = pairs.filter(({ row }) => !row);

test("the table has sixteen pairs, and the other thirty-two are none", () => {
  expect([inTable.length, notInTable.length]).toEqual([16, 32]);
});

describe.each(inTable)("$action $model", ({ action, model, row }) => {
  const proposal = proposalOf(action, model, row);

  test("is taken with every item and value that the table has for it", () => {
    for (const item of row.items) {
      for (const value of row.values) {
        expect(formFault({ ...proposal, item: item === "some" ? someHash("item") : null, value })).toBeNull();
      }
    }
  });

  test("is refused with an item that the table lacks, or without one that it needs", () => {
    for (const item of ["none", "some"] as const) {
      if (row.items.includes(item)) continue;
      expect(formFault({ ...proposal, item: item === "some" ? someHash("item") : null })).toMatch(/item/);
    }
  });

  test("is refused with the value of another row", () => {
    const own = row.values.map(kindOf);
    const foreign = everyValue.filter((value) => !own.includes(kindOf(value)));
    expect(foreign.length).toBeGreaterThan(0);
    for (const value of foreign) expect(formFault({ ...proposal, value }), JSON.stringify(value)).toMatch(/value/);
  });

  test(`${row.follows ? "needs" : "takes no"} follows`, () => {
    expect(formFault({ ...proposal, follows: row.follows ? null : someHash("latest") })).toMatch(/follows/);
  });

  test(`${row.body ? "has" : "has no"} body`, () => {
    expect(formFault({ ...proposal, ref: row.body ? null : someHash("body") })).toMatch(/body/);
    expect(hasBody(action, model)).toBe(row.body);
  });

  test("names conversation and actor, unless it is the first event", () => {
    const isFirst = action === "publish";
    expect(formFault({ ...proposal, conversation: isFirst ? someHash("conversation") : null })).toMatch(/conversation/);
    expect(formFault({ ...proposal, actor: isFirst ? someHash("actor") : null })).toMatch(/actor/);
  });

  test.each([0, 2, -1])("is refused under version %i", (v) => {
    expect(formFault({ ...proposal, v })).toMatch(/version/);
  });
});

test.each(notInTable)("there is no $action of a $model, in whatever form", ({ action, model }) => {
  expect(hasBody(action, model)).toBe(false);
  for (const { row } of inTable) expect(formFault(proposalOf(action, model, row))).not.toBeNull();
});

describe("A role is one of four, and a taking-part says all of it", () => {
  const row = table["add participant"];
  test.each<[string, unknown]>([
    ["another role", { ...taking("READER"), role: "OWNER" }],
    ["a role in lower case", { ...taking("READER"), role: "reader" }],
    ["no via", { role: "READER", mail: false, imported: false }],
    ["a via that is no platform", taking("READER", { via: "B.example" })],
    ["mail that is neither true nor false", { ...taking("READER"), mail: null }],
    ["a field more", { ...taking("READER"), name: "Rita" }],
  ])("%s is refused", (_, value) => {
    if (!row) throw new Error("not in the table");
    // @ts-expect-error what the types keep out may still come in from elsewhere
    expect(formFault({ ...proposalOf("add", "participant", row), value })).toMatch(/value/);
  });
});

describe("A time is RFC 3339, UTC, three decimals, Z", () => {
  test.each([
    "2026-11-21T09:00:00.000Z",
    "2024-02-29T23:59:59.999Z",
    "0001-01-01T00:00:00.000Z",
    "9999-12-31T23:59:59.999Z",
  ])("%s", (text) => {
    expect(isTimestamp(text)).toBe(true);
  });
  test.each([
    "2026-11-21T09:00:00Z",
    "2026-11-21T09:00:00.00Z",
    "2026-11-21T09:00:00.0000Z",
    "2026-11-21T09:00:00.000",
    "2026-11-21T09:00:00.000+00:00",
    "2026-11-21t09:00:00.000z",
    "2026-11-21 09:00:00.000Z",
    "2026-02-29T00:00:00.000Z",
    "2026-04-31T00:00:00.000Z",
    "2026-13-01T00:00:00.000Z",
    "2026-11-21T24:00:00.000Z",
    "2026-11-21T23:59:60.000Z",
    "2026-11-21T09:00:00.000Z\n",
    "0000-01-01T00:00:00.000Z",
    "+002026-11-21T09:00:00.000Z",
    "",
  ])("%j is none", (text) => {
    expect(isTimestamp(text)).toBe(false);
  });
});

describe("A platform's name is a lower-case DNS name in A-labels", () => {
  test.each([
    "localhost",
    "a.example",
    "xn--mnchen-3ya.example",
    "1.example",
    "a-b.c-d.example",
    `${"a".repeat(63)}.example`,
  ])("%s", (name) => {
    expect(platformNameSchema.safeParse(name).success).toBe(true);
  });
  test.each([
    "A.example",
    "a.example.",
    "a.example:443",
    "a_b.example",
    "-a.example",
    "a-.example",
    "a..example",
    ".example",
    "münchen.example",
    "a.example/f",
    "a.example\n",
    "user@a.example",
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "a.0x7f",
    "a.example.1",
    "[::1]",
    "::1",
    "",
    `${"a".repeat(64)}.example`,
    `${"a.".repeat(124)}example`,
  ])("%j is none", (name) => {
    expect(platformNameSchema.safeParse(name).success).toBe(false);
  });
});
