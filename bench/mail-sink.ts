// An SMTP server that takes mails and keeps their number: in a process of its own.
import { SMTPServer } from "smtp-server";
import { z } from "zod";

const askedSchema = z.object({ ask: z.enum(["listen", "count"]) });

export const listeningSchema = z.object({ port: z.int() });
/** Mails and their bytes since it was last asked. */
export const countSchema = z.object({ mails: z.int(), bytes: z.int() });

let [mails, bytes] = [0, 0];
const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ["STARTTLS"],
  disableReverseLookup: true,
  onData: (stream, _session, callback) => {
    stream.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    stream.on("end", () => {
      mails++;
      callback();
    });
  },
});

process.on("message", (message) => {
  const { ask } = askedSchema.parse(message);
  if (ask === "count") {
    process.send?.({ mails, bytes });
    [mails, bytes] = [0, 0];
    return;
  }
  const listening = server.listen(0, "127.0.0.1", () => {
    const address = listening.address();
    process.send?.({ port: typeof address === "object" && address ? address.port : 0 });
  });
});
