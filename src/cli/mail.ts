// parley mail list|resend|held|ask|suppressed|lift
import { runMigrations } from "graphile-worker";
import type pg from "pg";
import { z } from "zod";
import type { Config } from "../config/config.ts";
import { askAboutHeld, readHeldMails } from "../mail/in/held-mails.ts";
import { oneLine } from "../mail/mail-text.ts";
import { type MailSummary, type NotResent, readMailSummaries, resendMail } from "../mail/out/mail-summaries.ts";
import { liftSuppression, readSuppressed } from "../mail/suppression.ts";
import { parseArguments } from "./arguments.ts";
import { openShared } from "./open-shared.ts";
import { UsageError } from "./usage.ts";

const saying =
  "Say: parley mail list [--json], parley mail resend ID, parley mail held [--json], parley mail ask ID, parley mail suppressed [--json], or: parley mail lift ADDRESS";

/**
 * Shows the mails that did not simply go out, those that came in and wait for their sender, and the addresses that get none; has a mail
 * sent again, a sender asked, or an address get mails again.
 */
export async function mail(args: readonly string[], config: Config): Promise<void> {
  const { values, positionals } = parseArguments(args, { json: { type: "boolean", default: false } });
  const [action = "", subject, ...more] = positionals;
  const needs = ["resend", "ask", "lift"].includes(action);
  const isKnown = needs
    ? subject !== undefined
    : ["list", "held", "suppressed"].includes(action) && subject === undefined;
  if (!isKnown || more.length > 0) throw new UsageError(saying);
  await using stack = new AsyncDisposableStack();
  const { pool } = (await openShared(stack, config)).database;
  switch (action) {
    case "list":
      return console.log(await listed(pool, values.json));
    case "suppressed":
      return console.log(await suppressed(pool, values.json));
    case "held":
      return console.log(await held(pool, values.json));
    case "ask":
      return await ask(pool, config.mail.domain, subject ?? "");
    case "resend":
      return await resend(pool, subject ?? "");
    default:
      return await liftAddress(pool, (subject ?? "").toLowerCase());
  }
}

async function listed(pool: pg.Pool, isJson: boolean): Promise<string> {
  const mails = await readMailSummaries(pool);
  if (isJson) return JSON.stringify(mails, null, 2);
  return mails.length === 0 ? "All mails went out." : mails.map(textOf).join("\n");
}

const states: Readonly<Record<MailSummary["status"], string>> = {
  WAITING: "is tried again",
  SENDING: "is being sent",
  SENT: "went out",
  MAYBE_SENT: "may have gone out; to send it again: parley mail resend ID",
  FAILED: "was not sent",
  BOUNCED: "came back",
  COMPLAINED: "was complained about",
  SUPPRESSED: "was not sent, for its address gets no mail",
};

function textOf({ id, kind, status, conversation, address, attempts, lastAttempt }: MailSummary): string {
  const tried = lastAttempt ? `\n  ${lastAttempt.at}: ${said(lastAttempt)}` : "";
  const what = kind === "EVENTS" ? "" : `, ${kind}`;
  return `${id} ${states[status]}\n  to ${address ?? "somebody erased"} of ${conversation}${what}, tried ${attempts === 1 ? "once" : `${attempts} times`}${tried}`;
}

/** What others answered, in one line: control characters would write elsewhere on the screen. */
const shown = (answer: string): string => oneLine(answer, 1_000);

async function held(pool: pg.Pool, isJson: boolean): Promise<string> {
  const mails = await readHeldMails(pool);
  if (isJson) return JSON.stringify(mails, null, 2);
  if (mails.length === 0) return "No mail waits for its sender.";
  return mails
    .map(({ id, receivedAt, address, conversation, reason, isAsked }) => {
      const asked = isAsked ? "was asked" : "was not asked: parley mail ask ID";
      return `${id} ${reason} ${receivedAt.toISOString()}\n  from ${address ?? "somebody erased"} to ${conversation}, who ${asked}`;
    })
    .join("\n");
}

async function ask(pool: pg.Pool, domain: string, id: string): Promise<void> {
  await runMigrations({ pgPool: pool });
  if (!z.uuid().safeParse(id).success || !(await askAboutHeld(pool, domain, id)))
    throw new UsageError("No such mail waits for its sender. Which do: parley mail held");
  console.log("Asked by a mail as soon as a worker runs. It is posted once they say that it is theirs.");
}

async function suppressed(pool: pg.Pool, isJson: boolean): Promise<string> {
  const addresses = await readSuppressed(pool);
  if (isJson) return JSON.stringify(addresses, null, 2);
  if (addresses.length === 0) return "No address is suppressed.";
  return addresses
    .map(({ address, reason, at, answer }) => `${address} ${reason} ${at.toISOString()}\n  ${shown(answer)}`.trimEnd())
    .join("\n");
}

const reasons: Readonly<Record<NotResent, string>> = {
  UNKNOWN: "There is no such mail. Which did not simply go out: parley mail list",
  NOT_NOW: "It went out, or will. Which did not simply: parley mail list",
  SUPPRESSED: "Its address gets no mail. To change that: parley mail lift ADDRESS",
  ERASED: "Its address is erased: there is nobody to send it to.",
  EMPTY: "It had a code, which is deleted. They can ask for a new one.",
};

/** An SMTP server begins its answer with the code. */
function said({ code, answer }: NonNullable<MailSummary["lastAttempt"]>): string {
  return shown(answer.startsWith(code) ? answer : `${code} ${answer}`).trimEnd();
}

async function resend(pool: pg.Pool, id: string): Promise<void> {
  await runMigrations({ pgPool: pool });
  const reason = z.uuid().safeParse(id).success ? await resendMail(pool, id) : "UNKNOWN";
  if (reason !== null) throw new UsageError(reasons[reason]);
  console.log("Sent again as soon as a worker runs.");
}

async function liftAddress(pool: pg.Pool, address: string): Promise<void> {
  if (!(await liftSuppression(pool, address)))
    throw new UsageError(`${address} is not suppressed. Which addresses are: parley mail suppressed`);
  console.log(`${address} gets mails again. What it did not get is not sent by this: parley mail resend ID`);
}
