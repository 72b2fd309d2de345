// Texts cut for lists and titles, behind a word.

/** The words that go into so many characters; of a word that is longer than all of that, its beginning. */
export function shortened(text: string, max: number): string {
  if (text.length <= max) return text;
  const kept = text.slice(0, max + 1).replace(/\s+\S*$/, "");
  return `${(kept.length > max ? kept.slice(0, max) : kept).replace(/[\ud800-\udbff]$/, "")} …`;
}
