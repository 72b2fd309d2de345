import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { z } from "zod";

const checkout = fileURLToPath(new URL("../../", import.meta.url));
const configuration = ".dependency-cruiser.mjs";

const reportSchema = z.object({
  summary: z.object({
    totalCruised: z.number(),
    violations: z.array(z.object({ from: z.string(), to: z.string(), rule: z.object({ name: z.string() }) })),
  }),
});

/** Exits with the number of violations, so what it writes is read whatever its code. */
const cruise = async (folder: string, parts: readonly string[]) => {
  const program = join(checkout, "node_modules/dependency-cruiser/bin/dependency-cruiser.mjs");
  const args = [program, "--config", configuration, "--output-type", "json", ...parts];
  const output = await new Promise<string>((done, failed) => {
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 2 ** 28 }, (error, stdout, stderr) =>
      stdout === "" ? failed(new Error(stderr, { cause: error })) : done(stdout),
    );
  });
  return reportSchema.parse(JSON.parse(output)).summary;
};

const sourceFiles = async (part: string): Promise<string[]> => {
  const entries = await readdir(join(checkout, part), { recursive: true });
  return entries
    .map((entry) => `${part}/${entry}`)
    .filter((path) => path.endsWith(".ts") && !path.startsWith("src/store/prisma/"));
};

test("no import goes the wrong way, and every module was looked at", async () => {
  const { totalCruised, violations } = await cruise(checkout, ["src", "workers", "test"]);
  expect(violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`)).toEqual([]);
  const files = [...(await sourceFiles("src")), ...(await sourceFiles("test"))];
  expect(files.length).toBeGreaterThan(50);
  expect(totalCruised).toBeGreaterThanOrEqual(files.length);
});

// What each rule forbids, planted: file, what it imports, the rule that has to see it.
const planted: [file: string, imported: string, rule: string][] = [
  ["src/conversation/clock.ts", "node:timers", "conversation-does-no-io"],
  ["src/conversation/hash.ts", "node:crypto", "conversation-does-no-io"],
  ["src/protocol/files.ts", "node:fs/promises", "protocol-does-no-io"],
  ["src/protocol/database.ts", "pg", "pure-parts-use-no-packages-but-zod"],
  ["src/protocol/rules.ts", "../conversation/empty.ts", "protocol-stands-alone"],
  ["src/conversation/store.ts", "../store/empty.ts", "conversation-knows-only-the-protocol"],
  ["src/proof/files.ts", "node:fs/promises", "proof-does-no-io"],
  ["src/proof/store.ts", "../store/empty.ts", "proof-knows-only-the-rules"],
  ["src/conformance/store.ts", "../store/empty.ts", "conformance-knows-only-the-protocol"],
  ["src/federation/mail.ts", "../mail/empty.ts", "federation-and-mail-do-not-know-each-other"],
  ["src/mail/federation.ts", "../federation/empty.ts", "federation-and-mail-do-not-know-each-other"],
  ["src/mail/graphql.ts", "../graphql/empty.ts", "federation-and-mail-do-not-know-graphql"],
  ["src/federation/asks.ts", "node:https", "only-net-reaches-outside"],
  ["src/accounts/looks-up.ts", "node:dns/promises", "only-net-reaches-outside"],
  ["src/net/store.ts", "../store/empty.ts", "net-stands-alone"],
  ["src/graphql/writes.ts", "pg", "graphql-is-thin"],
  ["src/graphql/client.ts", "../store/prisma/client.ts", "graphql-is-thin"],
  ["src/store/graphql.ts", "../graphql/empty.ts", "nothing-below-knows-graphql"],
  ["src/store/tasks.ts", "../../workers/empty.ts", "only-the-cli-knows-the-workers"],
  ["src/http/cli.ts", "../cli/empty.ts", "nothing-knows-the-cli"],
  ["src/http/test.ts", "../../test/empty.ts", "nothing-imports-tests-bench-or-demo"],
  ["workers/bench.ts", "../bench/empty.ts", "nothing-imports-tests-bench-or-demo"],
  ["src/http/web.ts", "../../web/empty.ts", "nothing-imports-web"],
  ["sdk/src/inside.ts", "../../src/protocol/empty.ts", "clients-know-only-the-schema"],
  ["src/store/env.ts", "node:process", "only-config-reads-the-environment"],
  ["src/store/dev.ts", "vitest", "what-runs-needs-no-dev-dependency"],
  ["src/store/nowhere.ts", "./nowhere-to-be-found.ts", "every-import-resolves"],
  ["src/store/cycle-a.ts", "./cycle-b.ts", "no-cycles"],
];

const allowed: [file: string, imported: string][] = [
  // The other half of the cycle: a cycle is told once.
  ["src/store/cycle-b.ts", "./cycle-a.ts"],
  ["src/protocol/sign.ts", "node:crypto"],
  ["src/protocol/schema.ts", "zod"],
  ["src/conversation/form.ts", "../protocol/empty.ts"],
  ["src/cli/tasks.ts", "../../workers/empty.ts"],
  ["src/config/env.ts", "node:process"],
  ["src/graphql/store.ts", "../store/empty.ts"],
  ["src/net/asks.ts", "node:https"],
  ["src/http/serves.ts", "node:http"],
];

const write = async (folder: string, file: string, text: string): Promise<void> => {
  await mkdir(dirname(join(folder, file)), { recursive: true });
  await writeFile(join(folder, file), text);
};

const plant = async (folder: string): Promise<void> => {
  for (const file of [configuration, "package.json"]) await cp(join(checkout, file), join(folder, file));
  await symlink(join(checkout, "node_modules"), join(folder, "node_modules"));
  const parts = ["conversation", "protocol", "store", "store/prisma", "federation", "mail", "graphql", "cli"];
  for (const part of [...parts.map((name) => `src/${name}`), "workers", "test", "bench", "web"]) {
    await write(folder, `${part}/${part === "src/store/prisma" ? "client" : "empty"}.ts`, "export const empty = 0;\n");
  }
  for (const [file, imported] of [...planted, ...allowed]) {
    // With `using`, which the walker over the syntax tree had to be taught.
    const body = "export const all = () => { using x = part; return x; };";
    await write(folder, file, `import * as part from "${imported}";\n${body}\n`);
  }
};

test("an import that goes the wrong way is seen, and none that goes the right way", async () => {
  const folder = await mkdtemp(join(tmpdir(), "parley-imports-"));
  try {
    await plant(folder);
    const { violations } = await cruise(folder, ["src", "workers", "test", "bench", "web", "sdk"]);
    const seen = violations.map(({ rule, from }) => `${from}: ${rule.name}`);
    expect(seen).toEqual(expect.arrayContaining(planted.map(([file, , rule]) => `${file}: ${rule}`)));
    const wronged = new Set(violations.map(({ from }) => from));
    expect(allowed.map(([file]) => file).filter((file) => wronged.has(file))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

// What no import shows: globals that read a clock, draw at random or reach outside.
const impure =
  /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\brandom(Bytes|UUID|Int|FillSync)\b|\bgetRandomValues\b|\bperformance\b|\bset(Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bfetch\(|\bprocess\.|\bglobalThis\b|\bconsole\b/;

test("the rules and the protocol take no time and no randomness but what they are handed", async () => {
  const files = [...(await sourceFiles("src/conversation")), ...(await sourceFiles("src/protocol"))];
  expect(files.length).toBeGreaterThan(10);
  const found: string[] = [];
  for (const file of files) {
    const lines = (await readFile(join(checkout, file), "utf8")).split("\n");
    const isCode = (line: string) => !/^\s*(\/\/|\*|\/\*)/.test(line);
    found.push(...lines.filter((line) => isCode(line) && impure.test(line)).map((line) => `${file}: ${line.trim()}`));
  }
  expect(found).toEqual([]);
});

test("nothing but the client of Postmark asks others by fetch, which no guard stands before", async () => {
  const files = [...(await sourceFiles("src")), ...(await sourceFiles("workers"))];
  const texts = await Promise.all(
    files.map(async (file) => ({ file, text: await readFile(join(checkout, file), "utf8") })),
  );
  // Postmark is where the operator says that it is, and its library asks by nothing else.
  const askers = ["src/mail/providers/postmark.ts"];
  expect(texts.filter(({ text }) => /\bfetch\(/.test(text)).map(({ file }) => file)).toEqual(askers);
});
