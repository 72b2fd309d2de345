// By which classes and ids mail programs mark, in HTML, what is a quote, what is a signature, and what nobody sees.

type Attributes = Readonly<Record<string, string>>;

const marksOf = ({ class: classes = "", id = "" }: Attributes): readonly string[] =>
  `${classes} ${id}`
    .slice(0, 1_000)
    .split(/\s+/)
    .filter((mark) => mark !== "");

const hasMark = (attributes: Attributes, pattern: RegExp): boolean =>
  marksOf(attributes).some((mark) => pattern.test(mark));

/** Gmail and Proton put the quote, its "On … wrote:" and answers between the quotes into one element. */
export function isQuoteContainer(name: string, attributes: Attributes): boolean {
  return name === "div" && hasMark(attributes, /^(?:gmail_quote|gmail_quote_container|protonmail_quote)$/);
}

/** The line above a quote: Gmail's, Thunderbird's, Roundcube's. */
export function isQuoteHead(attributes: Attributes): boolean {
  return hasMark(attributes, /^(?:gmail_attr|moz-cite-prefix|reply-intro)$/);
}

const quoteMarks = new RegExp(
  [
    "^gmail_quote$|^protonmail_quote$|^tutanota_quote$|^yahoo_quoted|^zmail_extra$|^sh-quoted-content$|^front-blockquote$",
    // Outlook of the Mac, NetEase, mobile Outlook.
    "^OLK_SRC_BODY_SECTION$|^isReplyContent$|^ntes-mailmaster-quote$|^mail-editor-reference-message-container$",
  ].join("|"),
);

/** Whether all within is quoted. */
export function isQuoteRoot(name: string, attributes: Attributes): boolean {
  if (name === "blockquote" && (attributes["type"] === "cite" || hasMark(attributes, /^(?:cite|qt)$/))) return true;
  return hasMark(attributes, quoteMarks);
}

/** Whether everything after it is quoted: Outlook's and Zimbra's lines between answer and quote. */
export function isHtmlCut(name: string, attributes: Attributes): boolean {
  if (name === "hr" && attributes["data-marker"] === "__DIVIDER__") return true;
  return hasMark(attributes, /^(?:divRplyFwdMsg|appendonsend|stopSpelling|OutlookMessageHeader)$/);
}

/** `gmail_signature`, `moz-signature`, `Signature`, `AppleMailSignature`, `protonmail_signature_block`, … */
export function isSignatureBlock(attributes: Attributes): boolean {
  return hasMark(attributes, /(?:^|[-_])signature(?:$|[-_])|^AppleMailSignature$/i);
}

const unseen = new Set(
  "audio button datalist head iframe map math noembed noframes noscript object option script select style svg template textarea title video".split(
    " ",
  ),
);

export function isUnseen(name: string, { style = "" }: Attributes): boolean {
  return unseen.has(name) || /display\s{0,9}:\s{0,9}none/i.test(style);
}
