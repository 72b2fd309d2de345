import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { isGlobalAddress } from "../../src/net/global-address.ts";
import { ask, kindOf, outgoingOnInternet, startHost } from "../net/given.ts";

const read = (name: string): unknown =>
  JSON.parse(readFileSync(join(process.env["PARLEY_TEST_DATA"] ?? "", "bad-input", name), "utf8"));
const addresses = z.array(z.object({ ip: z.string(), private: z.boolean() })).parse(read("ssrf-private-ips.json"));
const urls = z.array(z.string()).parse(read("ssrf-urls.json"));

/** Not private, and refused all the same: anycast of a NAT gateway, IPv4 spelled as IPv6, a zone, and what is no address. */
const stricter = new Set([
  ...["192.0.0.9", "192.0.0.10", "::ffff:8.8.8.8", "::ffff:0808:0808"],
  ...["2606:4700:4700::1111%eth0", "[2001:4860:4860::8888%eth0]", "1.2.3.4.5", "1..0.0", "256.0.0.1", "1.1.1.256"],
  ...["9999999999", "::ffff:xyz", "::ffff:256.0.0.1"],
]);

/** What comes of a request where the one name there is leads to these addresses; whatever it says, nothing may arrive. */
const outcomeOf = async (url: string, found: readonly string[]) => {
  await using host = await startHost((_, response) => response.end("x"));
  const { outgoing, connected } = outgoingOnInternet(host, async () => found);
  await using _ = outgoing;
  const kind = URL.canParse(url) ? await kindOf(outgoing.send(ask({ url }))) : "no URL";
  return { kind, connected, arrived: host.requests };
};

describe("The list of private addresses", () => {
  test("is whole", () => expect(addresses).toHaveLength(109));

  test.each(addresses)("$ip, private: $private", async ({ ip, private: isPrivate }) => {
    const isRefused = isPrivate || stricter.has(ip);
    expect(isGlobalAddress(ip)).toBe(!isRefused);
    const led = await outcomeOf("https://one.platform/", [ip]);
    expect(led.kind).toBe(isRefused ? "forbidden" : "tls");
    expect(led.connected).toEqual(isRefused ? [] : [`${ip} port 443`]);
    // In a URL an address is none of a platform, whichever it is.
    const host = ip.includes(":") && !ip.startsWith("[") ? `[${ip}]` : ip;
    const asked = await outcomeOf(`https://${host}/`, ["93.184.216.34"]);
    expect(asked).toEqual({ kind: expect.stringMatching(/^(forbidden|no URL)$/), connected: [], arrived: [] });
  });
});

describe("The list of URLs that lead inside", () => {
  test("is whole", () => expect(urls).toHaveLength(32));

  test.each(urls)("%s", async (url) => {
    // Names that lead inside: the guard has to see it where the URL does not show it.
    const { kind, connected, arrived } = await outcomeOf(url, ["127.0.0.1"]);
    expect(kind).toMatch(/^(forbidden|no URL)$/);
    expect([connected, arrived]).toEqual([[], []]);
  });
});
