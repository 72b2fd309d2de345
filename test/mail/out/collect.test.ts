// Much that waits for one participant.
import { expect, test } from "vitest";
import { collectMail } from "../../../src/mail/out/collect.ts";
import { conversationOf, done, givenPlatform, present, said } from "../../graphql/given.ts";

const given = givenPlatform({ worker: false });

test("words are mailed, however much rides along before them", async () => {
  const { alice } = await given.people("alice");
  const { announcer, database } = given.platform.core;
  const conversation = await conversationOf(alice);
  const added = await done(alice.parley.participantAdd({ conversation, address: "nina@mail.example" }));
  const participant = present(added.item).hash ?? "";
  const mailed = async () => {
    await announcer.idle();
    await collectMail(
      database.pool,
      { platform: "localhost", domain: "localhost", owedMax: 3 },
      { conversation, participant },
    );
    const { rows } = await database.pool.query<{ up_to: number }>(
      "SELECT up_to FROM mail WHERE conversation_id = $1 ORDER BY up_to",
      [conversation],
    );
    return rows.map(({ up_to }) => up_to);
  };
  const [introduced] = await mailed();
  for (const name of ["a", "b", "c", "d"]) await done(alice.parley.labelAdd({ conversation, name }));
  await said(alice, conversation, "At last.");
  for (const name of ["e", "f", "g"]) await done(alice.parley.labelAdd({ conversation, name }));
  await said(alice, conversation, "And at the very last.");
  expect((await mailed()).at(-1)).toBe(present(introduced) + 9);
  expect((await mailed()).at(-1)).toBe(present(introduced) + 9);
});
