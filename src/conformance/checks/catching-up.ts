// Tries of sections 10, 11 and 15: pages that they serve, pages that they ask for, receipts, and two events of one place.

import { canonicalJson } from "../../protocol/canonical-json.ts";
import type { SignedEvent } from "../../protocol/event.ts";
import { sha256 } from "../../protocol/hash.ts";
import { pageOf } from "../inbound.ts";
import { LeftOut } from "../left-out.ts";
import { type PlayedLog, readerOf, saying } from "../played-log.ts";
import type { Answered } from "../played-platform.ts";
import { resultWord, type Stage, wordOf } from "../stage.ts";
import { type Try, tryOf } from "../try.ts";

const asItIs = "the log as it is";

/** Whether they have the log as it is here; if not, what is other. */
async function compared(stage: Stage, log: PlayedLog, path = `/f/${log.head.id}/`): Promise<string> {
  const { events, head } = await stage.pageAt(path);
  if (head.seq !== log.head.seq || head.hash !== log.head.head)
    return `the head ${head.seq}, or another at ${log.head.seq}`;
  const other = events.findIndex((event, index) => !isSame(event, log.entries[index]));
  if (other >= 0) return `another event ${other + 1}`;
  return events.length === log.entries.length ? asItIs : `${events.length} of ${log.entries.length} events`;
}

const isSame = ({ event, signatures, body }: SignedEvent, own: SignedEvent | undefined): boolean =>
  own !== undefined &&
  canonicalJson({ event, signatures }) === canonicalJson({ event: own.event, signatures: own.signatures }) &&
  canonicalJson(body) === canonicalJson(own.body);

/** Tells them that there is more, and answers the first time that they ask for it with something else. What they have then. */
async function toldOfMore(
  stage: Stage,
  instead: ((log: PlayedLog, after: number) => Answered) | null,
): Promise<string> {
  const { inbound, signer } = stage;
  const log = stage.main();
  const { id, seq } = log.head;
  const before = inbound.asked.length;
  const isAsked = () => inbound.asked.slice(before).some((one) => one.startsWith(`GET /f/${id}/`));
  if (instead) inbound.instead.GET.push(() => instead(log, seq));
  for (const text of ["More.", "And more."]) log.does(signer, id, saying(text));
  const head = () => stage.results({ head: { conversation: id, seq: log.head.seq, hash: log.head.head } });
  const word = await head();
  if (word !== `gap ${seq}`) return word;
  if (!(await stage.until(isAsked))) return "they do not ask for it";
  // What they made of the lie shows in what they have once they were told the truth.
  if (instead) await head();
  await stage.until(async () => (await stage.page(id, log.head.seq)).head.seq === log.head.seq);
  return compared(stage, log);
}

const page = (events: readonly unknown[], log: PlayedLog): Answered => ({
  status: 200,
  json: { head: pageOf(log, 0).head, events },
});

export const catchingUpTries: readonly Try[] = [
  tryOf("M60", "GET of the conversation", asItIs, (stage) => compared(stage, stage.main())),
  tryOf("M60", "GET of its events", asItIs, (stage) =>
    compared(stage, stage.main(), `/f/${stage.main().head.id}/events/?after=0`),
  ),
  tryOf("M60", "GET of its events after the second", "from the third on, without holes", async (stage) => {
    const { events, head } = await stage.page(stage.main().head.id, 2);
    const isRun = events.every(({ event }, index) => event.seq === index + 3);
    return isRun && events.length === head.seq - 2 ? "from the third on, without holes" : `${events.length} events`;
  }),
  tryOf("M60", "GET of its events after the last", "none", async (stage) => {
    const { events } = await stage.page(stage.main().head.id, stage.main().head.seq);
    return events.length === 0 ? "none" : `${events.length} events`;
  }),
  tryOf("M43", "GET of its events after what is no number", "400 MALFORMED", async (stage) =>
    wordOf(await stage.request({ method: "GET", path: `/f/${stage.main().head.id}/events/?after=x` })),
  ),
  tryOf("M62", "the head that they have", "duplicate", (stage) => {
    const { id, seq, head } = stage.main().head;
    return stage.results({ head: { conversation: id, seq, hash: head } });
  }),
  tryOf("M62", "the head of one event before", "a gap, with what they have", async (stage) => {
    const { entries, head } = stage.main();
    const parent = entries.at(-1)?.event.parent ?? head.head;
    const word = await stage.results({ head: { conversation: head.id, seq: head.seq - 1, hash: parent } });
    return word === `gap ${head.seq}` ? "a gap, with what they have" : word;
  }),
  tryOf("M62", "the head of a conversation that is none", "rejected NOT_FOUND", (stage) =>
    stage.results({ head: { conversation: sha256("none"), seq: 3, hash: sha256("none") } }),
  ),
  tryOf("M62", "a head two places on; asked for the rest, it is there", asItIs, (stage) => toldOfMore(stage, null)),
  tryOf("M38", "the rest, behind a redirect; then as it is", asItIs, async (stage) => {
    const before = stage.inbound.asked.length;
    const came = await toldOfMore(stage, () => ({ status: 307, headers: { location: "/f/elsewhere/" } }));
    const isFollowed = stage.inbound.asked.slice(before).some((one) => one.includes("elsewhere"));
    return isFollowed ? "they follow it" : came;
  }),
  tryOf("M72", "the rest, with a signature that does not fit; then as it is", asItIs, (stage) =>
    toldOfMore(stage, (log, after) =>
      page(
        log.entries.slice(after).map((entry) => ({
          ...entry,
          signatures: { ...entry.signatures, event: log.entries[0]?.signatures.event },
        })),
        log,
      ),
    ),
  ),
  tryOf("M72", "the rest, with other words; then as it is", asItIs, (stage) =>
    toldOfMore(stage, (log, after) =>
      page(
        log.entries.slice(after).map((entry) => ({ ...entry, body: { ...entry.body, text: "Other words." } })),
        log,
      ),
    ),
  ),
  tryOf("M72", "the rest, without its first event; then as it is", asItIs, (stage) =>
    toldOfMore(stage, (log, after) => page(log.entries.slice(after + 1), log)),
  ),
  tryOf("M72", "the rest, with a field too many; then as it is", asItIs, (stage) =>
    toldOfMore(stage, (log, after) =>
      page(
        log.entries.slice(after).map((entry) => ({ ...entry, mood: "good" })),
        log,
      ),
    ),
  ),
  tryOf(
    "M63",
    "an event without its words, which are there when they are asked for",
    "the words, too",
    async (stage) => {
      const log = stage.main();
      const event = log.does(stage.signer, log.head.id, saying("These words come later."));
      const { seq, id } = log.head;
      const word = await stage.results({ event: { ...event, body: null, salt: null } });
      if (word !== "accepted") return word;
      const came = await toldOfMore(stage, null);
      const isThere = async () => (await stage.page(id, seq - 1)).events[0]?.body !== null;
      if (await stage.until(isThere)) return "the words, too";
      return came === asItIs ? "they do not ask for the words" : came;
    },
  ),
  tryOf("M64", "receipts: of ours, of theirs, of nobody's, of no conversation", "accepted", async (stage) => {
    const log = stage.main();
    const { id: conversation, seq } = log.head;
    const theirs = log.participantVia(stage.tested.name) ?? conversation;
    const receipts = [
      { conversation, participant: conversation, seq },
      { conversation, participant: theirs, seq },
      { conversation, participant: conversation, seq: Number.MAX_SAFE_INTEGER },
      { conversation, participant: sha256("nobody"), seq },
      { conversation: sha256("none"), participant: theirs, seq },
    ];
    const words = await stage.results(...receipts.map((receipt) => ({ receipt })));
    return words === receipts.map(() => "accepted").join(", ") ? "accepted" : words;
  }),
  tryOf("M56", "a proposal to them, who do not lead", "rejected WRONG_LEADER, and who leads", async (stage) => {
    const log = stage.main();
    const proposal = log.proposal(stage.signer, log.head.id, saying("Do you lead?"));
    const [result] = await stage.hand({ proposal });
    if (result?.result !== "rejected") return result ? resultWord(result) : "nothing";
    const { leader = "nobody" } = result;
    return `${resultWord(result)}, and ${leader === log.head.leader ? "who leads" : leader}`;
  }),
  tryOf("M56", "a proposal in a conversation that is none", "rejected NOT_FOUND", (stage) => {
    const log = stage.main();
    const other = { conversation: sha256("none") };
    return stage.results({ proposal: log.proposal(stage.signer, log.head.id, saying("Is anybody there?"), other) });
  }),
  tryOf(
    "M71",
    "a second event of one place; then one at the next",
    "rejected FORKED, then rejected FROZEN",
    async (stage) => {
      const log = await stage.introduce("two histories");
      const { signer } = stage;
      const [one, other] = ["One.", "Other."].map((text) =>
        log.sequenced(signer, log.proposal(signer, log.head.id, saying(text))),
      );
      if (!one || !other) throw new LeftOut("nothing was said");
      log.take(one);
      const taken = await stage.results({ event: one });
      if (taken !== "accepted") return taken;
      const forked = await stage.results({ event: other });
      const next = await stage.results({ event: log.does(signer, log.head.id, saying("Next.")) });
      return `${forked}, then ${next}`;
    },
  ),
  tryOf(
    "M71",
    "something against the rules; then what is all right",
    "rejected FORBIDDEN, then rejected FROZEN",
    async (stage) => {
      const { signer } = stage;
      const log = await stage.introduce("a leader that breaks the rules");
      const breach = await stage.results({
        event: log.sequenced(signer, log.proposal(signer, readerOf(log, signer), saying("No."))),
      });
      const next = await stage.results({ event: log.does(signer, log.head.id, saying("Yes.")) });
      return `${breach}, then ${next}`;
    },
  ),
  tryOf("M53", "what they asked of us, all of it", "signed rightly, and whole", async ({ inbound }) => {
    if (inbound.asked.length === 0) throw new LeftOut("they asked nothing of us");
    return inbound.faults.length === 0 ? "signed rightly, and whole" : inbound.faults.slice(0, 3).join("; ");
  }),
];
