import { expect, test } from "vitest";
import { ConfigError, readConfig, settingsSchema } from "../../src/config/config.ts";

const secret = "0123456789abcdef0123456789abcdef";

const faultsOf = (env: Record<string, string>): readonly string[] => {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
};

test("without any setting Parley serves this machine, with a database of its own", () => {
  expect(readConfig({ PATH: "/usr/bin" })).toEqual({
    platform: "localhost",
    domains: ["localhost"],
    host: "127.0.0.1",
    port: 4000,
    origin: undefined,
    isProxyTrusted: false,
    peers: new Map(),
    dataFolder: "./data",
    databaseUrl: undefined,
    redisUrl: undefined,
    secret: undefined,
    databasePoolSize: 4,
    mail: {
      domain: "localhost",
      provider: { kind: "files" },
      webhookPassword: undefined,
      smtpPort: undefined,
      smtpCertificate: undefined,
      delayMs: 30_000,
    },
    metricsPort: undefined,
    tracesTo: undefined,
    logLevel: "info",
  });
});

test("every setting is taken", () => {
  expect(
    readConfig({
      PARLEY_PLATFORM: "parley.example.org",
      PARLEY_DOMAINS: "example.org, example.net",
      PARLEY_HOST: "0.0.0.0",
      PARLEY_PORT: "0",
      PARLEY_ORIGIN: "https://parley.example.org/",
      PARLEY_TRUST_PROXY: "1",
      PARLEY_PEERS: "b.localhost=http://127.0.0.1:4002, c.localhost=https://[::1]:4003/",
      PARLEY_DATA: "/var/lib/parley",
      DATABASE_URL: "postgresql://parley@database/parley",
      REDIS_URL: "redis://cache:6379",
      PARLEY_SECRET: secret,
      PARLEY_DATABASE_POOL: "16",
      PARLEY_MAIL_DOMAIN: "mail.example.org",
      POSTMARK_TOKEN: "token",
      POSTMARK_STREAM: "conversations",
      POSTMARK_WEBHOOK_PASSWORD: secret,
      PARLEY_SMTP_PORT: "2525",
      PARLEY_SMTP_CERT: "/etc/ssl/mail.pem",
      PARLEY_SMTP_KEY: "/etc/ssl/mail.key",
      PARLEY_MAIL_DELAY: "0",
      PARLEY_METRICS_PORT: "9464",
      OTEL_EXPORTER_OTLP_ENDPOINT: "https://collector.example.org/otlp/",
      PARLEY_LOG_LEVEL: "debug",
      PARLEY_TEST_DATA: "/corpora",
    }),
  ).toEqual({
    platform: "parley.example.org",
    domains: ["example.org", "example.net"],
    host: "0.0.0.0",
    port: 0,
    origin: "https://parley.example.org",
    isProxyTrusted: true,
    peers: new Map([
      ["b.localhost", "http://127.0.0.1:4002"],
      ["c.localhost", "https://[::1]:4003"],
    ]),
    dataFolder: "/var/lib/parley",
    databaseUrl: "postgresql://parley@database/parley",
    redisUrl: "redis://cache:6379",
    secret,
    databasePoolSize: 16,
    mail: {
      domain: "mail.example.org",
      provider: { kind: "postmark", token: "token", stream: "conversations", origin: "https://api.postmarkapp.com" },
      webhookPassword: secret,
      smtpPort: 2525,
      smtpCertificate: { cert: "/etc/ssl/mail.pem", key: "/etc/ssl/mail.key" },
      delayMs: 0,
    },
    metricsPort: 9464,
    tracesTo: "https://collector.example.org/otlp",
    logLevel: "debug",
  });
});

test("misspelt settings of Postmark are told as well", () => {
  expect(faultsOf({ POSTMARK_TOKN: "token", POSTMARK_API_KEY: "key" })).toEqual([
    "POSTMARK_API_KEY is no setting. Unset it.",
    "POSTMARK_TOKN is no setting. Is POSTMARK_TOKEN meant?",
  ]);
});

test("TLS for mails that come in takes a port, a certificate and its key", () => {
  const all = { PARLEY_SMTP_PORT: "2525", PARLEY_SMTP_CERT: "cert.pem", PARLEY_SMTP_KEY: "key.pem" };
  const needs = "TLS for mails that come in by SMTP takes PARLEY_SMTP_PORT, PARLEY_SMTP_CERT and PARLEY_SMTP_KEY.";
  expect(faultsOf(all)).toEqual([]);
  const { PARLEY_SMTP_KEY: _, ...keyless } = all;
  expect(faultsOf(keyless)).toEqual([`PARLEY_SMTP_KEY is missing. ${needs}`]);
  expect(faultsOf({ PARLEY_SMTP_KEY: "key.pem" })).toEqual([
    `PARLEY_SMTP_PORT and PARLEY_SMTP_CERT are missing. ${needs}`,
  ]);
});

test("mails go one way", () => {
  const url = "smtps://parley:word@mail.example.org:465";
  expect(readConfig({ SMTP_URL: url }).mail.provider).toEqual({ kind: "smtp", url });
  expect(faultsOf({ SMTP_URL: url, POSTMARK_TOKEN: "token" })).toEqual([
    "SMTP_URL and POSTMARK_TOKEN are both set. Mails go one way: unset the other.",
  ]);
});

test("an empty setting counts as not set", () => {
  expect(readConfig({ PARLEY_PORT: "", DATABASE_URL: "" })).toEqual(readConfig({}));
});

test("all wrong settings are told at once, each with what to do", () => {
  const env = { PARLEY_PLATFORM: "Parley.Example.", PARLEY_PORT: "http", PARLEY_POTR: "80", DATABASE_URL: "mysql://x" };
  expect(() => readConfig(env)).toThrow(
    [
      "5 settings are wrong:",
      "  PARLEY_POTR is no setting. Is PARLEY_PORT meant?",
      '  PARLEY_PLATFORM has to be a DNS name in lower case without port, such as parley.example.org. It is "Parley.Example.".',
      '  PARLEY_PORT has to be a port from 1 to 65535, or 0 for any that is free. It is "http".',
      "  DATABASE_URL has to be the URL of a PostgreSQL database: postgresql://USER:PASSWORD@HOST:5432/DATABASE.",
      "  PARLEY_SECRET is missing. It is needed with DATABASE_URL, for every process on that database has to have the same; `openssl rand -base64 32` makes one.",
    ].join("\n"),
  );
});

test.each([
  [
    "PARLEY_PLATFORM",
    ["LOCALHOST", "a..b", "-a.example", "a.example:4000", "a.example.", "ä.example", `${"a".repeat(64)}.example`],
  ],
  ["PARLEY_DOMAINS", ["example.org,", "Example.org", "example.org example.net", "a.example,a.example"]],
  ["PARLEY_PORT", ["-1", "65536", "4000.5", "4e3", " 4000"]],
  [
    "PARLEY_ORIGIN",
    ["parley.example.org", "https://parley.example.org/path", "ftp://parley.example.org", "https://a@b.example"],
  ],
  [
    "PARLEY_PEERS",
    [
      ...[
        "b.localhost",
        "http://127.0.0.1:4002",
        "b.localhost=127.0.0.1:4002",
        "b.localhost=http://127.0.0.1:4002/path",
      ],
      ...["b.localhost=ftp://127.0.0.1", "B.localhost=http://127.0.0.1", "b.localhost=http://127.0.0.1:4002,", ","],
      ...["b.localhost:4002=http://127.0.0.1", "b.localhost=http://127.0.0.1:1,b.localhost=http://127.0.0.1:2"],
    ],
  ],
  ["DATABASE_URL", ["localhost", "mysql://localhost/parley"]],
  ["REDIS_URL", ["localhost:6379", "http://localhost"]],
  ["OTEL_EXPORTER_OTLP_ENDPOINT", ["localhost:4318", "grpc://localhost:4317"]],
  ["PARLEY_SECRET", ["short"]],
  ["PARLEY_DATABASE_POOL", ["0", "1", "101", "many"]],
  ["PARLEY_TRUST_PROXY", ["true", "2", "10.0.0.1"]],
  ["PARLEY_MAIL_DOMAIN", ["Mail.example.org", "@example.org"]],
  ["SMTP_URL", ["mail.example.org:587", "http://mail.example.org"]],
  ["POSTMARK_ORIGIN", ["api.postmarkapp.com", "https://api.postmarkapp.com/email"]],
  ["POSTMARK_WEBHOOK_PASSWORD", ["short"]],
  ["PARLEY_SMTP_PORT", ["-1", "65536", "smtp"]],
  ["PARLEY_MAIL_DELAY", ["-1", "3601", "1m"]],
  ["PARLEY_METRICS_PORT", ["-1", "65536", "on"]],
  ["PARLEY_LOG_LEVEL", ["verbose", "INFO"]],
])("a wrong %s is told", (name, values) => {
  for (const value of values) {
    expect(faultsOf({ PARLEY_SECRET: secret, [name]: value })).toEqual([expect.stringMatching(`^${name} has to `)]);
  }
});

test("a fault shows no secret and no password", () => {
  const faults = faultsOf({
    ...{ PARLEY_SECRET: "hunter2", DATABASE_URL: "mysql://u:hunter2@h/d", REDIS_URL: "hunter2" },
    ...{ SMTP_URL: "http://u:hunter2@h", POSTMARK_WEBHOOK_PASSWORD: "hunter2" },
  });
  expect(faults).toHaveLength(5);
  expect(faults.join()).not.toContain("hunter2");
});

test("every setting says what it does", () => {
  for (const [name, schema] of Object.entries(settingsSchema.shape)) {
    expect(schema.description, name).toMatch(/^[A-Z].{20,}\.$/);
  }
});
