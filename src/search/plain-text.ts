// The words of a message without how they are set: what is found and shown in snippets.

const entities: Readonly<Record<string, string>> = { nbsp: " ", lt: "<", gt: ">", quot: '"', "#39": "'", amp: "&" };

/** The text of HTML, roughly: it is searched and quoted as text, never shown as HTML. */
export function plainTextOf(text: string, format: string | null): string {
  if (format !== "HTML") return text;
  return text
    .replace(/<[^<>]*>/gu, " ")
    .replace(/&(nbsp|lt|gt|quot|#39|amp);/giu, (_, name: string) => entities[name.toLowerCase()] ?? " ");
}
