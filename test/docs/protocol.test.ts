// What docs/protocol.md says in tables is what the code does.
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { limits } from "../../src/conversation/limits.ts";
import { rejectionCodes } from "../../src/conversation/rejection.ts";
import { faultCodes } from "../../src/proof/verify.ts";
import { actions, models, type Proposal, type Value } from "../../src/protocol/event.ts";
import { formFault } from "../../src/protocol/form.ts";
import { given, someHash } from "../conversation/given.ts";

const document = await readFile(new URL("../../docs/protocol.md", import.meta.url), "utf8");

/** The rows of the tables whose header begins with this. */
function rowsOf(header: string): readonly (readonly string[])[] {
  return document
    .split("\n\n")
    .flatMap((block) => (block.startsWith(header) ? block.split("\n").slice(2) : []))
    .map((row) =>
      row
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const ticked = (text = "") => [...text.matchAll(/`([A-Za-z_]+)`/g)].map(([, word = ""]) => word);

test("the limits are the code's", () => {
  const told = rowsOf("| limit |").map(([name, value = ""]) => [ticked(name)[0], Number(value.replaceAll(",", ""))]);
  expect(Object.fromEntries(told)).toEqual(limits);
  expect(told).toHaveLength(Object.keys(limits).length);
});

test("the codes are the code's, each once", () => {
  const told = rowsOf("| code |").flatMap(([code]) => ticked(code));
  expect(told.toSorted()).toEqual([...rejectionCodes, ...faultCodes].toSorted());
});

describe("the table of actions is the code's", () => {
  const values: Readonly<Record<string, Value | null>> = {
    "–": null,
    participant: { role: "READER", via: "a.example", mail: false, imported: false },
    role: { role: "READER" },
    expiry: { expiresAt: "2026-11-21T09:00:00.000Z" },
    leader: { leader: "a.example" },
    erase: "ERASE",
  };
  const [first] = given().log;
  if (!first) throw new Error("there is no log");
  const some = someHash("something");
  const rows = rowsOf("| model | action |");

  /** What form takes of a pair: each of its parts tried in every way. */
  const taken = (action: Proposal["action"], model: Proposal["model"]) => {
    const isFirst = action === "publish";
    const combinations = [null, some].flatMap((item) =>
      Object.entries(values).flatMap(([name, value]) =>
        [null, some].flatMap((follows) => [null, some].map((ref) => ({ item, name, value, follows, ref }))),
      ),
    );
    const ok = combinations.filter(({ item, value, follows, ref }) => {
      const own = isFirst ? { conversation: null, actor: null } : { conversation: some, actor: some };
      return formFault({ ...first.event.proposal, ...own, action, model, item, value, follows, ref }) === null;
    });
    const said = <T>(of: (one: (typeof ok)[number]) => T) => [...new Set(ok.map(of))];
    return {
      item: said(({ item }) => item !== null),
      value: said(({ name }) => name),
      follows: said(({ follows }) => follows !== null),
      body: said(({ ref }) => ref !== null),
    };
  };

  const pairs = models.flatMap((model) => actions.map((action) => [model, action] as const));
  test.each(pairs)("%s %s", (model, action) => {
    const row = rows.find(([toldModel, toldAction]) => toldModel === model && toldAction === action);
    const { item, value, follows, body } = taken(action, model);
    if (!row) return expect([item, value, follows, body]).toEqual([[], [], [], []]);
    const [, , toldItem = "", toldValue = "", toldFollows, toldBody] = row;
    const hasItem = toldItem === "–" ? [false] : toldItem.endsWith("or null") ? [false, true] : [true];
    expect(item.toSorted()).toEqual(hasItem);
    expect(value.toSorted()).toEqual(
      toldValue
        .split(" or ")
        .map((name) => (name === "null" ? "–" : name))
        .toSorted(),
    );
    expect(follows).toEqual([toldFollows === "yes"]);
    expect(body).toEqual([toldBody === "yes"]);
  });

  test("has no row for anything else", () => expect(rows).toHaveLength(16));
});

test("its requirements are numbered without a gap", () => {
  const numbers = [...document.matchAll(/\*\*M(\d+)\*\*/g)].map(([, number]) => Number(number));
  expect(numbers.filter((number, index) => numbers.indexOf(number) === index)).toEqual(
    Array.from({ length: 32 }, (_, index) => index + 1),
  );
});
