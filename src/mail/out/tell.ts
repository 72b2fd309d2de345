// What a mail says of events: pure, from what was read of them.
import type { Hash } from "../../protocol/hash.ts";
import { dayAndMinuteOf, listOf, nameOf, shownMinute } from "./lines.ts";
import { aside, changes, comparable, files, heading, type Part, sentence, words } from "./parts.ts";
import type { EarlierMessage, Introduction, ToldEvent } from "./read-told.ts";
import { systemLine } from "./system-line.ts";
import { passagesOf } from "./word-diff.ts";

/** A mail's words. */
export interface Told {
  readonly parts: readonly Part[];
  /** Whose they are, in their order: null of who is erased. */
  readonly authors: readonly (string | null)[];
  /** Where they say it, what they were added to, as a sentence for the foot. */
  readonly note: string | null;
  /** The message that the first of them answers, or is about. */
  readonly about: Hash | null;
}

/** Of what rides along, so many lines are shown. */
const linesMax = 20;

/**
 * @param events in their order @param whose participant it is for
 * @param introduction of the conversation, where their own add is among the events
 */
export function tell(events: readonly ToldEvent[], whose: Hash, introduction: Introduction | null): Told {
  const parting = events.find(
    ({ action, model, item }) => action === "remove" && model === "participant" && item === whose,
  );
  if (parting) return part(parting);
  const ownAdd = events.find(({ id }) => id === whose);
  const said = saidOf(events, whose, ownAdd !== undefined);
  const lines = linesOf(events, whose, said, introduction !== null);
  const authors = [...(ownAdd ? [ownAdd.actorName] : []), ...said.map(({ event }) => event.actorName)];
  const [first] = said;
  const about = first ? (first.kind === "words" ? first.event.parent : first.event.message) : null;
  const introduced = ownAdd && introduction ? introduce(ownAdd, introduction, said.length > 0) : null;
  // One message is just its words: whose they are stands in From.
  const isOne = said.length === 1 && first?.kind === "words" && introduced === null;
  return {
    parts: [
      ...(introduced?.parts ?? []),
      ...said.flatMap((one) => partsOf(one, whose, isOne)),
      ...lines.slice(0, linesMax).map(aside),
      ...(lines.length > linesMax ? [aside(`And ${lines.length - linesMax} more changes.`)] : []),
    ],
    authors,
    note: introduced?.note ?? null,
    about,
  };
}

/** That they do not take part any more: nothing is told them beside it. */
function part({ actorName }: ToldEvent): Told {
  const removed = `${nameOf(actorName)} removed you from this conversation.`;
  const consequence = "You get no more mails of it, and what you answer is not posted.";
  return { parts: [sentence(`${removed} ${consequence}`)], authors: [actorName], note: null, about: null };
}

type Said =
  | { readonly kind: "words" | "removal"; readonly event: ToldEvent }
  | { readonly kind: "edit"; readonly event: ToldEvent; readonly by: readonly (string | null)[] };

/** New words, changes of words that they have, and removals of those; each message once. */
function saidOf(events: readonly ToldEvent[], whose: Hash, isIntroduced: boolean): readonly Said[] {
  const ownAddSeq = events.find(({ id }) => id === whose)?.seq ?? 0;
  const seen = new Set<Hash>();
  return events.flatMap((event): readonly Said[] => {
    const { model, action, message, isGone, messageSeq } = event;
    if (model !== "message" || message === null || seen.has(message)) return [];
    // What they are introduced with is told as it is now.
    if (isIntroduced && messageSeq !== null && messageSeq < ownAddSeq) return [];
    if (isGone) {
      const isNew = events.some((one) => one.message === message && one.model === "message" && one.action === "add");
      if (isNew || action !== "remove") return [];
      seen.add(message);
      return [{ kind: "removal", event }];
    }
    seen.add(message);
    if (action === "add") return [{ kind: "words", event }];
    const by = events.filter((one) => one.message === message && one.action === "modify").map((one) => one.actorName);
    return [{ kind: "edit", event, by }];
  });
}

/** Which message it is, to `whose`: never by its words. */
function whichMessage({ actor, author, authorName, messageAt }: ToldEvent, whose: Hash): string {
  const owner = author === whose ? "your" : actor === author ? "their own" : `${nameOf(authorName)}’s`;
  return `${owner} message${messageAt === null ? "" : ` of ${dayAndMinuteOf(messageAt)}`}`;
}

function partsOf(said: Said, whose: Hash, isOne: boolean): readonly Part[] {
  const { event } = said;
  const { actorName, words: after, before } = event;
  const by = nameOf(actorName);
  switch (said.kind) {
    case "words":
      return [...(isOne ? [] : [heading(by)]), words(after), ...(event.files ? [files(event.files)] : [])];
    case "removal":
      return [sentence(`${by} removed ${whichMessage(event, whose)}.`)];
    case "edit": {
      const which = whichMessage(event, whose);
      const changers = listOf([...new Set(said.by.map((name) => nameOf(name)))]);
      const passages = before && after ? passagesOf(comparable(before), comparable(after)) : null;
      if (passages?.length === 0) return [sentence(`${changers} changed the formatting of ${which}.`)];
      const changed = passages ? changes(passages) : words(after);
      return [sentence(`${changers} changed ${which}${passages ? ":" : ". Now it says:"}`), changed];
    }
  }
}

/** What rides along, but for files that are named with their message. */
function linesOf(
  events: readonly ToldEvent[],
  whose: Hash,
  said: readonly Said[],
  isIntroduced: boolean,
): readonly string[] {
  const told = new Set(said.flatMap(({ kind, event }) => (kind === "words" ? [event.message] : [])));
  return events.flatMap((event) => {
    if (event.model === "message" || event.id === whose) return [];
    // Who else is in it stands in the introduction.
    if (isIntroduced && event.model === "participant" && event.action === "add") return [];
    if (event.model === "attachment" && event.message !== null && (told.has(event.message) || event.isGone)) return [];
    return systemLine(event) ?? [];
  });
}

/** Who added them, and what was said before. */
function introduce(
  add: ToldEvent,
  { messages, earlier, names, others }: Introduction,
  hasMore: boolean,
): { readonly parts: readonly Part[]; readonly note: string | null } {
  const by = nameOf(add.actorName);
  const everybody = names.map((name) => nameOf(name));
  const beside = everybody.filter((name) => name !== by);
  const company = listOf(beside, others);
  const added = `${by} added you to this conversation${company ? ` with ${company}` : ""}.`;
  const [only] = messages;
  // A message of who adds them, alone, reads like a mail of theirs.
  if (messages.length === 1 && earlier === 0 && !hasMore && only && nameOf(only.authorName) === by)
    return { parts: earlierParts(only, null), note: added };
  const count = `${earlier} ${earlier === 1 ? "message" : "messages"} before ${messages.length === 1 ? "this one" : "these"}`;
  return {
    parts: [
      sentence(added),
      ...(earlier > 0 ? [aside(`There ${earlier === 1 ? "is" : "are"} ${count}, behind the link below.`)] : []),
      ...messages.flatMap((one) => earlierParts(one, nameOf(one.authorName))),
    ],
    note: null,
  };
}

function earlierParts({ timestamp, words: said, files: list }: EarlierMessage, name: string | null): readonly Part[] {
  const when = shownMinute(timestamp.toISOString());
  return [...(name === null ? [] : [heading(name, when)]), words(said), ...(list ? [files(list)] : [])];
}
