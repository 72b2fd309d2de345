// How texts are made alike before they are compared: case, width, accents and what nobody sees do not count. The same for
// what is kept, for what is looked for, and for what is marked.

// Letters that Unicode does not take apart, as people without them on their keyboard write them.
const plain: Readonly<Record<string, string>> = {
  ...{ ß: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", ħ: "h", ı: "i" },
  // Arabic: forms of alef, and ends of words that are written either way.
  ...{ أ: "ا", إ: "ا", آ: "ا", ٱ: "ا", ى: "ي", ة: "ه" },
};
const isPlained = new RegExp(`[${Object.keys(plain).join("")}]`, "g");

// Marks on Latin, Greek and Cyrillic letters, vowels of Arabic and Hebrew and the line that stretches Arabic words; not
// the breve of й, nor the marks of kana and Indic scripts: they make another letter.
const marks =
  /(?<!и)\u0306|[\u0300-\u0305\u0307-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u00ad\u200b-\u200f\u2060\ufeff]/g;

const isPlain = /^[\t-~]*$/;

/** The text as it is compared: not of the same length. */
export function fold(text: string): string {
  // Most words of many texts: of ASCII nothing else changes.
  if (isPlain.test(text)) return text.toLowerCase();
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replace(isPlained, (letter) => plain[letter] ?? letter)
    .normalize("NFKD")
    .replace(marks, "")
    .normalize("NFC");
}

/** Scripts that put no spaces between words. Hangul has spaces, and endings that are written onto words: it is looked for within words too. */
const unspaced =
  "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}ー々";

/** Words, as they stand in any text: letters, digits and marks without a break; a script without spaces apart from others. */
export const wordPattern = new RegExp(
  `[${unspaced}\\p{M}]*[${unspaced}][${unspaced}\\p{M}]*|(?:(?![${unspaced}])[\\p{L}\\p{N}\\p{M}])+`,
  "gu",
);

const isUnspacedWord = new RegExp(`[${unspaced}]`, "u");

/** Whether the word is of a script without spaces: it may be several. */
export function isUnspaced(word: string): boolean {
  return isUnspacedWord.test(word);
}

/** The folded words of a text, in order. */
export function wordsOf(text: string): readonly string[] {
  return fold(text).match(wordPattern) ?? [];
}

/** Of a word without spaces every two characters that stand together. Of one character: itself. */
export function pairsOf(word: string): readonly string[] {
  const characters = [...word];
  return characters.length < 2 ? characters : characters.slice(1).map((character, i) => `${characters[i]}${character}`);
}

/** What of these words the index of whole words has: of a script without spaces pairs, and the last character for what looks for one. */
export function indexedWords(words: readonly string[]): readonly string[] {
  return words.flatMap((word) => (isUnspaced(word) ? [...pairsOf(word), ...[...word].slice(-1)] : [word]));
}
