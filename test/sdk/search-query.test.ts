// A search put together by the SDK is understood by the platform as it was meant.
import fc from "fast-check";
import { expect, test } from "vitest";
import { searchQuery } from "../../sdk/src/search-query.ts";
import { parseSearch } from "../../src/search/grammar.ts";

test("all that can be looked for is put together", () => {
  const query = searchQuery({
    words: ["lunch", "-OR", "from:eve“"],
    phrases: ["on friday"],
    without: ["dinner"],
    from: "Alice Bell",
    hasAttachment: false,
    before: new Date("2026-02-01T10:00:00Z"),
    is: ["unread"],
    in: "archive",
  });
  expect(query).toBe(
    'lunch OR from eve "on friday" -"dinner" from:"Alice Bell" -has:attachment before:"2026-02-01" is:unread in:"archive"'.replace(
      " OR ",
      " or ",
    ),
  );
  expect(parseSearch(query)).toMatchObject({ node: { kind: "and" } });
});

test("names and labels are never taken for the search's own language", () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 40 }).filter((text) => text.replaceAll('"', " ").trim() !== ""),
      (text) => {
        expect(parseSearch(searchQuery({ label: text }))).toEqual({
          node: { kind: "label", name: text.replaceAll('"', " ") },
        });
      },
    ),
  );
});
