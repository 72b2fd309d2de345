// Settings: the only reader of the environment. One schema; all that is wrong is told at once.
import { z } from "zod";
import { platformNameSchema } from "../protocol/form.ts";
import { logLevels } from "../observe/logger.ts";

const integer = (from: number, to: number, otherwise: number) =>
  z.coerce.number({ error: "must be a number" }).int("must be a whole number").min(from, `must be at least ${from}`).max(to, `must be at most ${to}`).default(otherwise);

const url = (protocols: readonly string[], example: string) =>
  z
    .string()
    .refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), `must be a URL such as ${example}`)
    .optional();

/** By the name of its variable. The descriptions make the settings table of the documentation. */
export const settings = {
  PARLEY_PLATFORM: platformNameSchema.default("localhost").describe("Name of the platform, and the domain that it serves. Fixed at the first start."),
  PARLEY_HOST: z.string().min(1).default("127.0.0.1").describe("Address to listen on; 0.0.0.0 for all of the machine's."),
  PARLEY_PORT: integer(0, 65_535, 4000).describe("Port to listen on; 0 for any that is free."),
  PARLEY_ORIGIN: url(["http:", "https:"], "https://parley.example.org").describe("Where people reach this platform, if not on host and port."),
  PARLEY_DATA: z.string().min(1).default("./data").describe("Folder of the embedded database and its secret."),
  DATABASE_URL: url(["postgres:", "postgresql:"], "postgres://user:password@host:5432/parley").describe("A PostgreSQL of yours; else Parley runs one in the data folder."),
  REDIS_URL: url(["redis:", "rediss:"], "redis://host:6379").describe("A Redis, by which several API processes tell each other; else one process serves alone."),
  PARLEY_SECRET: z.string().min(32, "must have at least 32 characters: openssl rand -base64 32").optional().describe("Seals private keys in the database. Needed with DATABASE_URL; else made in the data folder."),
  PARLEY_DATABASE_POOL: integer(1, 100, 4).describe("Connections to the database at most, per process. On 2 cores 4 beat 16."),
  PARLEY_LOG_LEVEL: z.enum(logLevels, { error: `must be one of ${logLevels.join(", ")}` }).default("info").describe("Lines of less weight are left out."),
};

export interface Config {
  readonly platform: string;
  readonly host: string;
  readonly port: number;
  readonly origin: string | undefined;
  readonly dataFolder: string;
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  /** Always there where `databaseUrl` is. */
  readonly secret: string | undefined;
  readonly databasePool: number;
  readonly logLevel: (typeof logLevels)[number];
}

/** Settings are wrong: the message tells all of them, and what to do. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

// Set by those who run the tests, not by those who run Parley.
const foreign = new Set(["PARLEY_TEST_DATA"]);

/** @throws ConfigError */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  // An empty variable is one that nobody set.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  const parsed = z.object(settings).safeParse(given);
  const faults = parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`);
  for (const name of Object.keys(given)) {
    if (name.startsWith("PARLEY_") && !(name in settings) && !foreign.has(name)) faults.push(`${name} is no setting: is it misspelt? Unset it.`);
  }
  if (given["DATABASE_URL"] !== undefined && given["PARLEY_SECRET"] === undefined) {
    faults.push("PARLEY_SECRET must be set with DATABASE_URL, the same for all processes on that database: openssl rand -base64 32");
  }
  if (!parsed.success || faults.length > 0) {
    throw new ConfigError(`${faults.length === 1 ? "A setting is" : `${faults.length} settings are`} wrong:\n${faults.map((fault) => `  ${fault}`).join("\n")}`);
  }
  const { data } = parsed;
  return {
    platform: data.PARLEY_PLATFORM,
    host: data.PARLEY_HOST,
    port: data.PARLEY_PORT,
    origin: data.PARLEY_ORIGIN,
    dataFolder: data.PARLEY_DATA,
    databaseUrl: data.DATABASE_URL,
    redisUrl: data.REDIS_URL,
    secret: data.PARLEY_SECRET,
    databasePool: data.PARLEY_DATABASE_POOL,
    logLevel: data.PARLEY_LOG_LEVEL,
  };
}
