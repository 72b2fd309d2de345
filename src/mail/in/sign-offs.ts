// What stands below a person's words that they did not write for this mail: signatures, "Sent from my …", footers of lists.

/** A line that begins a signature (RFC 3676 §4.3); `-- ` loses its blank on the way of many mails. */
export function isSignatureMark(text: string): boolean {
  return /^--\s*$/.test(text);
}

/** How many lines a signature may have below "-- ", and below "--", which people write for other ends too. */
export function signatureLinesMax(mark: string): number {
  return mark.startsWith("-- ") ? 40 : 15;
}

const programs =
  "Outlook|Yahoo|Yahoo! Mail|Mail|ProtonMail|Proton Mail|Gmail|Samsung|Galaxy|BlackBerry|Nine|Spark|AOL|Mailbird|Thunderbird|K-9 Mail|FairEmail|Workspace|Zoho|Fastmail|Tutanota|Tuta|Canary|Airmail|Superhuman|Mailspring|Windows|Windows Mail|iPhone|iPad|Android|my|mobile|Unibox|Postbox|eM Client|Front|HEY|Edison|BlueMail|myMail";

// Each says the whole line, and allows a few words of a device's name, without the marks of a sentence.
const words = (most: number): string => String.raw`[^\s,;:!?]+(?: [^\s,;:!?]+){0,${most - 1}}`;
const link = String.raw`(?:\s?[<(\[]https?:[^\s]{1,200}[>)\]])?`;
const device =
  "(?:iPhone|iPad|iPod|Mac|Android|BlackBerry|Samsung|Galaxy|Huawei|Xiaomi|Nokia|Smartphone|Handy|Windows|Outlook|mobil|mobile|Tablet)";
const sentFrom = [
  `Sent (?:from|via|using|on) my ${words(4)}`,
  String.raw`Sent (?:from|via|with|using|by) (?:the )?\[?(?:${programs})\b(?: ?${words(6)})?${link}(?: ${words(4)})?`,
  String.raw`Get \[?(?:Outlook|Yahoo|BlueMail|TypeApp)\b ?${words(4)}${link}`,
  `(?:Von|Gesendet (?:von|mit|über|aus)) (?:meinem|meiner|der|dem|mit|von)? ?(?:${words(4)} )?${device}(?: ${words(4)})?`,
  `Diese Nachricht wurde von meinem ${words(4)} gesendet`,
  `Envoyé (?:de|depuis|avec|à partir de) (?:mon |ma |l['’])?${words(4)}`,
  `Télécharger Outlook ${words(3)}${link}`,
  `Enviado (?:desde|de|do|da|a partir do|pelo|via) (?:mi |mis |meu |minha |o )?${words(4)}`,
  `(?:Obtener|Obter) Outlook ${words(3)}${link}`,
  `(?:Verstuurd|Verzonden) (?:vanaf|vanuit|met|via) (?:mijn )?${words(4)}`,
  `Inviato (?:da|dal|con) (?:mio )?${words(4)}`,
  `Wysłan[eo] (?:z|ze|za pomocą) ${words(4)}`,
  `Отправлено (?:с|из) (?:моего )?${words(4)}`,
  `Надіслано (?:з|із) (?:мого )?${words(4)}`,
  `Skickat från (?:min |mitt )?${words(4)}`,
  `Sendt fra (?:min |mit |mitt )?${words(4)}`,
  `Lähetetty ${words(4)}`,
  `Odesláno (?:z|ze) (?:mého )?${words(4)}`,
  `Trimis de pe ${words(4)}`,
  `(?:iPhone|iPad|Android|Outlook|${words(3)})(?:から|より)送信(?:されました)?`,
  `(?:发|發|傳送|发送)自(?:我的)? ?${words(4)}`,
  `從我的 ?${words(3)} ?傳送`,
  `(?:나의 )?${words(2)}에서 보냄`,
  `${words(2)}(?:'|’)?(?:ımdan|umdan|imden|dan|den) gönderildi`,
];
const sentFromLine = new RegExp(String.raw`^[*_]{0,2}(?:${sentFrom.join("|")})[*_]{0,2}\.?\s*$`, "iu");

/** Whether a device or a program wrote this line. */
export function isSentFrom(text: string): boolean {
  const line = text.trim();
  return line.length <= 160 && sentFromLine.test(line);
}

/** A name alone below a dash, as people sign by hand: `-Alice` or "— Alice B."; `- Alice` may be the last of a list. */
export function isDashedName(text: string): boolean {
  return text.length <= 60 && /^(?:[-–]|—\s?)\p{Lu}[\p{L}.'’-]*(?: \p{Lu}[\p{L}.'’-]*){0,3}\s*$/u.test(text);
}

/** Footers of lists and of firms begin with such a line. */
export function isFooterMark(text: string): boolean {
  return /^\s*_{10,}\s*$/.test(text.slice(0, 200));
}

/** How many lines a footer has at most. */
export const footerLinesMax = 10;
