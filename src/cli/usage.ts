// What the command says of itself.
import { settingsSchema } from "../config/config.ts";

/** The command was called in a way that it does not know. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const commands = `\
  parley start                       API and worker in one process; with no settings, all that they need too
  parley api                         serve GraphQL only; as many as you like on one database and one Redis
  parley worker                      work through jobs only; as many as you like
  parley account create ADDRESS      make an account          [--token] make a token for it  [--json] for programs
  parley account list                the accounts, and how many tokens each has  [--json]
  parley account revoke ADDRESS      make all its tokens void: one was seen by somebody else, say  [--json]
  parley keys list [PLATFORM]        this platform's keys, or those that it holds of another  [--json]
  parley keys rotate                 make a new key, which signs from a few minutes later on  [--spare FILE] vouched for by that
  parley keys spare FILE             make a key to be kept elsewhere, for the day on which all others are lost
  parley keys revoke KEY             give a key up, for ever
  parley keys accept PLATFORM        accept that another platform has quite other keys now
  parley import mbox FILE --as ADDRESS
                                     make an archive's mails conversations of that account; mails nobody  [--json]
  parley export CONVERSATION         write its log, and a page to read  [--out FILE] [--account ADDRESS] as they see it
  parley export --account ADDRESS    the same for all that they see     [--out FOLDER]
  parley verify FILE|FOLDER|CONVERSATION
                                     say what an export, all of a folder, or a log here proves and what it does not  [--json]
  parley conformance URL             say what another platform gets right and wrong of docs/federation.md
                                     [--address ADDRESS] with an account there, for what needs a conversation
                                     [--wait SECONDS] for that address to begin one  [--json]
                                     it looks us up as [--name NAME], default conformance.localhost, which has to
                                     lead it to [--listen HOST:PORT], default 127.0.0.1:4099
                                     [--keys FILE] of that name, default DATA/conformance/NAME.keys.json
  parley deliveries list             what other platforms are owed, or asked as leaders, and how they answer  [--json]
  parley deliveries retry [PLATFORM] send it anew, also what was refused or given up
  parley mail list                   the mails that did not simply go out  [--json]
  parley mail resend ID              send one again that may not have gone out, or was not taken
  parley mail held                   mails that came in and wait for their sender to say that they are theirs  [--json]
  parley mail ask ID                 ask the sender of one by a mail
  parley mail suppressed             the addresses that get no mail, and why  [--json]
  parley mail lift ADDRESS           send it mails again
  parley doctor                      compare every table with the logs; the drift must be 0  [--json]
  parley restored                    say that the database is an older copy, where Parley has not noticed by itself  [--json]
                                     [--nothing-lost] that it is none: nobody is waited for any more
  parley reindex                     make every text searchable anew; beside a running platform or without  [--json]`;

const width = Math.max(...Object.keys(settingsSchema.shape).map((name) => name.length));

/** Its commands and settings. */
export const usage = `parley: a conversation platform

${commands}

  parley --version                   say which Parley this is

Settings, from the environment:

${Object.entries(settingsSchema.shape)
  .map(([name, setting]) => {
    const unset = setting.safeParse(undefined).data;
    return `  ${name.padEnd(width)} ${setting.description}${unset === undefined ? "" : ` Default: ${unset}.`}`;
  })
  .join("\n")}`;

/** How one command is called; where there is none of this name, how all are. */
export function usageOf(name: string): string {
  const own = commands.split(/\n(?= {2}parley )/).filter((text) => text.startsWith(`  parley ${name} `));
  return own.length > 0 ? own.join("\n") : `${commands}\n\nThe settings: parley help`;
}
