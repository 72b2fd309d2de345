// A DNS server on this machine (RFC 1035), for what a resolver makes of its answers.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { isIPv4, isIPv6 } from "node:net";

/** What a name has: addresses, `MX HOST` and `TXT WORDS`; or what the server says or does instead. */
export type Zone = Readonly<
  Record<string, readonly string[] | "SERVFAIL" | "REFUSED" | "silence" | "silence about IPv6">
>;

export interface NameServer extends AsyncDisposable {
  /** `ADDRESS:PORT` */
  readonly address: string;
  /** The names that were asked for. */
  readonly asked: string[];
}

const responseCodes = { SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 };
const types = { A: 1, MX: 15, TXT: 16, AAAA: 28 };

export async function startNameServer(zone: Zone): Promise<NameServer> {
  const socket = createSocket("udp4");
  const asked: string[] = [];
  socket.on("message", (query, from) => {
    const { name, type, question } = questionOf(query);
    asked.push(name);
    const has = zone[name];
    if (has === "silence" || (has === "silence about IPv6" && type === types.AAAA)) return;
    const all = has === "silence about IPv6" ? ["93.184.216.34"] : Array.isArray(has) ? has : [];
    const records = all.map(encoded).filter((record) => record.type === type);
    const code =
      has === undefined ? responseCodes.NXDOMAIN : has === "SERVFAIL" || has === "REFUSED" ? responseCodes[has] : 0;
    // Header: the query's id, "answer, recursion available" and the code, one question, so many answers.
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8180 | code, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    socket.send(Buffer.concat([header, question, ...records.map(({ bytes }) => bytes)]), from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      socket.close();
      await once(socket, "close");
    },
  };
}

function questionOf(query: Buffer) {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return {
    name: labels.join(".").toLowerCase(),
    type: query.readUInt16BE(at + 1),
    question: query.subarray(12, at + 5),
  };
}

function encoded(record: string): { readonly type: number; readonly bytes: Buffer } {
  const { type, data } = dataOf(record);
  // The question's name (a pointer to it), type, class IN, a minute to live.
  const head = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, 0]);
  head.writeUInt16BE(data.length, 10);
  return { type, bytes: Buffer.concat([head, data]) };
}

function dataOf(record: string): { readonly type: number; readonly data: Buffer } {
  if (isIPv4(record)) return { type: types.A, data: Buffer.from(record.split(".").map(Number)) };
  if (isIPv6(record)) return { type: types.AAAA, data: bytesOfIpv6(record) };
  const [, type, value = ""] = /^(MX|TXT) (.+)$/.exec(record) ?? [];
  if (type === "MX")
    return { type: types.MX, data: Buffer.concat([Buffer.from([0, 10]), ...[...value.split("."), ""].map(counted)]) };
  // §3.3.14: in strings of 255 bytes at most.
  if (type === "TXT") return { type: types.TXT, data: Buffer.concat((value.match(/.{1,255}/g) ?? []).map(counted)) };
  throw new Error(`${record} is no record of this server`);
}

const counted = (text: string): Buffer => Buffer.concat([Buffer.from([text.length]), Buffer.from(text, "latin1")]);

function bytesOfIpv6(address: string): Buffer {
  const [start = [], end] = address.split("::").map((half) => half.split(":").filter((group) => group !== ""));
  const groups = end === undefined ? start : [...start, ...Array(8 - start.length - end.length).fill("0"), ...end];
  return Buffer.from(groups.map((group) => group.padStart(4, "0")).join(""), "hex");
}
