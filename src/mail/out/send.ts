// Sends mails: says so, hands them over, notes the outcome. Killed between any two of these, a later run finds out what
// became of it: no mail goes out twice, and none is lost without being seen.
import type pg from "pg";
import type { Logger } from "../../observe/logger.ts";
import { type MailProvider, type OutgoingMail, patienceMs, type SendOutcome } from "../providers/provider.ts";
import { suppress } from "../suppression.ts";
import { againInMs } from "./backoff.ts";
import { type ComposeOptions, composeMails } from "./compose.ts";
import { claim, dissolve, findAlongside, record, sendLater, type Tried } from "./mail-state.ts";
import { type MailRow, readMails } from "./read-mail.ts";

export interface SendOptions extends ComposeOptions {
  readonly pool: pg.Pool;
  readonly provider: MailProvider;
  readonly log: Logger;
}

/** After this, whoever was handing a mail over is gone: what takes longer is given up by the provider itself. */
const goneMs = patienceMs + 60_000;
/** When a provider is asked again what it cannot tell yet. */
const askAgainMs = 60_000;

/** Sends the mail, or finds out what became of it, with others that wait where the provider takes many. Safe to repeat, also at once. */
export async function sendMail(options: SendOptions, id: string): Promise<void> {
  const { pool, provider } = options;
  const ids = [id, ...(await findAlongside(pool, id, provider.batchMax - 1))];
  const waiting: MailRow[] = [];
  for (const mail of await readMails(pool, ids)) {
    const isWaiting =
      mail.status === "WAITING" || (mail.id === id && mail.status === "SENDING" && (await settle(options, mail)));
    if (isWaiting && (await isWanted(pool, mail))) waiting.push(mail);
  }
  const composed = await composeMails(pool, options, waiting).catch((error: unknown) => {
    if (waiting.length < 2) throw error;
    options.log.error({ err: error, mail: id }, "a mail cannot be composed; those that wait go out one by one");
    return null;
  });
  if (composed) return handOver(options, waiting, composed);
  // What cannot be said holds up its own job alone.
  const alone = waiting.filter((mail) => mail.id === id);
  await handOver(options, alone, await composeMails(pool, options, alone));
}

/** Whether it may be sent now; where not, why is noted. */
async function isWanted(pool: pg.Pool, mail: MailRow): Promise<boolean> {
  const end = async (status: "FAILED" | "SUPPRESSED", code: string) => {
    await record(pool, [{ id: mail.id, attempts: mail.attempts, status, code, answer: "" }]);
    return false;
  };
  if (mail.address === null) return end("FAILED", "erased");
  if (mail.kind === "EVENTS" && !mail.isActive) return end("FAILED", "left");
  if (mail.kind === "EVENTS" && mail.isMuted) return end("FAILED", "muted");
  return mail.isSuppressed ? end("SUPPRESSED", "suppressed") : true;
}

async function handOver(
  options: SendOptions,
  waiting: readonly MailRow[],
  composed: ReadonlyMap<string, OutgoingMail>,
): Promise<void> {
  const { pool, provider } = options;
  for (const { id } of waiting) if (!composed.has(id)) await dissolve(pool, id);
  const claimed = await claim(pool, [...composed.keys()]);
  const mails = waiting
    .filter(({ id }) => claimed.has(id))
    .map((mail) => ({ ...mail, attempts: claimed.get(mail.id) ?? 0 }));
  if (mails.length === 0) return;
  const outcomes = await provider.send(mails.flatMap(({ id }) => composed.get(id) ?? []));
  const ended = mails.map((mail, index) => {
    const outcome = outcomes[index] ?? { kind: "unknown", code: "none", answer: "the provider said nothing of it" };
    return { mail, outcome, ...outcomeOf(mail, outcome) };
  });
  // Before it is noted: killed in between, the mail is tried again, and then the address is known.
  for (const { mail, outcome } of ended) if (outcome.kind === "refused") await refused(options, mail, outcome);
  await record(
    pool,
    ended.map(({ tried }) => tried),
  );
  for (const { mail, outcome, inMs } of ended) {
    if (outcome.kind === "unknown") await askWhetherSent(options, mail);
    if (inMs !== null) await sendLater(pool, mail.id, inMs);
  }
}

/** What is noted of an outcome, and when the mail is tried again. */
function outcomeOf(mail: MailRow, outcome: SendOutcome): { readonly tried: Tried; readonly inMs: number | null } {
  const { id, attempts } = mail;
  const { code, answer } = outcome;
  const noted = { id, attempts, code, answer };
  if (outcome.kind === "sent")
    return { tried: { ...noted, status: "SENT", providerId: outcome.providerId }, inMs: null };
  if (outcome.kind === "unknown") return { tried: { ...noted, status: "SENDING" }, inMs: null };
  if (outcome.isSuppressed) return { tried: { ...noted, status: "SUPPRESSED" }, inMs: null };
  const inMs = outcome.isPermanent ? null : againInMs({ ...mail, retryAfterMs: outcome.retryAfterMs }, Math.random());
  return { tried: { ...noted, status: inMs === null ? "FAILED" : "WAITING" }, inMs };
}

async function refused(
  { pool, log }: SendOptions,
  mail: MailRow,
  outcome: Extract<SendOutcome, { kind: "refused" }>,
): Promise<void> {
  const { isPermanent, isSuppressed = false, code, answer } = outcome;
  log.info({ mail: mail.id, attempts: mail.attempts, code, isPermanent, isSuppressed }, "a mail was not taken");
  if (!isSuppressed || mail.address === null) return;
  await suppress(pool, { address: mail.address, reason: "HARD_BOUNCE", answer: `${code} ${answer}`, mailId: mail.id });
}

/** Of a mail that is being handed over: finds out whether it was. Returns whether it is to be sent. */
async function settle(options: SendOptions, mail: MailRow): Promise<boolean> {
  const leftMs = goneMs - (mail.triedMsAgo ?? 0);
  if (leftMs <= 0) return askWhetherSent(options, mail);
  await sendLater(options.pool, mail.id, leftMs);
  return false;
}

async function askWhetherSent({ pool, provider, log }: SendOptions, mail: MailRow): Promise<boolean> {
  const { id, messageId, attempts } = mail;
  const triedAt = mail.triedAt ?? new Date();
  const found = await provider.wasSent({ id, messageId, triedAt }).catch((error: unknown) => {
    log.warn({ err: error, mail: id }, "could not ask whether a mail went out; will ask again");
    return { kind: "later" as const };
  });
  const note = (status: Tried["status"], answer: string, providerId: string | null = null) =>
    record(pool, [{ id, attempts, status, code: found.kind, answer, providerId }]);
  switch (found.kind) {
    case "sent":
      await note("SENT", "it was handed over before", found.providerId);
      return false;
    case "not-sent":
      await note("WAITING", "it was not handed over");
      return true;
    case "later":
      await sendLater(pool, id, askAgainMs);
      return false;
    case "unknown":
      log.warn({ mail: id }, "a mail may have gone out; to send it again: parley mail resend");
      await note("MAYBE_SENT", "nobody can say whether it was handed over");
      return false;
  }
}
