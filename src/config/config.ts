// The settings: the only reader of the environment, and what each of them means.

import { z } from "zod";
import { ExplainedError } from "../observe/explained-error.ts";
import { logLevels } from "../observe/logger.ts";
import { platformNameSchema } from "../protocol/form.ts";
import { domainsMax } from "../protocol/well-known.ts";

const hasProtocol = (url: string, protocols: readonly string[]): boolean =>
  URL.canParse(url) && protocols.includes(new URL(url).protocol);

const isOrigin = (url: string): boolean => URL.canParse(url) && new URL(url).origin === url.replace(/\/$/, "");

const wholeNumber = (least: number, most: number, message: string) =>
  z
    .string()
    .refine((text) => /^\d{1,6}$/.test(text) && Number(text) >= least && Number(text) <= most, message)
    .transform(Number);

const peersFault =
  "has to be names of platforms with the origins where they really are, each name once: b.localhost=http://127.0.0.1:4002,c.localhost=http://127.0.0.1:4003";

/** `NAME=ORIGIN,NAME=ORIGIN` as a map; null where it is not of this form, or says one name twice. */
function parsePeers(text: string): ReadonlyMap<string, string> | null {
  const pairs = text.split(",").map((pair) => {
    const [name = "", ...origin] = pair.trim().split("=");
    return [name, origin.join("=")] as const;
  });
  const isRight = pairs.every(
    ([name, origin]) =>
      platformNameSchema.safeParse(name).success && isOrigin(origin) && hasProtocol(origin, ["http:", "https:"]),
  );
  if (!isRight) return null;
  const peers = new Map(pairs.map(([name, origin]) => [name, new URL(origin).origin]));
  return peers.size === pairs.length ? peers : null;
}

const isName = (name: string): boolean => platformNameSchema.safeParse(name).success;

/** Each setting as the environment has it. `describe` says what it does, for people; the messages say what to do. */
export const settingsSchema = z.object({
  PARLEY_PLATFORM: z
    .string()
    .refine(isName, "has to be a DNS name in lower case without port, such as parley.example.org")
    .default("localhost")
    .describe("The platform's name, under which others know it. Fixed at the first start."),
  PARLEY_DOMAINS: z
    .string()
    .transform((names) => names.split(",").map((name) => name.trim()))
    .refine(
      (names) => names.every(isName) && names.length <= domainsMax && new Set(names).size === names.length,
      "has to be DNS names in lower case, each once, with commas between them, such as example.org,example.net",
    )
    .optional()
    .describe("The domains whose addresses are accounts here, with commas between them, if not PLATFORM alone."),
  PARLEY_HOST: z
    .string()
    .min(1, "has to be an address or a host name, such as 0.0.0.0 for every address of this machine")
    .default("127.0.0.1")
    .describe("The address that Parley listens on. By default it is reached from this machine alone."),
  PARLEY_PORT: wholeNumber(0, 65_535, "has to be a port from 1 to 65535, or 0 for any that is free")
    .default(4000)
    .describe("The port that Parley listens on; 0 for any that is free."),
  PARLEY_ORIGIN: z
    .string()
    .refine(
      (url) => isOrigin(url) && hasProtocol(url, ["http:", "https:"]),
      "has to be an origin, http(s)://HOST or http(s)://HOST:PORT without a path, such as https://parley.example.org",
    )
    .transform((url) => new URL(url).origin)
    .optional()
    .describe(
      "Where people reach Parley, if not at http://HOST:PORT: in front of a proxy, say. Other platforms come to https://PLATFORM.",
    ),
  PARLEY_TRUST_PROXY: z
    .enum(["0", "1"], "has to be 1 where only a proxy reaches PORT and writes X-Forwarded-For, else 0")
    .default("0")
    .describe(
      "With 1, who asks is the last address of X-Forwarded-For: right where only a proxy reaches PORT, and writes that. Else all other platforms behind it count as one.",
    ),
  PARLEY_PEERS: z
    .string()
    .transform((text, context) => {
      const peers = parsePeers(text);
      if (peers === null) context.addIssue(peersFault);
      return peers ?? z.NEVER;
    })
    .optional()
    .describe(
      "For development: other platforms that are not at https://NAME, as NAME=ORIGIN,NAME=ORIGIN. Requests to them may go to this machine.",
    ),
  PARLEY_DATA: z
    .string()
    .min(1, "has to be a folder; it is made if missing")
    .default("./data")
    .describe("The folder for the database, its secret and its password, where Parley keeps them itself."),
  DATABASE_URL: z
    .string()
    .refine(
      (url) => hasProtocol(url, ["postgres:", "postgresql:"]),
      "has to be the URL of a PostgreSQL database: postgresql://USER:PASSWORD@HOST:5432/DATABASE",
    )
    .optional()
    .describe("A PostgreSQL 15 or later. Without it, Parley starts one of its own in the data folder."),
  REDIS_URL: z
    .string()
    .refine(
      (url) => hasProtocol(url, ["redis:", "rediss:"]),
      "has to be the URL of a Redis: redis://HOST:6379 or rediss://…",
    )
    .optional()
    .describe("A Redis that carries news between processes. Needed as soon as there is more than one."),
  PARLEY_SECRET: z
    .string()
    .min(32, "has to have at least 32 characters; `openssl rand -base64 32` makes one")
    .optional()
    .describe("Seals the platform's private keys. Without DATABASE_URL, one is made and kept in the data folder."),
  PARLEY_DATABASE_POOL: wholeNumber(
    2,
    100,
    "has to be a number from 2 to 100: a worker listens for jobs on one connection and needs another to do them",
  )
    .default(4)
    .describe("Database connections of each process, at least 2. More is not faster: on 2 cores, 4 beat 16."),
  PARLEY_MAIL_DOMAIN: z
    .string()
    .refine(isName, "has to be a DNS name in lower case, such as mail.example.org")
    .optional()
    .describe(
      "The domain of the addresses that mails come from and are answered to, if not PLATFORM. Its mail has to come to Parley, by PARLEY_SMTP_PORT or by Postmark.",
    ),
  SMTP_URL: z
    .string()
    .refine(
      (url) => hasProtocol(url, ["smtp:", "smtps:"]),
      "has to be the URL of a mail server: smtp://USER:PASSWORD@HOST:587, or smtps://…:465",
    )
    .optional()
    .describe(
      "A mail server that takes mails for people who have nothing but an email address. Not beside POSTMARK_TOKEN.",
    ),
  POSTMARK_TOKEN: z
    .string()
    .min(1)
    .optional()
    .describe(
      "The token of a Postmark server, which sends mails. Without it and SMTP_URL they go into files: DATA/mail/*.eml.",
    ),
  POSTMARK_STREAM: z
    .string()
    .min(1)
    .default("outbound")
    .describe("The message stream of Postmark that mails are sent in."),
  POSTMARK_ORIGIN: z
    .string()
    .refine(
      (url) => isOrigin(url) && hasProtocol(url, ["http:", "https:"]),
      "has to be an origin, such as https://api.postmarkapp.com",
    )
    .transform((url) => new URL(url).origin)
    .default("https://api.postmarkapp.com")
    .describe("For development: where Postmark's API is."),
  POSTMARK_WEBHOOK_PASSWORD: z
    .string()
    .min(16, "has to have at least 16 characters; `openssl rand -hex 16` makes one")
    .optional()
    .describe(
      "What Postmark shows with its webhooks: https://postmark:PASSWORD@HOST/webhooks/postmark. Without it there are none.",
    ),
  PARLEY_SMTP_PORT: wholeNumber(0, 65_535, "has to be a port from 1 to 65535, or 0 for any that is free")
    .optional()
    .describe("Takes mails by SMTP on this port of PARLEY_HOST. Without it, none come in this way."),
  PARLEY_SMTP_CERT: z
    .string()
    .optional()
    .describe(
      "A file with a certificate and its chain, PEM: with it and PARLEY_SMTP_KEY mails are taken by TLS, too (STARTTLS). Both are read anew every hour.",
    ),
  PARLEY_SMTP_KEY: z.string().optional().describe("The file with the key of PARLEY_SMTP_CERT, PEM."),
  PARLEY_MAIL_DELAY: wholeNumber(0, 3_600, "has to be a number of seconds from 0 to 3600")
    .default(30)
    .describe("Seconds that words wait before they are mailed: what is said within them goes into one mail."),
  PARLEY_METRICS_PORT: wholeNumber(0, 65_535, "has to be a port from 1 to 65535, or 0 for any that is free")
    .optional()
    .describe("Serves /metrics for Prometheus, and /healthz, on this port of PARLEY_HOST. Not for everybody's eyes."),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .string()
    .refine(
      (url) => hasProtocol(url, ["http:", "https:"]),
      "has to be the URL of a collector that takes OTLP over HTTP, such as http://localhost:4318",
    )
    .transform((url) => url.replace(/\/+$/, ""))
    .optional()
    .describe(
      "An OpenTelemetry collector: operations, jobs and statements are traced to its /v1/traces, as OTLP in JSON.",
    ),
  PARLEY_LOG_LEVEL: z
    .enum(logLevels, `has to be one of ${logLevels.join(", ")}`)
    .default("info")
    .describe("The least important lines that are logged."),
});

/** The environment's part that is not ours to read and may still be there. */
const knownElsewhere = new Set(["PARLEY_TEST_DATA"]);

/** How people are reached who have nothing but an email address. */
export interface MailConfig {
  /** Of our addresses. */
  readonly domain: string;
  readonly provider:
    | { readonly kind: "files" }
    | { readonly kind: "smtp"; readonly url: string }
    | { readonly kind: "postmark"; readonly token: string; readonly stream: string; readonly origin: string };
  /** Undefined: Postmark's webhooks are not there. */
  readonly webhookPassword: string | undefined;
  /** Undefined: no mails come in by SMTP. 0: any that is free. */
  readonly smtpPort: number | undefined;
  /** Files, PEM. Undefined: STARTTLS is not offered. */
  readonly smtpCertificate: { readonly cert: string; readonly key: string } | undefined;
  /** How long words wait for others that go into the same mail. */
  readonly delayMs: number;
}

/** What the parts are made with. */
export type Config = {
  /** A DNS name in lower case. */
  platform: string;
  /** The domains whose addresses are accounts here; the first is the one that people are told. */
  domains: readonly string[];
  host: string;
  /** 0: any that is free. */
  port: number;
  /** Where people reach this process, without a trailing slash; undefined: at the address that it listens on. */
  origin: string | undefined;
  /** Whether the last address of `X-Forwarded-For` is who asks, for only a proxy reaches the port. */
  isProxyTrusted: boolean;
  /** Platforms by name, with the origins where they are for this process instead of at https://NAME. */
  peers: ReadonlyMap<string, string>;
  dataFolder: string;
  /** Undefined: Parley starts a PostgreSQL of its own in the data folder. */
  databaseUrl: string | undefined;
  /** Undefined: there is only this process, which needs none. */
  redisUrl: string | undefined;
  /** Undefined only without databaseUrl: then it is made in the data folder. */
  secret: string | undefined;
  databasePoolSize: number;
  mail: MailConfig;
  /** Undefined: metrics are not collected. */
  metricsPort: number | undefined;
  /** Of a collector, without a slash at its end. Undefined: nothing is traced. */
  tracesTo: string | undefined;
  logLevel: (typeof logLevels)[number];
};

/** Some settings are wrong. `faults` has one entry for each; the message tells all of them. */
export class ConfigError extends ExplainedError {
  override name = "ConfigError";
  faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(
      `${faults.length === 1 ? "A setting is" : `${faults.length} settings are`} wrong:\n` +
        faults.map((fault) => `  ${fault}`).join("\n"),
    );
    this.faults = faults;
  }
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
  }
  return row[b.length] ?? 0;
}

function explainUnknown(name: string): string {
  const byDistance = Object.keys(settingsSchema.shape).map((known) => ({ known, far: distance(known, name) }));
  const nearest = byDistance.reduce((best, one) => (one.far < best.far ? one : best));
  return `${name} is no setting. ${nearest.far <= 3 ? `Is ${nearest.known} meant?` : "Unset it."}`;
}

// A value may be a secret, so it is shown only where it cannot be one.
const showValue = (name: string, value: string): string =>
  /URL|SECRET|TOKEN|PASSWORD|ENDPOINT/.test(name) ? "" : ` It is ${JSON.stringify(value.slice(0, 80))}.`;

/**
 * Reads the settings from an environment, by default this process's. A setting that is empty counts as not set, as `NAME= parley start` means it.
 * Throws ConfigError with all faults, misspelt names among them.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  const isUnknown = (name: string) =>
    /^(PARLEY|POSTMARK)_/.test(name) && !(name in settingsSchema.shape) && !knownElsewhere.has(name);
  const faults = Object.keys(given).filter(isUnknown).sort().map(explainUnknown);

  const parsed = settingsSchema.safeParse(given);
  for (const { path, message } of parsed.error?.issues ?? []) {
    const name = String(path[0]);
    faults.push(`${name} ${message}.${showValue(name, given[name] ?? "")}`);
  }
  if (given["DATABASE_URL"] !== undefined && given["PARLEY_SECRET"] === undefined) {
    faults.push(
      "PARLEY_SECRET is missing. It is needed with DATABASE_URL, for every process on that database has to have the same; `openssl rand -base64 32` makes one.",
    );
  }
  if (given["SMTP_URL"] !== undefined && given["POSTMARK_TOKEN"] !== undefined) {
    faults.push("SMTP_URL and POSTMARK_TOKEN are both set. Mails go one way: unset the other.");
  }
  const lacking = ["PARLEY_SMTP_PORT", "PARLEY_SMTP_CERT", "PARLEY_SMTP_KEY"].filter(
    (name) => given[name] === undefined,
  );
  if ((given["PARLEY_SMTP_CERT"] ?? given["PARLEY_SMTP_KEY"]) !== undefined && lacking.length > 0) {
    faults.push(
      `${lacking.join(" and ")} ${lacking.length === 1 ? "is" : "are"} missing. TLS for mails that come in by SMTP takes PARLEY_SMTP_PORT, PARLEY_SMTP_CERT and PARLEY_SMTP_KEY.`,
    );
  }
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults);
  const settings = parsed.data;
  return {
    platform: settings.PARLEY_PLATFORM,
    domains: settings.PARLEY_DOMAINS ?? [settings.PARLEY_PLATFORM],
    host: settings.PARLEY_HOST,
    port: settings.PARLEY_PORT,
    origin: settings.PARLEY_ORIGIN,
    isProxyTrusted: settings.PARLEY_TRUST_PROXY === "1",
    peers: settings.PARLEY_PEERS ?? new Map(),
    dataFolder: settings.PARLEY_DATA,
    databaseUrl: settings.DATABASE_URL,
    redisUrl: settings.REDIS_URL,
    secret: settings.PARLEY_SECRET,
    databasePoolSize: settings.PARLEY_DATABASE_POOL,
    mail: {
      domain: settings.PARLEY_MAIL_DOMAIN ?? settings.PARLEY_PLATFORM,
      provider: providerOf(settings),
      webhookPassword: settings.POSTMARK_WEBHOOK_PASSWORD,
      smtpPort: settings.PARLEY_SMTP_PORT,
      smtpCertificate:
        settings.PARLEY_SMTP_CERT === undefined || settings.PARLEY_SMTP_KEY === undefined
          ? undefined
          : { cert: settings.PARLEY_SMTP_CERT, key: settings.PARLEY_SMTP_KEY },
      delayMs: settings.PARLEY_MAIL_DELAY * 1_000,
    },
    metricsPort: settings.PARLEY_METRICS_PORT,
    tracesTo: settings.OTEL_EXPORTER_OTLP_ENDPOINT,
    logLevel: settings.PARLEY_LOG_LEVEL,
  };
}

function providerOf(settings: z.infer<typeof settingsSchema>): MailConfig["provider"] {
  const { SMTP_URL: url, POSTMARK_TOKEN: token, POSTMARK_STREAM: stream, POSTMARK_ORIGIN: origin } = settings;
  if (url !== undefined) return { kind: "smtp", url };
  return token === undefined ? { kind: "files" } : { kind: "postmark", token, stream, origin };
}
