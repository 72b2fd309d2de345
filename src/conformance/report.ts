// What the tries came to, for people and for programs.
import { untried } from "./musts.ts";
import { type Conformance, notTaken, type Tried } from "./run.ts";

export interface Report extends Conformance {
  readonly right: number;
  readonly wrong: number;
  readonly leftOut: number;
  /** Requirements that nobody can try from outside, with the reason. */
  readonly untried: Readonly<Record<string, string>>;
}

export function reportOf(conformance: Conformance): Report {
  const count = (verdict: Tried["verdict"]) => conformance.tries.filter((one) => one.verdict === verdict).length;
  return { ...conformance, right: count("right"), wrong: count("wrong"), leftOut: count("leftOut"), untried };
}

const marks = { right: "✓", wrong: "✗", leftOut: "–" } as const;

/** One line for what is right, and what was expected for what is not. Section by section of the document. What was not even begun is only counted. */
export function reportText({ platform, stopped, right, wrong, leftOut, tries, untried }: Report): string {
  const told = tries.filter(({ came }) => came !== notTaken);
  const sections = Map.groupBy(told, ({ section }) => section);
  const inOrder = [...sections].toSorted(([one], [other]) => Number.parseInt(one, 10) - Number.parseInt(other, 10));
  return [
    ...inOrder.flatMap(([section, all]) => [section, ...all.map(lineOf), ""]),
    "Not tried, for nobody can from outside",
    ...Object.entries(untried).map(([must, why]) => `  ${marks.leftOut} ${must} ${why}`),
    "",
    ...(stopped === null ? [] : [stopped, ""]),
    `${platform}: ${right} right, ${wrong} wrong, ${leftOut} left out. The requirements (M…) are those of docs/federation.md.`,
  ].join("\n");
}

function lineOf({ must, says, sent, expected, came, verdict }: Tried): string {
  const begin = `  ${marks[verdict]} ${must} ${sent}: `;
  if (verdict === "right") return `${begin}${came}`;
  if (verdict === "leftOut") return `${begin}left out, ${came}`;
  return `${begin}expected ${expected.join(" or ")}; came ${came}\n      ${must}: ${says}`;
}
