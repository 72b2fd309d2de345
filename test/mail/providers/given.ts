// What tests of providers are given: a mail, and servers that take it or do not.
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import type { OutgoingMail } from "../../../src/mail/providers/provider.ts";

export const domain = "talk.example.org";

/** A mail, each time another. */
export function aMail(more: Partial<OutgoingMail> = {}): OutgoingMail {
  const id = crypto.randomUUID();
  return {
    id,
    from: { name: "Ann via Parley", address: `reply+token@${domain}` },
    to: { name: "Nina", address: "nina@mail.example" },
    envelopeFrom: `bounce+token@${domain}`,
    messageId: `${id}@${domain}`,
    inReplyTo: null,
    references: [`c.root@${domain}`, `${id}@${domain}`],
    subject: "Lunch",
    text: "At noon?\n",
    html: "<p>At noon?</p>\n",
    headers: [["X-Parley-Mail", id]],
    ...more,
  };
}

/** A mail that a server was handed. */
export interface Taken {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
}

export interface MailSink extends AsyncDisposable {
  readonly url: string;
  readonly taken: readonly Taken[];
}

/** An SMTP server that takes what it is handed. @param options what it does else */
export async function startMailSink(options: SMTPServerOptions = {}, port = 0): Promise<MailSink> {
  const taken: Taken[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        const from = mailFrom === false ? "" : mailFrom.address;
        taken.push({ from, to: rcptTo.map(({ address }) => address), raw: Buffer.concat(chunks).toString() });
        callback();
      });
    },
    ...options,
  });
  const listening = server.listen(port, "127.0.0.1");
  await once(listening, "listening");
  return {
    url: `smtp://127.0.0.1:${(listening.address() as AddressInfo).port}`,
    taken,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** What a faulty server does at a point of the conversation: says a line, or closes, or nothing. */
type Reply = string | "close" | "silence";

export interface Faults {
  readonly greeting?: Reply;
  readonly rcpt?: Reply;
  readonly data?: Reply;
  /** At the first bytes after DATA. */
  readonly words?: Reply;
  readonly end?: Reply;
}

/** An SMTP server that goes wrong where it is told to, and right up to there. */
export async function startFaultyServer(faults: Faults): Promise<{ readonly url: string } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const answer = (reply: Reply) => {
      if (reply === "close") socket.destroy();
      else if (reply !== "silence") socket.write(`${reply}\r\n`);
    };
    let isInData = false;
    let text = "";
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      text += chunk.toString();
      if (isInData) {
        if (faults.words !== undefined) return answer(faults.words);
        if (!text.includes("\r\n.\r\n")) return;
        [isInData, text] = [false, ""];
        return answer(faults.end ?? "250 2.0.0 taken");
      }
      for (let end = text.indexOf("\r\n"); end >= 0 && !isInData; end = text.indexOf("\r\n")) {
        const line = text.slice(0, end).toUpperCase();
        text = text.slice(end + 2);
        if (line.startsWith("RCPT")) answer(faults.rcpt ?? "250 2.1.5 ok");
        else if (line === "DATA") {
          answer(faults.data ?? "354 go on");
          isInData = faults.data === undefined;
        } else answer(line.startsWith("QUIT") ? "221 bye" : "250 ok");
      }
      return;
    });
    answer(faults.greeting ?? "220 faulty.example ESMTP");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
