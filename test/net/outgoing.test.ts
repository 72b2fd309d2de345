import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { readSignature, signRequest } from "../../src/federation/request-signature.ts";
import { outgoingErrorOf } from "../../src/net/outgoing-error.ts";
import { signingKey } from "../../src/protocol/signature.ts";
import { allClosed, ask, bodyOf, type Host, kindOf, outgoingTo, startHost, startRawHost } from "./given.ts";

const ok = (body = "") => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

describe("A request to a peer of the settings", () => {
  test("arrives as it was made, under the peer's name, and its answer comes back", async () => {
    await using host = await startHost(async (request, response) => {
      const { host: name, "accept-encoding": encoding, "x-one": one, "content-length": length } = request.headers;
      response.writeHead(418, { "content-type": "text/plain", "x-two": ["a", "b"] });
      response.end(`${request.method} ${request.url} ${name} ${encoding} ${one} ${length} ${await bodyOf(request)}`);
    });
    await using outgoing = outgoingTo(host);
    const url = "https://b.localhost/f/evt/X/?after=%41";
    const answer = await outgoing.send(
      ask({ method: "POST", url, headers: { "x-one": "1" }, body: Buffer.from("hey") }),
    );
    expect(Buffer.from(answer.body).toString()).toBe("POST /f/evt/X/?after=%41 b.localhost identity 1 3 hey");
    expect(answer.status).toBe(418);
    expect(answer.headers.get("content-type")).toBe("text/plain");
    expect(answer.headers.get("x-two")).toBe("a, b");
  });

  test("that is signed can be verified there, under the peer's name", async () => {
    await using host = await startHost(async (request, response) => {
      const headers = new Headers(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      const targetUri = `https://b.localhost${request.url}`;
      const read = readSignature({ method: request.method ?? "", targetUri, headers, body: await bodyOf(request) });
      response.end(read.fault ?? read.verify(new Date()) ?? `rightly signed by ${read.platform}`);
    });
    await using outgoing = outgoingTo(host);
    for (const [method, body] of [
      ["POST", Buffer.from("{}")],
      ["GET", null],
    ] as const) {
      const url = "https://b.localhost/f/evt/X/?after=%41&b=ä";
      const headers = { "content-type": "application/json" };
      const message = { method, targetUri: new URL(url).href, headers: new Headers(headers), body };
      const signed = signRequest(
        message,
        { platform: "a.localhost", key: signingKey(Buffer.alloc(32, 1)) },
        new Date(),
      );
      const answer = await outgoing.send(ask({ method, url, headers: { ...headers, ...signed }, body }));
      expect(Buffer.from(answer.body).toString()).toBe("rightly signed by a.localhost");
    }
  });

  test.each([301, 302, 303, 307, 308])("that is answered by a redirect (%i) is not followed", async (status) => {
    await using host = await startHost((_, response) => response.writeHead(status, { location: "/elsewhere" }).end());
    await using outgoing = outgoingTo(host);
    const answer = await outgoing.send(ask());
    expect([answer.status, answer.headers.get("location")]).toEqual([status, "/elsewhere"]);
    expect(host.requests).toEqual(["GET /"]);
  });

  test("is not sent through a proxy that the environment names", async () => {
    await using proxy = await startHost((_, response) => response.end("proxy"));
    await using host = await startHost((_, response) => response.end("host"));
    const program = `
      import { createOutgoing } from ${JSON.stringify(new URL("../../src/net/outgoing.ts", import.meta.url).href)};
      const log = { debug() {} };
      await using outgoing = createOutgoing({ peers: new Map([["b.localhost", ${JSON.stringify(host.origin)}]]), log });
      const url = new URL("https://b.localhost/");
      const answer = await outgoing.send({ method: "GET", url, headers: {}, body: null, timeoutMs: 20000, maxAnswerBytes: 9 });
      console.log(Buffer.from(answer.body).toString());
    `;
    const proxies = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"].map((name) => [
      name,
      proxy.origin,
    ]);
    const env = { ...process.env, ...Object.fromEntries(proxies), NO_PROXY: "", NODE_USE_ENV_PROXY: "1" };
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], { env });
    expect(stdout).toBe("host\n");
    expect(proxy.connections.all).toBe(0);
  });
});

describe("An answer is bounded", () => {
  const answered = async (text: string, maxAnswerBytes: number) => {
    await using host = await startRawHost((socket) => socket.write(text));
    await using outgoing = outgoingTo(host);
    return await kindOf(outgoing.send(ask({ maxAnswerBytes })));
  };

  test("to the bytes that were asked for, whether or not it says how many come", async () => {
    expect(await answered(ok("12345"), 5)).toBeNull();
    expect(await answered(ok("12345"), 4)).toBe("tooLarge");
    const chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n";
    expect(await answered(chunked, 5)).toBeNull();
    expect(await answered(chunked, 4)).toBe("tooLarge");
    expect(await answered("HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n", 5)).toBe("tooLarge");
  });

  test("also where it never ends, and the connection goes with it", async () => {
    await using host = await startHost((_, response) => {
      const more = () => {
        while (response.write("x".repeat(1_000)));
      };
      response.on("drain", more);
      more();
    });
    await using outgoing = outgoingTo(host);
    expect(await kindOf(outgoing.send(ask({ maxAnswerBytes: 100_000 })))).toBe("tooLarge");
    await allClosed(host);
  });

  test("in its headers", async () => {
    expect(await answered(`HTTP/1.1 200 OK\r\nx: ${"x".repeat(20_000)}\r\n\r\n`, 5)).toBe("tooLarge");
  });

  test.each(["gzip", "br", "deflate", "gzip, gzip"])("by not being decoded: %s was not asked for", async (encoding) => {
    await using host = await startHost((_, response) =>
      response.writeHead(200, { "content-encoding": encoding }).end(gzipSync(Buffer.alloc(10_000_000))),
    );
    await using outgoing = outgoingTo(host);
    expect(await kindOf(outgoing.send(ask({ maxAnswerBytes: 20_000 })))).toBe("broken");
  });

  test("by not being decoded on the way either", async () => {
    expect(await answered("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 5)).toBe("broken");
  });
});

describe("A request is bounded in time", () => {
  const dripping = (first: string, drop: string) =>
    startRawHost((socket) => {
      socket.write(first);
      const timer = setInterval(() => socket.write(drop), 5);
      socket.once("close", () => clearInterval(timer));
    });

  test.each([
    ["says nothing", () => startRawHost(() => {})],
    ["sends headers without end", () => dripping("HTTP/1.1 200 OK\r\n", "x: x\r\n")],
    ["goes on saying that it goes on", () => dripping("", "HTTP/1.1 102 Processing\r\n\r\n")],
    ["sends a body byte by byte", () => dripping("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n", "x")],
    [
      "sends a chunk that does not come",
      () => startRawHost((socket) => socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n")),
    ],
  ])("where a host %s", async (_, start: () => Promise<Host>) => {
    await using host = await start();
    await using outgoing = outgoingTo(host);
    expect(await kindOf(outgoing.send(ask({ timeoutMs: 200, maxAnswerBytes: 2_000_000 })))).toBe("timeout");
    await allClosed(host);
  });

  test("also by who asked, who is told their own reason", async () => {
    await using host = await startRawHost(() => {});
    await using outgoing = outgoingTo(host);
    const why = new Error("no longer needed");
    await expect(outgoing.send(ask({ signal: AbortSignal.abort(why) }))).rejects.toBe(why);
    const stop = new AbortController();
    const answer = outgoing.send(ask({ signal: stop.signal }));
    stop.abort(why);
    await expect(answer).rejects.toBe(why);
    expect(host.connections.open.size).toBe(0);
  });
});

describe("A fault is told by its kind:", () => {
  const failed = (...codes: readonly string[]) => {
    const errors = codes.map((code) => Object.assign(new Error(code), { code }));
    return outgoingErrorOf(errors.length === 1 ? errors[0] : new AggregateError(errors, "all"), "one.platform").kind;
  };

  test("of several addresses, that nothing listens is said only where the others cannot be reached from here", () => {
    expect(failed("ECONNREFUSED", "ECONNREFUSED")).toBe("refused");
    expect(failed("ENETUNREACH", "ECONNREFUSED")).toBe("refused");
    expect(failed("ETIMEDOUT", "ECONNREFUSED")).toBe("timeout");
    expect(failed("ECONNRESET", "ECONNREFUSED")).toBe("broken");
    expect(failed("ENETUNREACH", "EHOSTUNREACH")).toBe("broken");
    expect(failed("ETIMEDOUT")).toBe("timeout");
  });

  test("nothing listens", async () => {
    await using host = await startRawHost(() => {});
    await using outgoing = outgoingTo(host);
    await host[Symbol.asyncDispose]();
    expect(await kindOf(outgoing.send(ask()))).toBe("refused");
  });

  test.each([
    ["the connection is closed without an answer", ""],
    ["the answer breaks off in its headers", "HTTP/1.1 200 OK\r\ncontent-"],
    ["the answer breaks off in its body", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhal"],
    ["the last chunk is missing", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhal\r\n"],
    ["it is no HTTP", "220 mail.example ESMTP\r\n"],
    ["it is two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"],
    ["it is another protocol", "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"],
  ])("%s", async (_, text) => {
    await using host = await startRawHost((socket) => socket.end(text));
    await using outgoing = outgoingTo(host);
    expect(await kindOf(outgoing.send(ask()))).toBe("broken");
  });
});

describe("Connections", () => {
  test("are kept for the next request", async () => {
    await using host = await startHost((_, response) => response.end("x"));
    await using outgoing = outgoingTo(host);
    for (let count = 0; count < 5; count++) await outgoing.send(ask());
    expect(host.connections.all).toBe(1);
  });

  test("to one host are eight at most; who comes on top waits", async () => {
    const waiting: (() => void)[] = [];
    await using host = await startHost((_, response) => {
      waiting.push(() => response.end("x"));
      // All that may be here at once are here: now each that is answered lets in another.
      if (waiting.length >= 8) for (const answer of waiting.splice(0)) answer();
    });
    await using outgoing = outgoingTo(host);
    const answers = await Promise.all(Array.from({ length: 40 }, () => outgoing.send(ask())));
    expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(200));
    expect(host.connections.all).toBe(8);
  });

  test("to a host that does not answer keep nobody else waiting, and waiting for them is bounded too", async () => {
    await using silent = await startRawHost(() => {});
    await using host = await startHost((_, response) => response.end("x"));
    await using outgoing = outgoingTo(silent, { "c.localhost": host });
    const late = Array.from({ length: 20 }, () => kindOf(outgoing.send(ask({ timeoutMs: 1_000 }))));
    expect((await outgoing.send(ask({ url: "https://c.localhost/" }))).status).toBe(200);
    expect(await Promise.all(late)).toEqual(Array(20).fill("timeout"));
  });

  test("are not kept where the answer came before the request was sent", async () => {
    await using host = await startRawHost((socket) => {
      socket.pause();
      socket.write("HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n");
    });
    await using outgoing = outgoingTo(host);
    // In less time than unused connections are kept: nothing waits for that.
    const large = ask({ method: "POST", body: Buffer.alloc(20_000_000), timeoutMs: 3_000 });
    expect((await outgoing.send(large)).status).toBe(413);
    expect((await outgoing.send(large)).status).toBe(413);
    expect(host.connections.all).toBe(2);
  });

  test("end with the client, and so do requests", async () => {
    await using host = await startHost((request, response) => {
      if (request.url === "/") response.end("x");
    });
    const outgoing = outgoingTo(host);
    await outgoing.send(ask());
    const open = outgoing.send(ask({ url: "https://b.localhost/silent" }));
    const kind = kindOf(open);
    await outgoing[Symbol.asyncDispose]();
    expect(await kind).toBe("broken");
    expect(await kindOf(outgoing.send(ask()))).toBe("broken");
    await allClosed(host);
  });
});
