// A process that takes mails by SMTP: a whole platform, or the bare libraries. Its first message says which, and is answered with
// the ports; each further one with how many mails are worked through.
import type { AddressInfo } from "node:net";
import PostalMime from "postal-mime";
import { SMTPServer } from "smtp-server";
import { z } from "zod";
import { openApi, openWorker } from "../src/cli/parts.ts";
import { openCoreWith } from "../test/support/open-core.ts";

const startSchema = z.union([
  z.object({ kind: z.literal("parley"), settings: z.record(z.string(), z.string()), senders: z.string() }),
  z.object({ kind: z.literal("bare") }),
]);

interface Started {
  readonly smtpPort: number;
  readonly port: number;
  done(): Promise<number>;
}

/** @param senders the domain whose mails this machine may send, as DNS would say */
async function startParley(settings: Readonly<Record<string, string>>, senders: string): Promise<Started> {
  const stack = new AsyncDisposableStack();
  const core = await openCoreWith(stack, settings, {
    mail: {
      resolver: async (name, type) => {
        if (type === "TXT" && name === senders) return [["v=spf1 ip4:127.0.0.1 -all"]];
        throw Object.assign(new Error(`no ${name}`), { code: "ENOTFOUND" });
      },
    },
  });
  await openWorker(stack, core);
  const { port } = await openApi(stack, core);
  return {
    smtpPort: core.config.mail.smtpPort ?? 0,
    port,
    done: async () => {
      const { rows } = await core.database.pool.query<{ count: number }>(
        "SELECT count(*) AS count FROM inbound_mail WHERE status = 'POSTED'",
      );
      return rows[0]?.count ?? 0;
    },
  };
}

/** Takes each mail whole, reads it, and says so. */
async function startBare(): Promise<Started> {
  let count = 0;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["AUTH", "STARTTLS"],
    disableReverseLookup: true,
    logger: false,
    onData: (stream, _session, answer) => {
      const take = async () => {
        await PostalMime.parse(Buffer.concat(await Array.fromAsync(stream as AsyncIterable<Buffer>)));
        count += 1;
      };
      take().then(() => answer(), answer);
    },
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return { smtpPort: (server.server.address() as AddressInfo).port, port: 0, done: async () => count };
}

let started: Started | null = null;
process.on("message", (message) => {
  const answer = async () => {
    if (started !== null) return { done: await started.done() };
    const asked = startSchema.parse(message);
    started = asked.kind === "bare" ? await startBare() : await startParley(asked.settings, asked.senders);
    return { smtpPort: started.smtpPort, port: started.port };
  };
  void answer().then((answered) => process.send?.(answered));
});
