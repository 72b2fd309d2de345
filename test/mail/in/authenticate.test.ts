import { generateKeyPairSync } from "node:crypto";
import type { DKIMSignOptions } from "mailauth";
import { dkimSign } from "mailauth/lib/dkim/sign.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAuthenticateMail } from "../../../src/mail/in/authenticate.ts";
import type { ResolveRecords } from "../../../src/mail/in/bounded-resolver.ts";
import { dnsRecords } from "../../../src/net/dns-records.ts";
import { type NameServer, startNameServer } from "../../support/name-server.ts";

const { publicKey, privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});
const edwards = generateKeyPairSync("ed25519", {
  publicKeyEncoding: { type: "spki", format: "der" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});
const keyRecord = `v=DKIM1; k=rsa; p=${publicKey.replace(/-----.*-----|\n/g, "")}`;

const domain = "b.example";
const theirs = "192.0.2.1";
const others = "198.51.100.7";

/** TXT records by name; others by `TYPE name`. */
type Zone = Readonly<Record<string, readonly string[]>>;

const signing: Zone = { [`s._domainkey.${domain}`]: [keyRecord] };
const sending: Zone = { [domain]: [`v=spf1 ip4:${theirs} -all`] };

function resolverOf(zone: Zone, asked: string[] = []): ResolveRecords {
  return async (name, type) => {
    asked.push(`${type} ${name}`);
    const records = type === "TXT" ? zone[name] : zone[`${type} ${name}`];
    if (records === undefined) throw Object.assign(new Error(`no ${name}`), { code: "ENOTFOUND" });
    return type === "TXT" ? records.map((record) => [record]) : [...records];
  };
}

interface Case {
  readonly zone?: Zone;
  readonly raw?: Buffer;
  readonly from?: string | null;
  readonly remoteAddress?: string | null;
  readonly helo?: string | null;
  readonly to?: readonly string[];
}

const mail = (from: string, more = "") =>
  Buffer.from(`From: ${from}\r\nTo: alice@a.example\r\nSubject: lunch\r\n${more}\r\nAt noon?\r\n`);
const plain = mail(`Bob <bob@${domain}>`);

const authenticated = ({ zone = {}, raw = plain, from = null, remoteAddress = null, helo = null, to = [] }: Case) =>
  createAuthenticateMail({ resolver: resolverOf(zone) })({ raw, envelope: { from, remoteAddress, helo, to: [...to] } });
const verdict = async (given: Case) => (await authenticated(given)).verdict;

interface Signing {
  readonly signingDomain?: string;
  readonly selector?: string;
  readonly algorithm?: string;
  readonly headerList?: string;
  readonly maxBodyLength?: number;
  readonly expires?: Date;
  readonly key?: string;
}

async function signed(raw: Buffer, { key = privateKey, ...options }: Signing = {}): Promise<Buffer> {
  const { signatures, errors } = await dkimSign(raw, {
    // Left out, it is asked for twice, and where a second begins in between another is signed than is written.
    signTime: new Date(),
    ...options,
    signatureData: [{ signingDomain: domain, selector: "s", privateKey: key, ...options }],
  } as unknown as DKIMSignOptions);
  expect(errors).toEqual([]);
  expect(signatures).toContain("DKIM-Signature:");
  return Buffer.concat([Buffer.from(signatures), raw]);
}

describe("SPF", () => {
  const by = (remoteAddress: string, from: string | null = `bob@${domain}`, zone: Zone = sending) =>
    verdict({ zone, from, remoteAddress, helo: `mail.${domain}` });

  test("aligned, where who hands the mail over may send for the From's domain", async () => {
    expect(await by(theirs)).toBe("aligned");
    expect(await by(others)).toBe("failed");
    expect(await by(`::ffff:${theirs}`)).toBe("aligned");
  });

  test("of a subdomain of the same organisation is aligned; not of another that has its public suffix in common", async () => {
    const zone = { ...sending, [`bounces.${domain}`]: [`v=spf1 ip4:${theirs} -all`], "c.example": ["v=spf1 +all"] };
    expect(await by(theirs, `x@bounces.${domain}`, zone)).toBe("aligned");
    expect(await by(theirs, "x@c.example", zone)).toBe("failed");
    const shared = { "alice.github.io": ["v=spf1 +all"], "bob.github.io": ["v=spf1 -all"] };
    const raw = mail("bob@bob.github.io");
    expect(await verdict({ zone: shared, raw, from: "x@alice.github.io", remoteAddress: theirs })).toBe("failed");
  });

  test("of a null return path goes by the HELO", async () => {
    const zone = { ...sending, [`mail.${domain}`]: [`v=spf1 ip4:${theirs} -all`] };
    expect(await by(theirs, "", zone)).toBe("aligned");
    expect(await by(others, "", zone)).toBe("failed");
  });

  test("softfail, neutral, broken records and too many look-ups are no pass", async () => {
    const circle = { [domain]: [`v=spf1 include:${domain} -all`] };
    for (const record of ["v=spf1 ~all", "v=spf1 ?all", "v=spf1 ip4:nonsense -all", "v=spf1 include:none.example -all"])
      expect(await by(theirs, undefined, { [domain]: [record] }), record).toBe("failed");
    expect(await by(theirs, undefined, circle)).toBe("failed");
    expect(await by(theirs, undefined, { [domain]: ["v=spf1 +all", "v=spf1 +all"] })).toBe("failed");
  });

  test("says nothing where nobody told who handed it over", async () => {
    expect(await verdict({ zone: sending, from: `bob@${domain}` })).toBe("failed");
  });

  test("is read of addresses, mail hosts and includes", async () => {
    const zone = {
      [domain]: [`v=spf1 a:out.${domain} mx include:spf.example -all`],
      [`A out.${domain}`]: [others],
      [`AAAA out.${domain}`]: ["2001:db8::1"],
      "spf.example": ["v=spf1 ip4:203.0.113.0/24 -all"],
    };
    expect(await by(others, undefined, zone)).toBe("aligned");
    expect(await by("2001:db8::1", undefined, zone)).toBe("aligned");
    expect(await by("203.0.113.9", undefined, zone)).toBe("aligned");
    expect(await by(theirs, undefined, zone)).toBe("failed");
  });
});

describe("DKIM", () => {
  test.each([
    ["RSA", { key: privateKey }, keyRecord],
    [
      "Ed25519",
      { key: edwards.privateKey, algorithm: "ed25519-sha256" },
      `v=DKIM1; k=ed25519; p=${edwards.publicKey.subarray(-32).toString("base64")}`,
    ],
  ])("aligned, where the From's domain signed it: %s", async (_, options, record) => {
    const zone = { [`s._domainkey.${domain}`]: [record] };
    const raw = await signed(plain, options);
    expect(await authenticated({ zone, raw })).toMatchObject({ verdict: "aligned", dkim: `pass ${domain}` });
    expect(await verdict({ zone, raw: Buffer.from(raw.toString().replace("At noon?", "At one?")) })).toBe("failed");
    expect(await verdict({ zone, raw: Buffer.from(raw.toString().replace("Bob <", "Eve <")) })).toBe("failed");
    expect(await verdict({ raw })).toBe("failed");
  });

  test("of a subdomain is aligned, where DMARC does not want the name itself", async () => {
    const zone = { [`s._domainkey.mail.${domain}`]: [keyRecord] };
    const raw = await signed(plain, { signingDomain: `mail.${domain}` });
    expect(await verdict({ zone, raw })).toBe("aligned");
    const strict = { ...zone, [`_dmarc.${domain}`]: ["v=DMARC1; p=none; adkim=s"] };
    expect(await verdict({ zone: strict, raw })).toBe("failed");
  });

  test("of somebody else says nothing about whose it is", async () => {
    const zone = { "s._domainkey.c.example": [keyRecord] };
    const raw = await signed(plain, { signingDomain: "c.example" });
    expect(await authenticated({ zone, raw })).toMatchObject({ verdict: "none", dkim: "none" });
    expect(await verdict({ zone: { ...zone, ...sending }, raw })).toBe("failed");
  });

  test("that does not sign the From, or a part of the words, or ran out, is none", async () => {
    const unsigned = await signed(plain, { headerList: "subject" });
    const part = await signed(plain, { maxBodyLength: 4 });
    const old = await signed(plain, { expires: new Date(0) });
    for (const raw of [unsigned, part, old]) expect(await verdict({ zone: signing, raw })).toBe("failed");
    expect((await authenticated({ zone: signing, raw: unsigned })).dkim).toContain("not of the From");
  });

  test("one of several is enough", async () => {
    const zone = { ...signing, "s._domainkey.c.example": [keyRecord] };
    const twice = await signed(await signed(plain), { signingDomain: "c.example" });
    expect(await verdict({ zone, raw: twice })).toBe("aligned");
    const withBroken = Buffer.concat([
      Buffer.from(`DKIM-Signature: v=1; a=rsa-sha256; d=${domain}; s=s; h=from; bh=AAAA; b=AAAA\r\n`),
      await signed(plain),
    ]);
    expect(await verdict({ zone, raw: withBroken })).toBe("aligned");
  });

  test("holds for a mail whose line ends became LF on the way", async () => {
    const raw = await signed(plain);
    expect(await verdict({ zone: signing, raw: Buffer.from(raw.toString().replaceAll("\r\n", "\n")) })).toBe("aligned");
  });
});

describe("none", () => {
  test("where the domain publishes nothing and the mail has nothing of it", async () => {
    expect(await authenticated({ from: `bob@${domain}`, remoteAddress: theirs, helo: "x" })).toEqual({
      verdict: "none",
      spf: `none ${domain}`,
      dkim: "none",
    });
  });

  test.each([
    ["an SPF record", sending],
    ["an SPF record of its organisation", { "b.example": ["v=spf1 -all"] }, `Bob <bob@sub.${domain}>`],
    ["a DMARC record", { [`_dmarc.${domain}`]: ["v=DMARC1; p=none"] }],
    ["a DMARC record of its organisation", { [`_dmarc.${domain}`]: ["v=DMARC1; p=none"] }, `Bob <bob@sub.${domain}>`],
  ] satisfies [string, Zone, string?][])("not where there is %s", async (_, zone, from = `bob@${domain}`) => {
    expect(await verdict({ zone, raw: mail(from) })).toBe("failed");
  });
});

describe("From", () => {
  const good = { zone: sending, from: `bob@${domain}`, remoteAddress: theirs };

  test.each([
    ["none", "To: alice@a.example\r\n\r\nwords"],
    ["two fields", `From: bob@${domain}\r\nFrom: eve@${domain}\r\n\r\nwords`],
    ["two mailboxes", `From: bob@${domain}, eve@${domain}\r\n\r\nwords`],
    ["two, one of them in the next line", `From: bob@${domain},\r\n eve@${domain}\r\n\r\nwords`],
    ["an empty group", "From: nobody:;\r\n\r\nwords"],
    ["a name alone", "From: Bob\r\n\r\nwords"],
    ["empty", "From:\r\n\r\nwords"],
    ["a field whose name has blanks, and another", `From : eve@${domain}\r\nFrom: bob@${domain}\r\n\r\nwords`],
  ])("%s: failed, whatever passes", async (_, raw) => {
    expect(await verdict({ ...good, raw: Buffer.from(raw) })).toBe("failed");
  });

  test.each([
    ["an address in the name", `From: "eve@c.example" <bob@${domain}>`, "aligned"],
    ["another's address in the name", `From: "bob@${domain}" <eve@c.example>`, "none"],
    ["a name in encoded words", `From: =?utf-8?q?B=C3=B6b?= <bob@${domain}>`, "aligned"],
    ["a comment", `From: bob@${domain} (Bob)`, "aligned"],
    ["another spelling", `From: Bob@${domain.toUpperCase()}`, "aligned"],
  ])("%s", async (_, field, expected) => {
    expect(await verdict({ ...good, raw: Buffer.from(`${field}\r\n\r\nwords`) })).toBe(expected);
  });

  test("that is believed to be another than was verified: failed", async () => {
    const authenticate = createAuthenticateMail({ resolver: resolverOf(sending) });
    const given = { raw: plain, envelope: { from: `bob@${domain}`, remoteAddress: theirs, helo: null } };
    expect((await authenticate({ ...given, from: `bob@${domain}` })).verdict).toBe("aligned");
    expect((await authenticate({ ...given, from: `eve@${domain}` })).verdict).toBe("failed");
  });
});

describe("bounds", () => {
  test("a thousand signatures cost a handful of look-ups", async () => {
    const asked: string[] = [];
    const fields = Array.from(
      { length: 1_000 },
      (_, index) => `DKIM-Signature: v=1; a=rsa-sha256; d=${domain}; s=s${index}; h=from; bh=AAAA; b=AAAA\r\n`,
    );
    const raw = Buffer.concat([Buffer.from(fields.join("")), plain]);
    const authenticate = createAuthenticateMail({ resolver: resolverOf(sending, asked) });
    const envelope = { from: `bob@${domain}`, remoteAddress: others, helo: null };
    expect((await authenticate({ raw, envelope })).verdict).toBe("failed");
    expect(asked.length).toBeLessThan(12);
  });

  test("name servers that never answer", async () => {
    const authenticate = createAuthenticateMail({ resolver: () => new Promise(() => {}), timeoutMs: 20 });
    const raw = await signed(plain);
    const envelope = { from: `bob@${domain}`, remoteAddress: theirs, helo: "x" };
    expect((await authenticate({ raw, envelope })).verdict).toBe("failed");
  });

  test("name servers that break: not taken for a domain that publishes nothing", async () => {
    const broken = Object.assign(new Error("broken"), { code: "ESERVFAIL" });
    const authenticate = createAuthenticateMail({ resolver: () => Promise.reject(broken) });
    const envelope = { from: `bob@${domain}`, remoteAddress: theirs, helo: "x" };
    expect((await authenticate({ raw: plain, envelope })).verdict).toBe("failed");
  });

  test("a mail that takes long to hash is not hashed", async () => {
    const start = await signed(plain);
    for (const body of [" ".repeat(20_000_000), " \r\n".repeat(7_000_000)]) {
      const raw = Buffer.concat([start, Buffer.from(body)]);
      expect((await authenticated({ zone: signing, raw })).dkim).toContain("not verified");
    }
  });

  test("a head that is larger than any program's", async () => {
    const raw = Buffer.concat([Buffer.from(`X-Large: ${"x".repeat(300_000)}\r\n`), plain]);
    expect(await authenticated({ zone: sending, raw })).toMatchObject({
      verdict: "failed",
      spf: "its head is too large",
    });
  });
});

describe("a signed mail that somebody sends on to a reply address", () => {
  const reply = "reply+abc@mail.a.example";
  const zone = { ...signing, ...sending };
  const to = [reply];
  const toReply = Buffer.from(
    plain.toString().replace("alice@a.example", `Alice via Parley\r\n <${reply.toUpperCase()}>`),
  );

  test("is not vouched for by its signature, which is over whom it was to", async () => {
    expect(await authenticated({ zone, raw: await signed(plain), to })).toMatchObject({
      verdict: "failed",
      dkim: expect.stringContaining("sent on"),
    });
    const added = Buffer.concat([Buffer.from(`To: ${reply}\r\nCc: ${reply}\r\n`), await signed(plain)]);
    expect(await verdict({ zone, raw: added, to })).toBe("failed");
  });

  test("and an answer to that address is", async () => {
    expect(await verdict({ zone, raw: await signed(toReply), to })).toBe("aligned");
    const copy = Buffer.concat([Buffer.from(`Cc: ${reply}\r\n`), plain]);
    expect(await verdict({ zone, raw: await signed(copy), to })).toBe("aligned");
    // By whoever may send for its domain; and who forwards all of an account's mail is no stranger.
    expect(await verdict({ zone, raw: plain, to, from: `bob@${domain}`, remoteAddress: theirs })).toBe("aligned");
    expect(await verdict({ zone, raw: await signed(plain), to: ["carol@a.example"] })).toBe("aligned");
  });
});

describe("asked of a name server, as a platform asks it", () => {
  let nameServer: NameServer;
  beforeAll(async () => {
    nameServer = await startNameServer({
      [domain]: ["TXT google-site-verification=x", "TXT v=spf1 mx include:spf.example -all", `MX out.${domain}`],
      [`out.${domain}`]: [others, "2001:db8::1"],
      "spf.example": ["TXT v=spf1 ip4:203.0.113.0/24 -all"],
      // Longer than one string of a record.
      [`s._domainkey.${domain}`]: [`TXT ${keyRecord}`],
      "wordless.example": [others],
      "ill.example": "SERVFAIL",
      "silent.example": "silence",
      "_dmarc.silent.example": "silence",
    });
  });
  afterAll(() => nameServer[Symbol.asyncDispose]());

  interface Asked {
    readonly host?: string;
    readonly by?: string;
    readonly raw?: Buffer;
    /** Until the server is asked again. */
    readonly patienceMs?: number;
    readonly timeoutMs?: number;
  }

  async function found({ host = domain, by = theirs, raw = mail(`bob@${host}`), patienceMs = 250, timeoutMs }: Asked) {
    const resolver = dnsRecords({ servers: [nameServer.address], timeoutMs: patienceMs });
    const authenticate = createAuthenticateMail({ resolver, ...(timeoutMs !== undefined && { timeoutMs }) });
    return authenticate({ raw, envelope: { from: `bob@${host}`, remoteAddress: by, helo: null } });
  }

  test("SPF passes by mail hosts, of IPv6 too, and by includes; not for others", async () => {
    for (const by of [others, "2001:db8::1", "203.0.113.9"])
      expect(await found({ by })).toEqual({ verdict: "aligned", spf: `pass ${domain}`, dkim: "none" });
    expect(await found({ by: theirs })).toMatchObject({ verdict: "failed", spf: `fail ${domain}` });
  });

  test("DKIM passes by the key that is published", async () => {
    expect(await found({ raw: await signed(plain) })).toMatchObject({ verdict: "aligned", dkim: `pass ${domain}` });
    const elsewhere = await signed(plain, { selector: "other" });
    expect(await found({ raw: elsewhere })).toMatchObject({
      verdict: "failed",
      dkim: expect.stringContaining("no key"),
    });
  });

  test("a name that does not exist publishes nothing, nor does one that has other records", async () => {
    for (const host of ["nobody.example", "wordless.example"])
      expect(await found({ host })).toEqual({ verdict: "none", spf: `none ${host}`, dkim: "none" });
  });

  test("a server that breaks, or does not answer, is not taken for one that has nothing", async () => {
    for (const host of ["ill.example", "silent.example"])
      expect(await found({ host })).toMatchObject({ verdict: "failed", spf: `temperror ${host}` });
  });

  test("a server that does not answer is waited for no longer than a mail may take", async () => {
    // Longer than the test may take.
    expect(await found({ host: "silent.example", patienceMs: 60_000, timeoutMs: 100 })).toMatchObject({
      verdict: "failed",
    });
  });
});
