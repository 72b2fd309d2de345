// What mail programs write above a quote: "On … wrote:", "-----Original Message-----", `From:/Sent:/To:/Subject:`, in the
// languages in which they write it. Each pattern is anchored or without nested repetition: a line costs its length.

/** Longer ones are nobody's: what a program writes is two names, two addresses and a time. */
const longest = 600;
/** Programs wrap at 72 to 80 characters. */
const wrappedMax = 5;

const opens =
  /^(?:On|Am|Le|El|Op|Il|Em|A|No dia|W dniu|Dnia|Den|Den|På|Dne|Pe|Στις|V|Vào|Pada|在|於|于|Quoting|Zitat von|Citando|Citation de|Quoting from)(?=[\s\d“"<])/u;

// Of the words that are also others in some language, only with what stands beside them.
const says =
  /(?:\b(?:wrote|writes|schrieb|schrieben|schreibt|escribió|escribi[oó]|escreveu|schreef|ha scritto|scrisse|scrive|skrev|kirjoitti|napsala?|napisał|napisała|pisze|napísala?|yazdı|írta|a scris|đã viết|menulis|has written)(?![\p{L}])|a\s+écrit|написала?|написал\(а\)|пишет|пише|έγραψε|כתב|כתבה|كتب|写道|寫道|님이 작성|のメール|さんは書きました|は書きました|^(?:Quoting|Zitat von|Citando|Citation de)\s)/iu;

const year = /(?<!\d)(?:19|20)\d{2}(?!\d)/;
const time = /(?<!\d)\d{1,2}\s?[:.h]\s?\d{2}(?!\d)/;
const date = /(?<!\d)\d{1,4}[./-]\d{1,2}[./-]\d{1,4}(?!\d)|\d{1,2}月|\d{1,2}월/;
// A colon of any width, as of "<a@a.example>:" and of "写道：".
const endsWithColon = /[:：]\s*$/;
const endsWithAddress = /[>)\]]\s*[:：]\s*$/;

type Certainty = "sure" | "above a quote" | null;

function certaintyOf(text: string): Certainty {
  if (text.length > longest || !endsWithColon.test(text)) return null;
  const hasVerb = says.test(text);
  const hasAddress = text.includes("@");
  const dates = Number(year.test(text)) + Number(time.test(text)) + Number(date.test(text));
  if (hasVerb && dates > 0 && (hasAddress || opens.test(text))) return "sure";
  if (hasAddress && dates > 1 && endsWithAddress.test(text)) return "sure";
  return hasVerb && (hasAddress || dates > 0 || text.length <= 80) ? "above a quote" : null;
}

export interface QuoteHead {
  /** The first of its lines. */
  readonly start: number;
  /** Whether it is one wherever it stands, not only directly above a quote. */
  readonly isSure: boolean;
}

/**
 * The "On … wrote:" whose last line is at `last`; null where it is none. It does not go back beyond an empty line.
 * @param textAt a line's words; null where the line is no one's own words, or before the first
 */
export function quoteHeadEndingAt(textAt: (index: number) => string | null, last: number): QuoteHead | null {
  const ending = textAt(last);
  if (ending === null || !endsWithColon.test(ending)) return null;
  let found: QuoteHead | null = null;
  let joined = "";
  for (let start = last; start > last - wrappedMax; start--) {
    const line = textAt(start);
    if (line === null || line.trim() === "" || line.length > longest) break;
    joined = joined === "" ? line.trim() : `${line.trim()} ${joined}`;
    const certainty = certaintyOf(joined);
    if (certainty === null) continue;
    const isSure = certainty === "sure";
    // With its first words there, it is whole. Without, more of it may have been wrapped.
    if (isSure && opens.test(joined) && /\d/.test(line)) return { start, isSure };
    if (found === null || (isSure && !found.isSure)) found = { start, isSure };
  }
  return found;
}

const forwarded =
  /^\W{0,30}(?:Begin forwarded message|(?:Original )?Forwarded message|Forwarded by|Weitergeleitete Nachricht|Anfang der weitergeleiteten (?:Nachricht|E-Mail)|Message transféré|Début du message (?:réexpédié|transféré)|Mensaje reenviado|Inicio del mensaje reenviado|Doorgestuurd bericht|Begin doorgestuurd bericht|Messaggio inoltrato|Inizio messaggio inoltrato|Mensagem (?:encaminhada|reencaminhada)|Início da mensagem (?:encaminhada|reencaminhada)|(?:Wiadomość przesłana dalej|Przekazana wiadomość|Treść przekazanej wiadomości)|(?:Пересылаемое|Пересланное) сообщение|Начало переадресованного сообщения|Vidarebefordrat meddelande|Videresendt (?:meddelelse|melding)|Välitetty viesti|İletilmiş ileti|転送されたメッセージ|転送されたメール|转发的邮件|轉寄的郵件|转发邮件信息|전달된 메시지)(?:[:：]|\W{0,30}$)/iu;

/** Whether a mail follows that somebody passes on: its words are new to those who get them here. */
export function isForwardMark(text: string): boolean {
  return text.length <= 200 && forwarded.test(text.trim());
}

const original =
  /^[-_=\s]*[-_=]{2,}\s*(?:Original Message|Original|Ursprüngliche Nachricht|Originalnachricht|Original-Nachricht|Message d[’']origine|Message original|Mensaje original|Oorspronkelijk bericht|Originele bericht|Messaggio originale|Mensagem original|(?:Oryginalna|Pierwotna) wiadomość|(?:Wiadomość oryginalna)|Исходное сообщение|Оригинальное сообщение|Ursprungligt meddelande|Originalmeddelande|Oprindelig meddelelse|Opprinnelig melding|Alkuperäinen viesti|Özgün İleti|Orijinal Mesaj|Původní zpráva|Eredeti üzenet|Mesaj original|元のメッセージ|邮件原件|原始邮件|原始郵件|원본 메시지|Reply message)\s*[-_=]{2,}[-_=\s]*$/iu;

/** A line such as "-----Original Message-----". */
export function isOriginalMark(text: string): boolean {
  return text.length <= 200 && original.test(text);
}

/** A line of nothing but dashes or underscores, as stands above the names of fields. */
export function isRule(text: string): boolean {
  return text.length <= 200 && /^\s*(?:[-–—]{5,}|_{5,}|\*{5,})\s*$/.test(text);
}

const fields = {
  from: "From|Von|De|Van|Da|Od|От|Від|Från|Fra|Lähettäjä|Kimden|Gönderen|Feladó|Odesílatel|Expeditor|De la|Από|差出人|发件人|發件人|寄件者|寄件人|보낸 사람|보낸사람|מאת|من",
  sent: "Sent|Date|Gesendet|Datum|Envoyé|Envoyé le|Enviado|Enviado el|Enviado em|Enviada em|Fecha|Data|Verzonden|Inviato|Wysłano|Wysłane|Отправлено|Дата|Надіслано|Skickat|Sendt|Dato|Lähetetty|Päivämäärä|Päiväys|Gönderildi|Tarih|Elküldve|Dátum|Odesláno|Trimis|Στάλθηκε|Ημερομηνία|送信日時|日付|日時|发送时间|發送時間|傳送時間|時間|日期|寄件日期|보낸 날짜|날짜|נשלח|תאריך",
  to: "To|An|À|A|Para|Aan|Do|Кому|Till|Til|Vastaanottaja|Kime|Címzett|Komu|Către|Προς|宛先|收件人|收件者|받는 사람|받는사람|אל|إلى",
  subject:
    "Subject|Betreff|Objet|Asunto|Assunto|Onderwerp|Oggetto|Temat|Тема|Ämne|Emne|Aihe|Konu|Tárgy|Předmět|Subiect|Θέμα|件名|主题|主題|主旨|제목|נושא|الموضوع",
} as const;

const fieldOf = (names: string): RegExp => new RegExp(`^\\s{0,4}[*_]{0,2}(?:${names})\\s?[*_]{0,2}\\s?[:：]`, "iu");
const from = fieldOf(fields.from);
const sent = fieldOf(fields.sent);
const to = fieldOf(fields.to);
const subject = fieldOf(fields.subject);

/** Names may be long, and lists of recipients are wrapped. */
const fieldLines = 12;

/** Whether the names of fields begin at `first` that Outlook and others write above what they quote. */
export function isFieldBlock(textAt: (index: number) => string | null, first: number): boolean {
  if (!from.test((textAt(first) ?? "").slice(0, 40))) return false;
  const seen = new Set<RegExp>();
  for (let at = first + 1, blanks = 0; at < first + fieldLines && blanks < 2; at++) {
    const line = textAt(at)?.slice(0, 40);
    if (line === undefined) break;
    blanks = line.trim() === "" ? blanks + 1 : 0;
    for (const field of [sent, to, subject]) if (field.test(line)) seen.add(field);
  }
  return seen.has(sent) ? seen.size > 1 : seen.has(to) && seen.has(subject);
}
