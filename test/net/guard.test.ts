import { setDefaultCACertificates } from "node:tls";
import { describe, expect, test } from "vitest";
import { createOutgoing } from "../../src/net/outgoing.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import { certificateFor } from "../support/certificate.ts";
import { ask, type Host, kindOf, outgoingOnInternet, startHost, startRawHost } from "./given.ts";

const [v4, v6] = ["93.184.216.34", "2606:4700:4700::1111"];
const url = "https://one.platform/";
const certificate = certificateFor("one.platform");
const expired = certificateFor("one.platform", -1);
const ofAnother = certificateFor("two.platform");
// As an authority would have signed them; what is not among them nobody vouches for.
setDefaultCACertificates([certificate, expired, ofAnother].map(({ cert }) => cert));

const platform = (answer = "x") => startHost((_, response) => response.end(answer), certificate);

describe("A host on the Internet is asked", () => {
  test("at an address that was checked, at port 443, by its name", async () => {
    await using host = await platform();
    const { outgoing, connected } = outgoingOnInternet(host, async () => [v6, "10.0.0.1", v4]);
    await using _ = outgoing;
    expect((await outgoing.send(ask({ url }))).status).toBe(200);
    expect(connected).toEqual([`${v6} or ${v4} port 443`]);
    expect(host.requests).toEqual(["GET /"]);
  });

  test("over one connection for several requests, for which it is looked up once", async () => {
    await using host = await platform();
    const { outgoing, connected } = outgoingOnInternet(host, async () => [v4]);
    await using _ = outgoing;
    for (const path of ["a", "b", "c"]) await outgoing.send(ask({ url: url + path }));
    expect(host.connections.all).toBe(1);
    expect(connected).toEqual([`${v4} port 443`]);
  });
});

describe("A name that leads elsewhere the second time (DNS rebinding)", () => {
  const rebinding = (...answers: readonly (readonly string[])[]) => {
    const left = [...answers];
    return async () => left.shift() ?? [];
  };

  test("is not followed there: the address that was checked is the one connected to", async () => {
    await using host = await startHost(
      (_, response) => response.setHeader("connection", "close").end("x"),
      certificate,
    );
    const { outgoing, connected } = outgoingOnInternet(host, rebinding([v4], ["127.0.0.1"], [v4]));
    await using _ = outgoing;
    expect((await outgoing.send(ask({ url }))).status).toBe(200);
    expect(await kindOf(outgoing.send(ask({ url })))).toBe("forbidden");
    expect((await outgoing.send(ask({ url }))).status).toBe(200);
    expect(connected).toEqual([`${v4} port 443`, `${v4} port 443`]);
    expect(host.connections.all).toBe(2);
  });

  test("makes no difference to a connection that is there", async () => {
    await using host = await platform();
    const { outgoing } = outgoingOnInternet(host, rebinding([v4], ["127.0.0.1"]));
    await using _ = outgoing;
    for (let count = 0; count < 2; count++) expect((await outgoing.send(ask({ url }))).status).toBe(200);
    expect(host.connections.all).toBe(1);
  });
});

describe("A host has to prove its name:", () => {
  const askedOf = async (start: () => Promise<Host>) => {
    await using host = await start();
    const { outgoing } = outgoingOnInternet(host, async () => [v4]);
    await using _ = outgoing;
    const fault = await outgoing.send(ask({ url })).catch((error: unknown) => error);
    expect(host.requests).toEqual([]);
    return fault;
  };
  const answering = (own: typeof certificate) => () => startHost((_, response) => response.end("x"), own);

  test.each([
    ["its certificate is another's", answering(ofAnother), "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["its certificate has expired", answering(expired), "CERT_HAS_EXPIRED"],
    ["nobody vouches for it", answering(certificateFor("one.platform")), "DEPTH_ZERO_SELF_SIGNED_CERT"],
    ["it speaks no TLS", () => startHost((_, response) => response.end("x")), "EPROTO"],
    ["it speaks something else", () => startRawHost((socket) => socket.end("220 mail.example ESMTP\r\n")), "EPROTO"],
  ])("%s", async (_, start, code) => {
    expect(await askedOf(start)).toMatchObject({ kind: "tls", message: expect.stringContaining(code) });
  });

  test("also where the environment says that it need not", async () => {
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    try {
      expect(await askedOf(answering(ofAnother))).toMatchObject({ kind: "tls" });
    } finally {
      delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    }
  });

  test("one that breaks off meanwhile is broken", async () => {
    expect(await askedOf(() => startRawHost((socket) => socket.destroy()))).toMatchObject({ kind: "broken" });
  });

  test("also a peer of the settings, its own name and not that of where it is", async () => {
    await using host = await platform();
    await using outgoing = createOutgoing({
      peers: new Map([
        ["one.platform", host.origin],
        ["two.platform", host.origin],
      ]),
      log: silentLogger,
    });
    expect((await outgoing.send(ask({ url }))).status).toBe(200);
    expect(await kindOf(outgoing.send(ask({ url: "https://two.platform/" })))).toBe("tls");
  });
});

describe("Nothing is connected to, nor looked up, for", () => {
  const refused = async (text: string) => {
    await using host = await platform();
    const asked: string[] = [];
    const { outgoing, connected } = outgoingOnInternet(host, async (name) => {
      asked.push(name);
      return [v4];
    });
    await using _ = outgoing;
    const kind = await kindOf(outgoing.send(ask({ url: text })));
    expect([asked, connected, host.connections.all]).toEqual([[], [], 0]);
    return kind;
  };

  test.each([
    ...["http://one.platform/", "https://one.platform:80/", "https://one.platform:8443/", "ftp://one.platform/"],
    ...[
      "file:///etc/passwd",
      "https://user@one.platform/",
      "https://user:password@one.platform/",
      "https://:x@one.platform/",
    ],
  ])("%s, which is no URL of a platform", async (text) => expect(await refused(text)).toBe("forbidden"));

  test.each([
    ...["127.0.0.1", "2130706433", "0177.0.0.1", "0x7f000001", "0x7f.1", "127.1", "127.0.1", "0", "017700000001"],
    ...["8.8.8.8", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[2606:4700:4700::1111]", "[64:ff9b::1]"],
    ...["①②⑦.⓪.⓪.①", "127。0。0。1", "%31%32%37.0.0.1", "127.0.0.1."],
  ])("%s, which is an address and no name", async (host) =>
    expect(await refused(`https://${host}/`)).toBe("forbidden"),
  );

  test.each([
    ...[
      "localhost",
      "b.localhost",
      "LOCALHOST",
      "test",
      "a.test",
      "example",
      "a.example",
      "example.com",
      "www.example.com",
    ],
    ...[
      "example.net",
      "example.org",
      "parley.example.org",
      "invalid",
      "a.invalid",
      "printer.local",
      "x.onion",
      "x.alt",
    ],
    ...["1.0.0.127.in-addr.arpa", "home.arpa", "router.home.arpa", "metadata.google.internal", "intranet", "com"],
  ])("%s, which is nobody's name", async (host) => expect(await refused(`https://${host}/`)).toBe("forbidden"));

  test.each(["one.platform.", "one_two.platform", "-one.platform", `${"a".repeat(64)}.platform`, "one..platform"])(
    "%s, which cannot be a platform's name",
    async (host) => expect(await refused(`https://${host}/`)).toBe("forbidden"),
  );

  test("but what only looks like one of these is asked", async () => {
    for (const name of ["notexample.com", "example.com.one.platform", "localhost.platform", "mytest.platform"]) {
      await using host = await platform();
      const asked: string[] = [];
      const { outgoing } = outgoingOnInternet(host, async (one) => {
        asked.push(one);
        return [];
      });
      await using _ = outgoing;
      expect(await kindOf(outgoing.send(ask({ url: `https://${name}/` })))).toBe("noSuchHost");
      expect(asked).toEqual([name]);
    }
  });
});

describe("Nothing is connected to where a name leads to", () => {
  test.each([
    ...[
      "127.0.0.1",
      "10.0.0.1",
      "169.254.169.254",
      "0.0.0.0",
      "255.255.255.255",
      "::1",
      "::",
      "fe80::1",
      "fe80::1%eth0",
    ],
    ...["fd00::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "2001::1"],
    ...["localhost", "2130706433", "0x7f000001", "/tmp/socket"],
  ])("%s", async (address) => {
    await using host = await platform();
    const { outgoing, connected } = outgoingOnInternet(host, async () => [address]);
    await using _ = outgoing;
    expect(await kindOf(outgoing.send(ask({ url })))).toBe("forbidden");
    expect([connected, host.connections.all]).toEqual([[], 0]);
  });
});
