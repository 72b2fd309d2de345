// Why a mail is not taken by SMTP: codes (RFC 5321 §4.2, RFC 3463) and what senders are told.

export interface SmtpReply {
  /** 4 of its hundreds: try again. 421 also closes the connection. */
  readonly code: number;
  readonly text: string;
}

export const smtpReplies = {
  connections: { code: 421, text: "4.7.0 you have too many connections here; come again in a moment" },
  mails: { code: 421, text: "4.7.0 that was a lot of mails; go on by another connection" },
  guessing: { code: 421, text: "4.7.0 too many recipients that nobody here is" },
  busy: { code: 452, text: "4.3.1 too many mails are coming in; come again in a moment" },
  later: { code: 451, text: "4.3.0 it could not be stored; come again later" },
  elsewhere: { code: 550, text: "5.7.1 mail for other domains is not passed on here" },
  unknown: { code: 550, text: "5.1.1 there is nobody of this address" },
  large: { code: 552, text: "5.3.4 it is too large; 25 MiB are taken" },
  lineEnds: { code: 550, text: "5.6.11 a line of it ends otherwise than with CR LF (RFC 5321, 2.3.8)" },
} satisfies Record<string, SmtpReply>;

/** As smtp-server wants to have it. */
export function smtpError({ code, text }: SmtpReply): Error {
  return Object.assign(new Error(text), { responseCode: code });
}
