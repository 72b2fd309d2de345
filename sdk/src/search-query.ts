// Puts a search together, so that what is looked for is never taken for the search's own language.

/** What to look for: all of it is asked of one text at a time. What is left out does not matter. */
export interface SearchQuery {
  /** Words, or parts of three letters and more. */
  readonly words?: readonly string[];
  /** Words that stand side by side. */
  readonly phrases?: readonly string[];
  /** Words that are not there. */
  readonly without?: readonly string[];
  /** An address, a name, or part of either; `me`. */
  readonly from?: string;
  readonly to?: string;
  readonly subject?: string;
  readonly hasAttachment?: boolean;
  /** Days: `2026-01-31`, `2026-01` or `2026`; a Date is taken by its day in UTC. From `after` on, and not from `before` on. */
  readonly after?: string | Date;
  readonly before?: string | Date;
  readonly is?: readonly ("unread" | "read" | "muted" | "pinned" | "hidden")[];
  readonly label?: string;
  readonly in?: "inbox" | "archive" | "spam" | "trash" | "requests" | "sent" | "anywhere";
}

/** The text of the search, for `parley.search({query})`. Quotation marks in what is looked for count as spaces. */
export function searchQuery(search: SearchQuery): string {
  const { words = [], phrases = [], without = [], hasAttachment, is = [] } = search;
  const keyed = (key: string, value: string | undefined) => (value === undefined ? [] : [`${key}:${quoted(value)}`]);
  return [
    // A word in quotation marks would have to be a whole one.
    ...words
      .flatMap((word) => word.split(/[\s()":“”„«»]+/u).map((part) => part.replace(/^-+/, "")))
      .map((word) => (word === "OR" ? "or" : word)),
    ...phrases.map(quoted),
    ...without.map((word) => `-${quoted(word)}`),
    ...keyed("from", search.from),
    ...keyed("to", search.to),
    ...keyed("subject", search.subject),
    ...(hasAttachment === undefined ? [] : [`${hasAttachment ? "" : "-"}has:attachment`]),
    ...keyed("after", dayOf(search.after)),
    ...keyed("before", dayOf(search.before)),
    ...is.map((state) => `is:${state}`),
    ...keyed("label", search.label),
    ...keyed("in", search.in),
  ]
    .filter((term) => term !== "")
    .join(" ");
}

const quoted = (text: string): string => `"${text.replaceAll('"', " ")}"`;

const dayOf = (day: string | Date | undefined): string | undefined =>
  day instanceof Date ? day.toISOString().slice(0, 10) : day;
