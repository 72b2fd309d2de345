// What the page about operating, the image and the composition name is there.
import { readFile, stat } from "node:fs/promises";
import { expect, test } from "vitest";
import { settingsSchema } from "../../src/config/config.ts";
import { budgets, sameWordsMax } from "../../src/mail/in/budgets.ts";
import { keptForDays } from "../../src/mail/in/forget-mails.ts";
import { createMetrics } from "../../src/observe/metrics.ts";

const read = (name: string): Promise<string> => readFile(new URL(`../../${name}`, import.meta.url), "utf8");

test.each(["docs/operating.md", "Dockerfile", "compose.yaml"])("every setting that %s names is one", async (name) => {
  const named = [...(await read(name)).matchAll(/\b(?:PARLEY_[A-Z_]*[A-Z]|DATABASE_URL|REDIS_URL)\b/g)].map(
    ([one]) => one,
  );
  expect(named.length).toBeGreaterThan(1);
  expect(named.filter((one) => !(one in settingsSchema.shape))).toEqual([]);
});

test("every metric is described, and what is described is one", async () => {
  const metrics = createMetrics({
    pool: () => ({ total: 0, idle: 0, waiting: 0 }),
    isBusReady: () => true,
    outbox: async () => ({ size: 0, ageSeconds: 0 }),
    unindexed: async () => ({ size: 0, ageSeconds: 0 }),
    jobs: async () => ({ waiting: 0, failed: 0 }),
  });
  const made = [...(await metrics.text()).matchAll(/^# TYPE (parley_\w+)/gm)].map(([, name]) => name);
  const said = [...(await read("docs/operating.md")).matchAll(/\bparley_\w+/g)].map(([name]) =>
    name.replace(/_(?:bucket|count)$/, ""),
  );
  expect(new Set(said)).toEqual(new Set(made));
});

test("what the image is made of is there, and is not kept from it", async () => {
  const copied = [...(await read("Dockerfile")).matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, sources = ""]) =>
    sources.split(" "),
  );
  expect(copied).toContain("src");
  const allowed = (await read(".dockerignore")).split("\n");
  for (const source of copied) {
    expect(allowed).toContain(`!${source}`);
    await stat(new URL(`../../${source}`, import.meta.url));
  }
  const entry = /^ENTRYPOINT \["node", "(.*)"\]$/m.exec(await read("Dockerfile"))?.[1];
  await stat(new URL(`../../${entry}`, import.meta.url));
});

test.each([
  ["docs/operating.md", "openssl rand -base64 32 > parley.secret", "/parley.secret"],
  ["docs/operating.md", "> postgres.env", "/postgres.env"],
  ["docs/operating.md", "> parley.env", "/parley.env"],
  ["docs/operating.md", "parley keys spare spare.json", "/spare.json"],
  ["docs/operating.md", "--file=parley.dump", "/parley.dump"],
  ["docs/operating.md", "cp -a data data.backup", "/data.backup/"],
  ["README.md", "PARLEY_DATA=./data-a", "/data-*/"],
  ["README.md", "--out lunch.json", "/lunch.json"],
  ["sdk/README.md", "`npm pack` in this folder", "/sdk/*.tgz"],
])("what %s has one make by `%s` is not committed by mistake", async (page, command, ignored) => {
  expect(await read(page)).toContain(command);
  expect((await read(".gitignore")).split("\n")).toContain(ignored);
});

test("containers share a data folder that the image's user may write to", async () => {
  const image = await read("Dockerfile");
  const folder = /\bPARLEY_DATA=(\S+)/.exec(image)?.[1];
  expect(folder).toBeDefined();
  expect(image).toContain(`RUN mkdir ${folder} && chown node:node ${folder}\nUSER node`);
  const [shared = ""] = (await read("compose.yaml")).split("\nservices:");
  expect(shared).toContain(`volumes: ["data:${folder}"]`);
});

test("the budgets of mails that come in are those that are told", async () => {
  const page = await read("docs/operating.md");
  const { postedInHour, postedInDay, confirmations, notices, kept, begun, spam } = budgets;
  const told = [...page.matchAll(/^\| (?:mails|the same words|conversations) .* \| (.*) \| .* \|$/gm)].map(
    ([, most]) => most,
  );
  const daily = [sameWordsMax, ...[confirmations, notices, kept, begun, spam].map(({ most }) => most)];
  expect(told).toEqual([
    `${postedInHour.most} an hour, ${postedInDay.most} a day`,
    ...daily.map((most) => `${most} a day`),
  ]);
  expect(page).toContain(`became nothing for ${keptForDays.REFUSED} days`);
  expect(page).toContain(
    `refused after ${keptForDays.HELD} days,\none that nobody decides about after ${keptForDays.KEPT}`,
  );
});
