// A mail as nodemailer is handed it.
import type { SendMailOptions } from "nodemailer";
import type { OutgoingMail } from "./provider.ts";

/** Multipart, with names, subject and words encoded. Nothing is fetched or read from disk for it. */
export function mimeOptions(mail: OutgoingMail): SendMailOptions {
  const { from, to, subject, text, html, messageId, inReplyTo, references, headers, envelopeFrom } = mail;
  return {
    from,
    // Never as one text, which would be parsed.
    to: { name: to.name ?? "", address: to.address },
    subject,
    text,
    html,
    messageId: `<${messageId}>`,
    ...(inReplyTo !== null && { inReplyTo: `<${inReplyTo}>` }),
    references: references.map((id) => `<${id}>`),
    headers: headers.map(([key, value]) => ({ key, value })),
    envelope: { from: envelopeFrom, to: [to.address] },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
