// Faults of ours: told as such, without their text, and noted once.
import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { conversationOf, errorCodeOf, givenPlatform } from "./given.ts";

const lines: string[] = [];
const given = givenPlatform({
  log: new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk));
      done();
    },
  }),
});

test("what breaks in a resolver is noted, and told without its text", async () => {
  const { alice } = await given.people("alice");
  const conversation = await conversationOf(alice);
  const { pool } = given.platform.core.database;
  // Else the worker meets it, too.
  await given.platform.searchable();
  await pool.query("ALTER TABLE label RENAME TO lost");
  lines.length = 0;
  const error: unknown = await alice.parley.conversation({ hash: conversation }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: "INTERNAL_SERVER_ERROR",
    message: expect.stringContaining("Something broke here"),
  });
  expect(JSON.stringify(error)).not.toMatch(/label" does not exist|relation|SELECT|node_modules/);
  expect(lines.filter((line) => line.includes("does not exist"))).toHaveLength(1);

  // Mutations too; and the process serves on.
  expect(await errorCodeOf(alice.parley.labelAdd({ conversation, name: "food" }))).toBe("INTERNAL_SERVER_ERROR");
  await pool.query("ALTER TABLE lost RENAME TO label");
  expect(await alice.parley.conversation({ hash: conversation })).toMatchObject({ subject: "Lunch" });
});

test("logs carry neither addresses nor words", async () => {
  const { alice } = await given.people("alice");
  lines.length = 0;
  const conversation = await conversationOf(alice, [], "Unsayable");
  await alice.parley.messageAdd({ conversation, body: "" });
  await alice.parley.participantAdd({ conversation, address: "unsayable@localhost" });
  await errorCodeOf(alice.parley.request("{ unsayable }"));
  expect(lines.join("\n")).not.toMatch(/unsayable|alice/i);
});
