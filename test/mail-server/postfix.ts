// Debian's postfix, with a configuration, a queue and mailboxes of its own in a temporary folder: people have mailboxes there,
// and it hands mails for Parley's domain over to Parley's listener. Nothing of the machine's own postfix is touched.
import { execFile } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createTransport, type SendMailOptions } from "nodemailer";
import { freePort } from "../support/free-port.ts";
import { postfix } from "../support/require-postfix.ts";

export interface PostfixOptions {
  /** Of the people who have mailboxes here. */
  readonly domain: string;
  /** Their local parts. */
  readonly people: readonly string[];
  /** Mails for it go to Parley. */
  readonly parleyDomain: string;
  /** Of Parley's listener on this machine. */
  readonly parleyPort: number;
  /** Whether the mails of Parley get other Message-IDs on their way, as at some providers. @default false */
  readonly rewritesMessageIds?: boolean;
}

export interface Postfix extends AsyncDisposable {
  /** Where it takes mails, on 127.0.0.1. */
  readonly port: number;
  /** All mails in somebody's mailbox, in the order in which they came. */
  mailsOf(person: string): Promise<readonly Buffer[]>;
  /** Hands a mail over as people's programs do. */
  send(mail: SendMailOptions): Promise<void>;
  /** Tries all mails again that wait. */
  flush(): Promise<void>;
  /** Whether no mail is on its way. */
  isIdle(): Promise<boolean>;
  /** What it logged. */
  log(): Promise<string>;
}

/** Of the Message-IDs that it gives to mails. */
export const rewrittenDomain = "provider.example";

/** Where mails are that have not arrived: http://www.postfix.org/QSHAPE_README.html#queues */
const queues = ["maildrop", "incoming", "active", "deferred"];

/** Whose mailboxes are: `nobody`, as whom postfix writes them. */
const nobody = 65_534;

export async function startPostfix(options: PostfixOptions): Promise<Postfix> {
  const stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "parley-postfix-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const port = await freePort();
  // Postfix's parts run as users of their own.
  await chmod(folder, 0o755);
  for (const name of ["queue", "data", "mail", "config"]) await mkdir(join(folder, name));
  await chown(join(folder, "mail"), nobody, nobody);
  const { stdout: owner } = await promisify(execFile)("id", ["-u", "postfix"]);
  await chown(join(folder, "data"), Number(owner), Number(owner));
  const config = join(folder, "config");
  await writeFile(join(config, "main.cf"), mainCf(folder, options));
  await writeFile(join(config, "master.cf"), masterCf(port));
  const { domain, people, parleyDomain, parleyPort } = options;
  await writeFile(join(config, "mailboxes"), people.map((name) => `${name}@${domain} ${name}/\n`).join(""));
  await writeFile(join(config, "transport"), `${parleyDomain} smtp:[127.0.0.1]:${parleyPort}\n`);
  await writeFile(join(config, "header_checks"), options.rewritesMessageIds === true ? rewriting(parleyDomain) : "");
  await run(config, "start");
  stack.defer(() => run(config, "stop"));
  const transport = createTransport({ host: "127.0.0.1", port, ignoreTLS: true });
  stack.defer(() => transport.close());
  return {
    port,
    mailsOf: (person) => readMaildir(join(folder, "mail", person, "new")),
    send: async (mail) => {
      await transport.sendMail(mail);
    },
    flush: () => run(config, "flush"),
    isIdle: () => hasNoFiles(queues.map((name) => join(folder, "queue", name))),
    log: () => readFile(join(folder, "log"), "utf8"),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function run(config: string, command: "start" | "stop" | "flush"): Promise<void> {
  await promisify(execFile)(postfix, ["-c", config, command], { timeout: 60_000 });
}

/** http://www.postfix.org/postconf.5.html */
function mainCf(folder: string, { domain, parleyDomain }: PostfixOptions): string {
  return `compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file = ${folder}/log
maillog_file_prefixes = ${folder}
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.${domain}
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
# Taken for whomever, and bounced: as where the mailbox is elsewhere.
smtpd_reject_unlisted_recipient = no
virtual_mailbox_domains = ${domain}
virtual_mailbox_base = ${folder}/mail
virtual_mailbox_maps = texthash:${folder}/config/mailboxes
virtual_uid_maps = static:${nobody}
virtual_gid_maps = static:${nobody}
relay_domains = ${parleyDomain}
transport_maps = texthash:${folder}/config/transport
smtp_dns_support_level = disabled
smtp_host_lookup = native
header_checks = regexp:${folder}/config/header_checks
alias_maps =
alias_database =
`;
}

/** http://www.postfix.org/header_checks.5.html: what a provider makes of Message-IDs that are not its own. */
function rewriting(parleyDomain: string): string {
  return `/^Message-ID: <([^@>]+)@${parleyDomain.replaceAll(".", "\\.")}>/ REPLACE Message-ID: <$1-0100@${rewrittenDomain}>\n`;
}

/** http://www.postfix.org/master.5.html: the parts that are needed here, none of them in a jail. */
function masterCf(port: number): string {
  const parts = [
    `127.0.0.1:${port} inet n - n - - smtpd`,
    ...["cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr", "rewrite unix - - n - - trivial-rewrite"],
    ...["bounce unix - - n - 0 bounce", "defer unix - - n - 0 bounce", "trace unix - - n - 0 bounce"],
    ...["smtp unix - - n - - smtp", "error unix - - n - - error", "retry unix - - n - - error"],
    ...["virtual unix - n n - - virtual", "proxymap unix - - n - - proxymap", "tlsmgr unix - - n 1000? 1 tlsmgr"],
    ...["anvil unix - - n - 1 anvil", "scache unix - - n - 1 scache", "postlog unix-dgram n - n - 1 postlogd"],
    ...["pickup unix n - n 60 1 pickup", "showq unix n - n - - showq", "flush unix n - n 1000? 0 flush"],
  ];
  return `${parts.join("\n")}\n`;
}

async function readMaildir(folder: string): Promise<readonly Buffer[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  // They begin with the time, to the microsecond.
  const byTime = names.toSorted((a, b) => timeOf(a) - timeOf(b));
  return Promise.all(byTime.map((name) => readFile(join(folder, name))));
}

async function hasNoFiles(folders: readonly string[]): Promise<boolean> {
  const found = await Promise.all(folders.map((folder) => readdir(folder, { recursive: true, withFileTypes: true })));
  return !found.flat().some((one) => one.isFile());
}

/** https://cr.yp.to/proto/maildir.html: `SECONDS.…M<MICROSECONDS>….HOST` */
function timeOf(name: string): number {
  const [, seconds = "0", micros = "0"] = /^(\d+)\..*?M(\d+)/.exec(name) ?? [];
  return Number(seconds) * 1e6 + Number(micros);
}
