// A mail as Postmark's inbound webhook hands it over: as it came, where that is switched on, else put together of its fields.
// https://postmarkapp.com/developer/webhooks/inbound-webhook
//
// Whose it is, is read of nothing but the mail as it came: its DKIM signature. What stands in `Headers` (Received-SPF,
// Authentication-Results, X-Spam-Tests) Postmark's own hosts write, and so may the sender; Postmark says neither where its own
// stand nor that it takes away the others, and nothing in them proves which is which. So none of them is believed.
import MailComposer from "nodemailer/lib/mail-composer";
import { z } from "zod";
import { BadRequestError } from "../../http/body.ts";
import { parseMailDate } from "../mail-date.ts";
import { type InboundMail, inboundBytesMax } from "./inbound-mail.ts";
import { asDocumented } from "./postmark-json.ts";

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
const people = z
  .array(z.object({ Email: text, Name: text }))
  .nullish()
  .transform((value) => value ?? []);

const inboundSchema = z.object({
  MessageID: z.string().min(1).max(200),
  OriginalRecipient: text,
  FromFull: z.object({ Email: text, Name: text }).nullish(),
  From: text,
  ToFull: people,
  CcFull: people,
  BccFull: people,
  Subject: text,
  Date: text,
  TextBody: text,
  HtmlBody: text,
  Headers: z
    .array(z.object({ Name: z.string(), Value: text }))
    .nullish()
    .transform((value) => value ?? []),
  Attachments: z
    .array(
      z.object({
        Name: text,
        ContentType: text,
        // The test button of Postmark's site sends `Data`.
        Content: z.string().nullish(),
        Data: z.string().nullish(),
        ContentID: text,
      }),
    )
    .nullish()
    .transform((value) => value ?? []),
  /** The mail as it came: "Include raw email content in JSON payload". */
  RawEmail: text,
});
type Inbound = z.infer<typeof inboundSchema>;

/** @throws BadRequestError for what is not as Postmark documents it, or too large */
export async function mailOfPostmark(json: unknown): Promise<InboundMail> {
  const inbound = asDocumented(inboundSchema, json);
  const { MessageID: id, OriginalRecipient: recipient, RawEmail: whole } = inbound;
  const all = [...inbound.ToFull, ...inbound.CcFull, ...inbound.BccFull].map(({ Email }) => Email);
  const mail = {
    key: `postmark Inbound ${id}`,
    envelope: {
      source: "postmark" as const,
      from: returnPathOf(inbound),
      to: [...new Set(recipient === "" ? all.filter((address) => address !== "") : [recipient])],
      remoteAddress: null,
      helo: null,
    },
  };
  const raw = whole === "" ? await compose(inbound) : Buffer.from(whole);
  // At any other answer Postmark would send it again, for hours.
  if (raw.length > inboundBytesMax) throw new BadRequestError("A mail may have 25 MiB at most.", { status: 403 });
  if (whole !== "") return { ...mail, raw };
  return {
    ...mail,
    raw,
    authentication: {
      verdict: "failed",
      spf: "not told who handed it over",
      dkim: "not to be verified: Postmark is not set to send mails as they came",
    },
  };
}

/** The first is Postmark's. It says where bounces go, and nothing is believed for it. */
function returnPathOf({ Headers: headers }: Inbound): string | null {
  const field = headers.find(({ Name }) => Name.toLowerCase() === "return-path");
  return field ? field.Value.trim().replace(/^<(.*)>$/, "$1") : null;
}

/** Written anew by the composer. */
const own: ReadonlySet<string> = new Set([
  ...["from", "sender", "to", "cc", "bcc", "subject", "date"],
  ...["mime-version", "content-type", "content-transfer-encoding", "content-disposition", "content-id"],
  // Of the mail as it came, which this is not.
  "dkim-signature",
]);

function compose(inbound: Inbound): Promise<Buffer> {
  const { FromFull: from, ToFull: to, CcFull: cc, Subject: subject, TextBody: words, HtmlBody: html } = inbound;
  const sentMs = parseMailDate(inbound.Date);
  const named = (one: { readonly Email: string; readonly Name: string }) => ({
    name: inOneLine(one.Name),
    address: inOneLine(one.Email),
  });
  const composer = new MailComposer({
    from: from?.Email ? named(from) : inOneLine(inbound.From),
    to: to.filter(({ Email }) => Email !== "").map(named),
    cc: cc.filter(({ Email }) => Email !== "").map(named),
    subject: inOneLine(subject),
    ...(sentMs !== null && { date: new Date(sentMs) }),
    ...(words !== "" && { text: words }),
    ...(html !== "" && { html }),
    headers: inbound.Headers.filter(({ Name }) => /^[!-9;-~]+$/.test(Name) && !own.has(Name.toLowerCase())).map(
      ({ Name, Value }) => ({ key: Name, value: inOneLine(Value) }),
    ),
    attachments: inbound.Attachments.map(({ Name, ContentType, Content, Data, ContentID }) => ({
      filename: inOneLine(Name),
      ...(ContentType !== "" && { contentType: inOneLine(ContentType) }),
      content: Buffer.from(Content ?? Data ?? "", "base64"),
      ...(ContentID !== "" && { cid: inOneLine(ContentID).replace(/^<(.*)>$/, "$1") }),
    })),
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return composer.compile().build();
}

/** A line break in a header would begin another. */
const inOneLine = (value: string): string => value.replace(/[\r\n\t\0 ]+/g, " ").trim();
