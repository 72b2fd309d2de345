// Whether an SMTP server takes addresses beyond ASCII (RFC 6531). What sends mails hands such an address over to any server.
import { parseConnectionUrl } from "nodemailer/lib/shared";
import SMTPConnection from "nodemailer/lib/smtp-connection";

/** What a mail's delivery says where it does not. */
export const withoutUtf8 = {
  code: "SMTPUTF8",
  answer: "The mail server takes no addresses with characters beyond ASCII (RFC 6531).",
} as const;

/** Of our addresses, only the local part can be: domains are A-labels. */
export const needsUtf8 = (address: string): boolean => /[\u0080-\u{10ffff}]/u.test(address);

/** Asks the server, on a connection of its own. @throws as nodemailer does, where it cannot be asked */
export function takesUtf8(
  url: string,
  options: { readonly name: string; readonly connectionTimeout: number; readonly greetingTimeout: number },
): Promise<boolean> {
  const connection = new SMTPConnection({
    ...parseConnectionUrl(url),
    ...options,
    socketTimeout: options.greetingTimeout,
  });
  return new Promise<boolean>((resolve, reject) => {
    // Also later ones, which change nothing any more: nobody else hears them.
    connection.on("error", reject);
    connection.once("end", () => reject(new Error("the mail server ended the connection")));
    connection.connect((error) => {
      if (error) reject(error);
      // What was answered to the last EHLO: after STARTTLS, where that is offered.
      else resolve(/^250[ -]SMTPUTF8\b/im.test(String(connection.lastServerResponse)));
    });
  }).finally(() => connection.close());
}
