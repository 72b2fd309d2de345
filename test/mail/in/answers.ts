// Answers as mail programs write them, whole mails: who answers, above which quote, with which headers.

/** The mail that is answered. */
export interface OriginalMail {
  readonly from: { readonly name: string; readonly address: string };
  readonly to: { readonly name: string; readonly address: string };
  readonly subject: string;
  /** Without angle brackets, as `references`. */
  readonly messageId: string;
  readonly references?: readonly string[];
  readonly text: string;
  /** What programs quote that write HTML; its text, where left out. */
  readonly html?: string;
}

export const programs = [
  ...([
    "Gmail",
    "Outlook",
    "Outlook HTML",
    "Apple Mail",
    "iPhone",
    "mutt",
    "Thunderbird",
    "Yahoo",
    "ProtonMail",
  ] as const),
] as const;
export type Program = (typeof programs)[number];

export interface Answering {
  /** Who answers; whoever the original went to where nothing else is said. */
  readonly from?: OriginalMail["to"];
  /** Where to; the original's From where nothing else is said. */
  readonly to?: string;
  /** Without angle brackets. */
  readonly messageId?: string;
  readonly headers?: readonly string[];
}

/** An answer to `original` that says `words`, as the bytes of a mail. */
export function answerOf(
  program: Program,
  original: OriginalMail,
  words: string,
  { from = original.to, to, messageId, headers = [] }: Answering = {},
): Buffer {
  const { mailer, body } = writers[program](original, words);
  const references = [...(original.references ?? []), original.messageId].map((id) => `<${id}>`);
  const head = [
    ...mailer,
    ...headers,
    `From: ${named(from)}`,
    `To: ${to ?? named(original.from)}`,
    `Subject: ${/^re:/i.test(original.subject) ? "" : "Re: "}${encoded(original.subject)}`,
    `Date: Tue, 05 Mar 2024 10:15:00 +0100`,
    `Message-ID: <${messageId ?? `answer-${words.length}-${mailer.length}@${domainOf(from.address)}`}>`,
    `In-Reply-To: <${original.messageId}>`,
    `References: ${references.join("\r\n ")}`,
    "MIME-Version: 1.0",
  ];
  return Buffer.from(`${[...head, ...body].join("\r\n")}\r\n`);
}

const domainOf = (address: string): string => address.slice(address.lastIndexOf("@") + 1);

const encoded = (text: string): string =>
  /^[\x20-\x7e]*$/.test(text) ? text : `=?UTF-8?B?${Buffer.from(text).toString("base64")}?=`;

const named = ({ name, address }: OriginalMail["from"]): string =>
  /^[\x20-\x7e]*$/.test(name) ? `"${name}" <${address}>` : `${encoded(name)} <${address}>`;

interface Written {
  /** What else stands at the head. */
  readonly mailer: readonly string[];
  /** From the headers that say its type on. */
  readonly body: readonly string[];
}

type Writer = (original: OriginalMail, words: string) => Written;

const quoted = (text: string): string =>
  text
    .split("\n")
    .map((line) => (line === "" ? ">" : line.startsWith(">") ? `>${line}` : `> ${line}`))
    .join("\n");

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\n", "<br>");

const quotedHtml = ({ html, text }: OriginalMail): string => html ?? escaped(text);

const crlf = (text: string): string => text.replaceAll("\n", "\r\n");

const plain = (text: string, type = "text/plain; charset=utf-8"): readonly string[] => [
  `Content-Type: ${type}`,
  "Content-Transfer-Encoding: 8bit",
  "",
  crlf(text),
];

const base64 = (text: string, type: string): readonly string[] => [
  `Content-Type: ${type}; charset="utf-8"`,
  "Content-Transfer-Encoding: base64",
  "",
  ...(Buffer.from(crlf(text))
    .toString("base64")
    .match(/.{1,76}/g) ?? []),
];

const alternative = (boundary: string, text: readonly string[], html: readonly string[]): readonly string[] => [
  `Content-Type: multipart/alternative; boundary="${boundary}"`,
  "",
  `--${boundary}`,
  ...text,
  `--${boundary}`,
  ...html,
  `--${boundary}--`,
];

const fieldsOf = ({ from, to, subject }: OriginalMail): readonly (readonly [string, string])[] => [
  ["From", `${from.name} <${from.address}>`],
  ["Sent", "Monday, March 4, 2024 9:30 AM"],
  ["To", `${to.name} <${to.address}>`],
  ["Subject", subject],
];

const outlookHtml: Writer = (original, words) => {
  const fields = fieldsOf(original).map(([name, value]) => `<b>${name}:</b> ${escaped(value)}<br>`);
  const html = [
    '<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8">',
    '<style type="text/css" style="display:none;"> P {margin-top:0;margin-bottom:0;} </style></head><body dir="ltr">',
    `<div class="elementToProof" style="font-family: Aptos, sans-serif; font-size: 12pt;">${escaped(words)}</div>`,
    '<div id="Signature"><div>Kind regards<br>Sales department</div></div>',
    '<div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1">',
    `<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif" color="#000000">${fields.join("\n")}</font>`,
    `<div>&nbsp;</div></div><div>${quotedHtml(original)}</div></body></html>`,
  ];
  return { mailer: ["X-MS-Has-Attach:", "Thread-Index: AQHabcdefgh"], body: base64(html.join("\n"), "text/html") };
};

const writers: Readonly<Record<Program, Writer>> = {
  Gmail: (original, words) => {
    const { name, address } = original.from;
    const head = `On Mon, Mar 4, 2024 at 9:30\u202fAM ${name} <`;
    const text = `${words}\n\n${head}\n${address}> wrote:\n\n${quoted(original.text)}\n`;
    const html = `<div dir="ltr">${escaped(words)}</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">${escaped(head)}<a href="mailto:${address}">${address}</a>&gt; wrote:<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex">${quotedHtml(original)}</blockquote></div>`;
    return {
      mailer: ["X-Google-Smtp-Source: AGHT+I"],
      body: alternative("000000000000e5d3a1", base64(text, "text/plain"), base64(html, "text/html")),
    };
  },
  Outlook: (original, words) => {
    const fields = fieldsOf(original).map(([name, value]) => `${name}: ${value}`);
    const text = `${words}\n\n________________________________\n${fields.join("\n")}\n\n${original.text}\n`;
    return {
      mailer: ["Accept-Language: en-US", "Thread-Topic: x", "X-MS-Has-Attach:"],
      body: alternative("_000_AM0PR01MB1234_", base64(text, "text/plain"), outlookHtml(original, words).body),
    };
  },
  "Outlook HTML": outlookHtml,
  "Apple Mail": (original, words) => {
    const head = `On 4. Mar 2024, at 09:30, ${original.from.name} <${original.from.address}> wrote:`;
    return {
      mailer: ["X-Mailer: Apple Mail (2.3774.400.31)"],
      body: plain(`${words}\n\n> ${head}\n> \n${quoted(original.text)}\n`, "text/plain; charset=utf-8"),
    };
  },
  iPhone: (original, words) => {
    const head = `On Mar 4, 2024, at 9:30\u202fAM, ${original.from.name} <${original.from.address}> wrote:`;
    const html = `<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"></head><body dir="auto">${escaped(words)}<br id="lineBreakAtBeginningOfSignature"><div dir="ltr">Sent from my iPhone</div><div dir="ltr"><br><blockquote type="cite">${escaped(head)}<br><br></blockquote></div><blockquote type="cite"><div dir="ltr">\ufeff${quotedHtml(original)}</div></blockquote></body></html>`;
    return { mailer: ["X-Mailer: iPhone Mail (21D50)"], body: base64(html, "text/html") };
  },
  mutt: (original, words) => ({
    mailer: ["User-Agent: Mutt/2.2.9 (2022-11-12)"],
    body: plain(
      `On Mon, Mar 04, 2024 at 09:30:00AM +0100, ${original.from.name} wrote:\n${quoted(original.text)}\n\n${words}\n\n-- \nof mutt, since 1998\n`,
    ),
  }),
  Thunderbird: (original, words) => {
    const head = `Am 04.03.24 um 09:30 schrieb ${original.from.name}:`;
    const text = `${words}\n\n-- \nSent by a bird\n\n${head}\n${quoted(original.text)}\n`;
    const html = `<!DOCTYPE html><html><head><meta charset="UTF-8"></head><body><p>${escaped(words)}</p><pre class="moz-signature" cols="72">-- \nSent by a bird</pre><div class="moz-cite-prefix">${escaped(head)}<br></div><blockquote type="cite" cite="mid:${original.messageId}">${original.html ?? `<pre>${escaped(original.text)}</pre>`}</blockquote></body></html>`;
    return {
      mailer: ["User-Agent: Mozilla Thunderbird"],
      body: alternative("------------0Yz7", plain(text), base64(html, "text/html")),
    };
  },
  Yahoo: (original, words) => {
    const head = `On Monday, March 4, 2024 at 09:30:00 AM GMT+1, ${original.from.name} <${original.from.address}> wrote:`;
    const html = `<html><head></head><body><div class="ydp1a2b3yahoo-style-wrap" style="font-size:16px;"><div dir="ltr">${escaped(words)}</div></div><div id="yahoo_quoted_123" class="yahoo_quoted"><div><div>${escaped(head)}</div><div><br></div><div>${quotedHtml(original)}</div></div></div></body></html>`;
    return { mailer: ["X-Mailer: WebService/1.1.22129 YMailNorrin"], body: base64(html, "text/html") };
  },
  ProtonMail: (original, words) => {
    const head = `On Monday, March 4th, 2024 at 9:30 AM, ${original.from.name} <${original.from.address}> wrote:`;
    const html = `<div style="font-family: Arial, sans-serif;">${escaped(words)}</div><div class="protonmail_signature_block"><div class="protonmail_signature_block-proton">Sent with <a href="https://proton.me/" target="_blank">Proton Mail</a> secure email.</div></div><div class="protonmail_quote">${escaped(head)}<br><br><blockquote class="protonmail_quote" type="cite">${quotedHtml(original)}</blockquote><br></div>`;
    const text = `${words}\n\nSent with Proton Mail secure email.\n\n${head}\n\n${quoted(original.text)}\n`;
    return {
      mailer: ["X-Pm-Message-Id: 0abc"],
      body: alternative("b1_proton", base64(text, "text/plain"), base64(html, "text/html")),
    };
  },
};
