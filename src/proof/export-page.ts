// An export as a page that people can read, print and keep: one HTML file that runs nothing and fetches nothing. It proves
// nothing; the log beside it does.
import { isErased } from "../conversation/erased.ts";
import { isActive } from "../conversation/roles.ts";
import { isRemoved, type Message, type Participant } from "../conversation/state.ts";
import { escapeHtml, toHtml } from "../html/message-html.ts";
import type { AttachmentBody, Body, Timestamp } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type { Entry } from "../protocol/seal.ts";
import { expiresAtOf, leaderOf, participantOf, roleOf } from "../protocol/value.ts";
import type { ExportStatement } from "./export-form.ts";
import type { Outline } from "./outline.ts";

export interface PageSource {
  readonly statement: ExportStatement;
  readonly outline: Outline;
  /** In pages, from the first event on. */
  readonly log: AsyncIterable<readonly Entry[]>;
  /** Bodies by seq: for the latest words of what was changed later. */
  bodiesAt(seqs: readonly number[]): Promise<ReadonlyMap<number, Body>>;
}

const style = `
:root { color-scheme: light dark; --ink: #222; --soft: #666; --ground: #fff; --shade: #f5f5f5; --line: #ccc; --link: #0645ad; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaf2; --soft: #a2a9bd; --ground: #14161e; --shade: #1d2029; --line: #454b5c; --link: #9db0ff; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); overflow-wrap: anywhere; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { line-height: 1.2; } dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; font-size: .9rem; }
dt { color: var(--soft); } dd { margin: 0; }
article { border-top: 1px solid var(--line); padding: .6rem 0; } article > header { font-size: .9rem; color: var(--soft); }
article b { color: var(--ink); } .words pre, .words table { display: block; max-width: 100%; overflow-x: auto; } .words pre { background: var(--shade); padding: .5rem; }
blockquote { margin: .5rem 0; padding-left: .8rem; border-left: 3px solid var(--line); color: var(--soft); }
.note, .gone { color: var(--soft); font-size: .9rem; } .gone { font-style: italic; } a { color: var(--link); }
table { border-collapse: collapse; } td, th { border: 1px solid var(--line); padding: .2rem .5rem; }`;

/** The page, in parts. Everything that people wrote is escaped, messages are sanitized. */
export async function* exportPage(source: PageSource): AsyncGenerator<string> {
  yield opening(source);
  for await (const page of source.log) {
    const { messages } = source.outline.state;
    const later = page.flatMap(({ id, event }) => {
      const message = messages.get(id);
      return message && message.wordsSeq !== event.seq ? [message.wordsSeq] : [];
    });
    const bodies = await source.bodiesAt(later);
    yield page.map((entry) => shown(source.outline, entry, bodies)).join("");
  }
  yield closing(source.statement);
}

function opening({ statement, outline }: PageSource): string {
  const { state, people, labels, subject } = outline;
  const expiresAt = state.conversation?.expiresAt ?? null;
  const facts: readonly (readonly [string, string])[] = [
    ["Began", time(state.conversation?.createdAt ?? "")],
    ["Last event", `${time(state.conversation?.timestamp ?? "")}, number ${statement.seq}`],
    ...(expiresAt === null ? [] : [["Expires", time(expiresAt)] as const]),
    ...(labels.length === 0 ? [] : [["Labels", labels.map(isolated).join(", ")] as const]),
    ["Took part", [...state.participants.values()].map((one) => participant(one, people)).join("<br>")],
  ];
  return `${pageHead(subject ?? "Conversation without a subject")}
<dl>${facts.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join("\n")}</dl>
<main>
`;
}

/** A page up to and with its heading. */
export function pageHead(heading: string): string {
  const title = escapeHtml(heading);
  return `<!doctype html>
<html lang="und"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>${style}</style></head><body>
<h1 dir="auto">${title}</h1>`;
}

function participant(one: Participant, people: Outline["people"]): string {
  const person = people.get(one.id);
  const who =
    person === undefined ? "somebody" : person.name === null ? person.address : `${person.name} <${person.address}>`;
  const how = [
    one.role,
    ...(one.mail ? [`by mail via ${one.via}`] : []),
    ...(one.imported ? ["from an archive"] : []),
    ...(one.isErased ? ["left, and erased"] : isActive(one) ? [] : [one.status === "LEFT" ? "left" : "was removed"]),
  ];
  return `${isolated(who)}: ${escapeHtml(how.join(", "))}`;
}

function closing({ conversation, exporter, exportedAt, seq, head }: ExportStatement): string {
  return `</main>
<footer class="note"><hr><p>Exported by ${escapeHtml(exporter)} at ${time(exportedAt)}. This page is for reading and proves nothing; the file beside it does:
<code>parley verify</code> checks it. Conversation <code>${escapeHtml(conversation)}</code>, ${seq} events, the last of which is <code>${escapeHtml(head)}</code>.</p></footer>
</body></html>
`;
}

/** Text that has its direction by itself, and leaves that around it as it is. */
export function isolated(text: string): string {
  return `<bdi>${escapeHtml(text)}</bdi>`;
}

/** What an event comes to on the page; nothing for what shows elsewhere: edits at their message, locks nowhere. */
function shown(outline: Outline, entry: Entry, later: ReadonlyMap<number, Body>): string {
  const { event } = entry;
  // The words may still be here: they are deleted after they are erased.
  const body = isErased(outline.state, entry) ? null : entry.body;
  const { action, model, item, value, actor } = event.proposal;
  const by = isolated(name(outline, actor ?? entry.id));
  const note = (html: string) => `<p class="note" id="e${event.seq}">${time(event.timestamp)} ${html}</p>\n`;
  switch (model) {
    case "conversation":
      return note(`${by} began the conversation.`);
    case "subject":
      return note(`${by} changed the subject${body && "subject" in body ? ` to “${isolated(body.subject)}”` : ""}.`);
    case "expiry":
      return note(
        `${by} ${value === null ? "took the expiry away" : `set the expiry to ${escapeHtml(expiresAtOf(value) ?? "")}`}.`,
      );
    case "leader":
      return note(`${by} moved the lead to ${escapeHtml(leaderOf(value) ?? "")}.`);
    case "label":
      if (action === "remove") return note(`${by} removed a label.`);
      return note(
        `${by} added ${body && "name" in body ? `the label “${isolated(body.name ?? "")}”` : "a label that is gone"}.`,
      );
    case "participant": {
      const who = isolated(name(outline, item ?? entry.id));
      if (action === "add") return note(`${by} added ${who} as ${escapeHtml(participantOf(value)?.role ?? "")}.`);
      if (action === "modify") return note(`${by} made ${who} ${escapeHtml(roleOf(value) ?? "")}.`);
      if (value === "ERASE") return note("Somebody left, and had their words erased.");
      return note(item === actor ? `${by} left.` : `${by} removed ${who}.`);
    }
    case "attachment": {
      if (action === "remove") return "";
      const attachment = outline.state.attachments.get(entry.id);
      const isGone = attachment === undefined || isRemoved(outline.state, attachment);
      return note(
        `${by} attached ${isGone || body === null || !("title" in body) ? "a file that is gone" : file(body)}.`,
      );
    }
    case "message": {
      const message = outline.state.messages.get(entry.id);
      return action === "add" && message ? article(outline, { ...entry, body }, message, later) : "";
    }
  }
}

function article(outline: Outline, { event, body }: Entry, message: Message, later: ReadonlyMap<number, Body>): string {
  const isEdited = message.wordsSeq !== event.seq;
  const latest = isEdited ? (later.get(message.wordsSeq) ?? null) : body;
  const isErasedLater = outline.state.participants.get(message.wordsBy)?.isErased === true;
  const words = latest !== null && "text" in latest && !isErasedLater ? latest : null;
  const parent = message.parent === null ? undefined : outline.state.messages.get(message.parent);
  const isGone = isRemoved(outline.state, message);
  const said = words?.mail?.date ?? event.timestamp;
  const marks = [
    time(said),
    ...(parent
      ? [`answers <a href="#e${parent.seq}" dir="auto">${escapeHtml(name(outline, parent.addedBy))}, ${parent.seq}</a>`]
      : []),
    ...(isEdited && !isGone
      ? [
          message.wordsBy === message.addedBy
            ? "changed later"
            : `changed by ${isolated(name(outline, message.wordsBy))}`,
        ]
      : []),
  ];
  const shownWords = isGone
    ? '<p class="gone">removed</p>'
    : words === null
      ? '<p class="gone">the words are not here: erased, or never received</p>'
      : toHtml(words);
  return `<article id="e${event.seq}"><header><b dir="auto">${escapeHtml(name(outline, message.addedBy))}</b> ${marks.join(" · ")}</header>
<div class="words" dir="auto">${shownWords}</div></article>
`;
}

function name({ people }: Outline, id: Hash): string {
  const person = people.get(id);
  return person === undefined ? "somebody" : (person.name ?? person.address);
}

function file({ title, type, size }: AttachmentBody): string {
  return `“${isolated(title)}” (${escapeHtml(type)}, ${size.toLocaleString("en")} bytes; the file itself is not part of this export)`;
}

export function time(at: Timestamp): string {
  return `<time datetime="${escapeHtml(at)}">${escapeHtml(at.replace("T", " ").slice(0, 16))} UTC</time>`;
}
