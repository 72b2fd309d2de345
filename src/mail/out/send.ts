// Sends mails: says so, hands them over, notes the outcome. Killed between any two of these, a later run finds out what
// became of it: no mail goes out twice, and none is lost without being seen.
import type pg from "pg";
import type { Logger } from "../../observe/logger.ts";
import { type MailProvider, type OutgoingMail, patienceMs, type SendOutcome } from "../providers/provider.ts";
import { suppress } from "../suppression.ts";
import { againInMs } from "./backoff.ts";
import { type ComposeOptions, composeMails } from "./compose.ts";
import { inBatches } from "./in-batches.ts";
import { claim, dissolve, findAlongside, record, sendLater, type Tried } from "./mail-state.ts";
import { type MailRow, readMails } from "./read-mails.ts";

export interface SendOptions extends ComposeOptions {
  readonly pool: pg.Pool;
  readonly provider: MailProvider;
  readonly log: Logger;
}

/** After this, whoever was handing a mail over is gone: what takes longer is given up by the provider itself. */
const goneMs = patienceMs + 60_000;
/** When a provider is asked again what it cannot tell yet. */
const askAgainMs = 60_000;

/** Sends a mail, or finds out what became of it. Safe to repeat, also at once. */
export type SendMail = (id: string) => Promise<void>;

/**
 * Those that are asked for at once are read, composed and said to be sent together; the provider is handed them as it takes
 * them, with others that wait where it takes many, and the outcome of each is noted as soon as it is known.
 */
export function createSendMail(options: SendOptions): SendMail {
  const { pool, provider } = options;
  const note = inBatches((tries: readonly (readonly Tried[])[]) => record(pool, tries.flat()));
  const begin = inBatches(async (asked: readonly string[]) => {
    const { mails, inDoubt } = await prepare(options, [...new Set(asked)]);
    const ends = new Map<string, Promise<void>>();
    for (let from = 0; from < mails.length; from += provider.batchMax) {
      const some = mails.slice(from, from + provider.batchMax);
      const end = handOver(options, note, some);
      for (const { mail } of some) ends.set(mail.id, end);
    }
    return { ends, inDoubt };
  });
  const send = async (id: string): Promise<MailRow | null> => {
    const { ends, inDoubt } = await begin(id);
    // Whose own mail is not sent now waits for what came along with it.
    await (ends.get(id) ?? Promise.all(ends.values()));
    return inDoubt.get(id) ?? null;
  };
  return async (id) => {
    const mail = await send(id);
    // Not with the others: a provider that is slow to say it keeps nobody else waiting.
    if (mail !== null && (await settleDoubt(options, mail))) await send(id);
  };
}

/** A mail that is said to be sent. */
interface Claimed {
  readonly mail: MailRow;
  readonly composed: OutgoingMail;
}

interface Prepared {
  readonly mails: readonly Claimed[];
  /** Of those that were asked for, by id: was said to be sent before, and nothing more is known. */
  readonly inDoubt: ReadonlyMap<string, MailRow>;
}

/** Claims what is to be sent of these mails, with others that wait. */
async function prepare(options: SendOptions, asked: readonly string[]): Promise<Prepared> {
  const { pool, provider } = options;
  const ids = [...asked, ...(await findAlongside(pool, asked, provider.batchMax - asked.length))];
  const waiting: MailRow[] = [];
  const inDoubt = new Map<string, MailRow>();
  for (const mail of await readMails(pool, ids)) {
    if (mail.status === "WAITING" && (await isWanted(pool, mail))) waiting.push(mail);
    if (mail.status === "SENDING" && asked.includes(mail.id)) inDoubt.set(mail.id, mail);
  }
  const own = waiting.filter(({ id }) => asked.includes(id));
  const { tried, composed } = await composeMails(pool, options, waiting).then(
    (made) => ({ tried: waiting, composed: made }),
    async (error: unknown) => {
      if (own.length === waiting.length) throw error;
      // One that cannot be composed holds up its own job alone.
      options.log.error(
        { err: error },
        "a mail that waits cannot be composed; the others go out without those that wait",
      );
      return { tried: own, composed: await composeMails(pool, options, own) };
    },
  );
  for (const { id } of tried) if (!composed.has(id)) await dissolve(pool, id);
  const claimed = await claim(pool, [...composed.keys()], provider.name);
  const mails = tried.flatMap((mail) => {
    const [attempts, words] = [claimed.get(mail.id), composed.get(mail.id)];
    if (attempts === undefined || words === undefined) return [];
    return [{ mail: { ...mail, attempts, provider: provider.name }, composed: words }];
  });
  return { mails, inDoubt };
}

/** Whether it may be sent now; where not, why is noted. */
async function isWanted(pool: pg.Pool, mail: MailRow): Promise<boolean> {
  const end = async (status: "FAILED" | "SUPPRESSED", code: string) => {
    await record(pool, [{ id: mail.id, attempts: mail.attempts, status, code, answer: "" }]);
    return false;
  };
  if (mail.address === null) return end("FAILED", "erased");
  if (mail.kind === "EVENTS" && mail.isTooLate) return end("FAILED", "left");
  if (mail.kind === "EVENTS" && mail.isMuted) return end("FAILED", "muted");
  return mail.isSuppressed ? end("SUPPRESSED", "suppressed") : true;
}

async function handOver(
  options: SendOptions,
  note: (tries: readonly Tried[]) => Promise<void>,
  mails: readonly Claimed[],
): Promise<void> {
  const { pool, provider } = options;
  const outcomes = await provider.send(mails.map(({ composed }) => composed));
  const ended = mails.map(({ mail }, index) => {
    const outcome = outcomes[index] ?? { kind: "unknown", code: "none", answer: "the provider said nothing of it" };
    return { mail, outcome, ...outcomeOf(mail, outcome) };
  });
  // Before it is noted: killed in between, the mail is tried again, and then the address is known.
  for (const { mail, outcome } of ended) if (outcome.kind === "refused") await refused(options, mail, outcome);
  await note(ended.map(({ tried }) => tried));
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

/** Of one that is in doubt: finds out whether it was. Returns whether it is to be sent. */
async function settleDoubt(options: SendOptions, mail: MailRow): Promise<boolean> {
  const leftMs = goneMs - (mail.triedMsAgo ?? 0);
  if (leftMs <= 0) return askWhetherSent(options, mail);
  await sendLater(options.pool, mail.id, leftMs);
  return false;
}

async function askWhetherSent({ pool, provider, log }: SendOptions, mail: MailRow): Promise<boolean> {
  const { id, messageId, attempts } = mail;
  const triedAt = mail.triedAt ?? new Date();
  const ask = () =>
    provider.wasSent({ id, messageId, triedAt }).catch((error: unknown) => {
      log.warn({ err: error, mail: id }, "could not ask whether a mail went out; will ask again");
      return { kind: "later" as const };
    });
  // Another provider knows nothing of it, and its no would send it twice.
  const found = mail.provider === provider.name ? await ask() : ({ kind: "unknown" } as const);
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
