// A DNS server on this machine (RFC 1035), for what a resolver makes of its answers.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { isIPv4 } from "node:net";

/** What a name has: addresses, or what the server says or does instead. */
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
const typeA = 1;
const typeAaaa = 28;

export async function startNameServer(zone: Zone): Promise<NameServer> {
  const socket = createSocket("udp4");
  const asked: string[] = [];
  socket.on("message", (query, from) => {
    const { name, type, question } = questionOf(query);
    asked.push(name);
    const has = zone[name];
    if (has === "silence" || (has === "silence about IPv6" && type === typeAaaa)) return;
    const addresses = has === "silence about IPv6" ? ["93.184.216.34"] : Array.isArray(has) ? has : [];
    const records = addresses.filter((address) => isIPv4(address) === (type === typeA)).map(recordOf);
    const code =
      has === undefined ? responseCodes.NXDOMAIN : has === "SERVFAIL" || has === "REFUSED" ? responseCodes[has] : 0;
    // Header: the query's id, "answer, recursion available" and the code, one question, so many answers.
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8180 | code, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    socket.send(Buffer.concat([header, question, ...records]), from.port, from.address);
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

function recordOf(address: string): Buffer {
  const data = isIPv4(address) ? Buffer.from(address.split(".").map(Number)) : bytesOfIpv6(address);
  // The question's name (a pointer to it), type, class IN, a minute to live.
  const head = Buffer.from([0xc0, 12, 0, isIPv4(address) ? typeA : typeAaaa, 0, 1, 0, 0, 0, 60, 0, data.length]);
  return Buffer.concat([head, data]);
}

function bytesOfIpv6(address: string): Buffer {
  const [start = [], end] = address.split("::").map((half) => half.split(":").filter((group) => group !== ""));
  const groups = end === undefined ? start : [...start, ...Array(8 - start.length - end.length).fill("0"), ...end];
  return Buffer.from(groups.map((group) => group.padStart(4, "0")).join(""), "hex");
}
