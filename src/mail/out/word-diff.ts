// What changed between two texts, word by word: the passages around each change.
import { diffWordsWithSpace } from "diff";

/** A run of words that stand in both, in the earlier, or in the later text alone. */
export interface Run {
  readonly kind: "same" | "removed" | "added";
  readonly text: string;
}

/** A change with the words around it. */
export interface Passage {
  readonly runs: readonly Run[];
  /** Whether there are words before and after it that are left out. */
  readonly isCutBefore: boolean;
  readonly isCutAfter: boolean;
}

/** Beyond this many words that differ, nobody reads a comparison. It bounds the time, too: words times differences. */
const differencesMax = 200;
/** Longer texts are not compared. */
const charactersMax = 64 * 1024;
/** Words shown around a change. */
const contextWords = 8;
const passagesMax = 10;

/** Null where they differ too much, or in too many places: then the later text says it better. */
export function passagesOf(before: string, after: string): readonly Passage[] | null {
  if (Math.max(before.length, after.length) > charactersMax) return null;
  const changes = diffWordsWithSpace(before, after, { maxEditLength: differencesMax });
  if (changes === undefined) return null;
  const runs = changes.map(
    ({ value, added, removed }): Run => ({ kind: added ? "added" : removed ? "removed" : "same", text: value }),
  );
  const kept = runs.filter(({ kind }) => kind === "same").reduce((sum, { text }) => sum + text.length, 0);
  if (kept * 4 < Math.max(before.length, after.length)) return null;
  const passages = split(runs);
  return passages.length > passagesMax ? null : passages;
}

/** Parts the runs where much is the same between two changes. */
function split(runs: readonly Run[]): readonly Passage[] {
  const passages: Passage[] = [];
  let open: Run[] = [];
  let isCutBefore = false;
  const close = (isCutAfter: boolean) => {
    if (open.some(({ kind }) => kind !== "same")) passages.push({ runs: open, isCutBefore, isCutAfter });
  };
  for (const [index, run] of runs.entries()) {
    if (run.kind !== "same") {
      open.push(run);
      continue;
    }
    const words = run.text.split(/(?<=\s)(?=\S)/u);
    const [isFirst, isLast] = [index === 0, index === runs.length - 1];
    if (words.length <= (isFirst || isLast ? contextWords : 2 * contextWords)) {
      open.push(run);
      continue;
    }
    if (!isFirst) {
      open.push({ kind: "same", text: words.slice(0, contextWords).join("") });
      close(true);
    }
    open = isLast ? [] : [{ kind: "same", text: words.slice(-contextWords).join("") }];
    isCutBefore = true;
    if (isLast) return passages;
  }
  close(false);
  return passages;
}
