// `/mail/`: what went out into files, and answering it as who it went to. For trying Parley on one's own machine: whoever
// reaches it reads everybody's mails, and writes as anybody.
import { toAddress } from "../../accounts/accounts.ts";
import { BadRequestError } from "../../http/body.ts";
import type { PageRequest, PageResponse, Pages } from "../../http/pages.ts";
import type { Logger } from "../../observe/logger.ts";
import type { InboundMail } from "../in/inbound-mail.ts";
import type { TakesMailFor } from "../in/takes-mail-for.ts";
import { isFromHere, queryOf, readForm } from "./browser-request.ts";
import { guarded } from "./guarded.ts";
import { answerNotFound, answerNotFromHere, answerPage, answerSeeOther, guardingHeaders } from "./page.ts";
import type { PageMail } from "./page-mails.ts";
import type { SentMail, SentMails } from "./sent-mails.ts";
import { listMarkup, mailMarkup, writeMarkup } from "./sent-markup.ts";
import { actKey } from "./stamp.ts";
import { answeringSubject, type WrittenMail, writtenMail } from "./written-mail.ts";

export interface SentPagesOptions {
  readonly mails: SentMails;
  /** Takes a mail in, as if a mail server had brought it. */
  storeInbound(incoming: InboundMail): Promise<unknown>;
  /** Whose mail is taken, as by SMTP. */
  readonly takesMailFor: TakesMailFor;
  /** The last that were written here. */
  readPageMails(): Promise<readonly PageMail[]>;
  /** To whom a new mail is written, if nobody else is named. */
  readonly somebodyHere: string;
  readonly log: Logger;
  now(): string;
}

export function createSentPages(options: SentPagesOptions): Pages {
  const { mails } = options;
  const answer: Pages["answer"] = async (request, response, path) => {
    if (!isToThisMachine(request)) return answerNotFound(response);
    const [, , first = "", second, ...rest] = path.split("/");
    const isPost = request.method === "POST";
    const form = isPost ? await readForm(request) : null;
    if (isPost && !isFromHere(request, undefined)) return answerNotFromHere(response);
    if (rest.length > 0 || (second !== undefined && second !== "html")) return answerNotFound(response);
    const isWhole = second === undefined;
    if (isWhole && first === "" && !form) {
      const main = listMarkup(await mails.latest(), await options.readPageMails(), queryOf(request).get("done") ?? "");
      return answerPage(response, { title: "Mails that went out", main, next: { path: "/mail/", afterSeconds: 5 } });
    }
    if (isWhole && first === "write") return write(options, response, form);
    const mail = await mails.find(first);
    if (mail === null) return answerNotFound(response);
    if (!isWhole) return mail.html === null ? answerNotFound(response) : answerHtml(response, mail.html);
    return form ? reply(options, response, mail, form) : showMail(response, mail, "", null);
  };
  return { prefix: "/mail/", answer: guarded(options.log, answer) };
}

/**
 * Whether the browser means this machine by the name that it asks for. Another site's page can have its own name lead here
 * (DNS rebinding), and would read all of it.
 */
export function isToThisMachine({ headers: { host = "" } }: Pick<PageRequest, "headers">): boolean {
  const url = `http://${host}`;
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function showMail(response: PageResponse, mail: SentMail, text: string, why: string | null): void {
  const main = mailMarkup(mail, text, why);
  answerPage(response, { status: why === null ? 200 : 400, title: mail.subject, main, hasFrames: true });
}

/** A mail's HTML by itself, as a mail program shows it: it runs nothing, fetches nothing, and is of no origin. */
function answerHtml(response: PageResponse, html: string): void {
  response.writeHead(200, {
    ...guardingHeaders,
    "content-type": "text/html; charset=utf-8",
    "content-security-policy":
      "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'",
  });
  response.end(`<!doctype html><base target="_blank">${html}`);
}

type Form = ReadonlyMap<string, string>;

async function reply(options: SentPagesOptions, response: PageResponse, mail: SentMail, form: Form): Promise<void> {
  const text = textOf(form);
  const address = toAddress(mail.to.address);
  if (address === null) return showMail(response, mail, text, "Nobody can answer a mail to this address.");
  if (text.trim() === "") return showMail(response, mail, text, "There are no words in it yet.");
  if ((await options.takesMailFor(mail.from.address)) !== "taken")
    return showMail(response, mail, text, "Nobody here takes mail at the address that this one came from.");
  const from = { name: mail.to.name, address };
  const subject = answeringSubject(mail.subject);
  await takeIn(options, form, {
    from,
    to: mail.from.address,
    subject,
    text,
    answered: mail,
    at: new Date(options.now()),
  });
  answerSeeOther(response, "/mail/?done=answered");
}

async function write(options: SentPagesOptions, response: PageResponse, form: Form | null): Promise<void> {
  const typed = {
    from: form?.get("from") ?? "dave@example.org",
    to: form?.get("to") ?? options.somebodyHere,
    subject: form?.get("subject") ?? "",
    text: form ? textOf(form) : "",
  };
  const [address, to] = [toAddress(typed.from), toAddress(typed.to)];
  const why = form && (await whyNotToWrite(options, { address, to, text: typed.text }));
  if (!form || why !== null || address === null || to === null)
    return answerPage(response, {
      status: why === null ? 200 : 400,
      title: "Write a mail",
      main: writeMarkup(typed, why),
    });
  const { subject, text } = typed;
  await takeIn(options, form, {
    from: { name: "", address },
    to,
    subject,
    text,
    answered: null,
    at: new Date(options.now()),
  });
  answerSeeOther(response, "/mail/?done=written");
}

/** Why a new mail would not be taken; null where it would. What is found out later stands on the list. */
async function whyNotToWrite(
  { takesMailFor }: SentPagesOptions,
  { address, to, text }: { readonly address: string | null; readonly to: string | null; readonly text: string },
): Promise<string | null> {
  if (address === null || to === null) return "One of these is no address. Write it as name@example.org.";
  const taken = await takesMailFor(to);
  if (taken === "elsewhere")
    return `${to} is not of this platform, and mails are not passed on. Write to somebody who has an account here.`;
  if (taken === "unknown") return `Nobody here has the address ${to}. Write to somebody who has an account here.`;
  if ((await takesMailFor(address)) !== "elsewhere")
    return `${address} is of this platform: who has an account here writes by that. Write as somebody of elsewhere, such as dave@example.org.`;
  return text.trim() === "" ? "There are no words in it yet." : null;
}

const textOf = (form: Form): string => (form.get("text") ?? "").replaceAll("\r\n", "\n");

/** @throws BadRequestError where the form is none of these pages' */
async function takeIn({ storeInbound }: SentPagesOptions, form: Form, mail: WrittenMail): Promise<void> {
  const clientId = form.get("clientId") ?? "";
  if (!/^[0-9a-f-]{36}$/.test(clientId)) throw new BadRequestError("This form is none of this page.", { status: 400 });
  const said = "nothing to ask: it was written on this machine's page";
  await storeInbound({
    // Sent twice, it comes in once.
    key: `page ${actKey(clientId, mail.answered?.id ?? null, mail.from.address, mail.to, mail.subject, mail.text)}`,
    envelope: { source: "page", from: mail.from.address, to: [mail.to], remoteAddress: null, helo: null },
    raw: await writtenMail(mail),
    authentication: { verdict: "aligned", spf: said, dkim: said },
  });
}
