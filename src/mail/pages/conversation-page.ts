// A conversation as a page shows it: who takes part, what was said, and below what the reader can do.
import { html, type Markup } from "./page.ts";
import type { ShownConversation, ShownFile, ShownMessage, ShownPerson } from "./shown-conversation.ts";

export const subjectOr = (subject: string | null): string => subject ?? "(no subject)";

const timeForm = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

/** A time for people. Their time zone is not known without a script, so the zone is said. */
export function shownTime(at: string): Markup {
  return Number.isNaN(Date.parse(at))
    ? html``
    : html`<time datetime="${at}">${timeForm.format(new Date(at))} UTC</time>`;
}

/**
 * @param path of the page, for links to its other parts
 * @param note what stands above the messages
 * @param isAnswerable whether each message offers to be answered
 */
export function conversationMarkup(
  { subject, people, isCrowd, messages, files, hasEarlier }: ShownConversation,
  { path, note, isAnswerable }: { readonly path: string; readonly note: Markup; readonly isAnswerable: boolean },
): Markup {
  const first = messages[0];
  const earlier =
    hasEarlier && first !== undefined
      ? html`<nav aria-label="Pages"><a href="${path}?before=${first.seq}">Earlier messages</a></nav>`
      : null;
  return html`<h1>${subjectOr(subject)}</h1>
<section aria-label="Who takes part">
<ul class="plain people soft">${people.map(personMarkup)}${isCrowd ? html`<li>and others</li>` : null}</ul>
</section>
${note}
${files.length > 0 ? html`<section class="card"><h2>Files of the conversation</h2>${filesMarkup(files)}</section>` : null}
<section aria-label="Messages">
${earlier}
${messages.map((message) => messageMarkup(message, path, isAnswerable))}
${messages.length === 0 ? html`<p class="soft">Nothing was said yet.</p>` : null}
</section>`;
}

function personMarkup({ name, address, status }: ShownPerson): Markup {
  const also = address !== null && address !== name ? html` &lt;${address}&gt;` : null;
  return html`<li>${name}${also}${status === "ACTIVE" ? null : status === "LEFT" ? " (left)" : " (removed)"}</li> `;
}

const goneTexts = {
  REMOVED: "This message was removed.",
  ERASED: "The words of this message were erased.",
  MISSING: "The words of this message have not come yet.",
} as const;

function messageMarkup(message: ShownMessage, path: string, isAnswerable: boolean): Markup {
  const { id, seq, author, isOwn, saidAt, words, gone, editedAt, answers, files } = message;
  return html`<article id="m${seq}" aria-labelledby="a${seq}"${isOwn ? html` class="own"` : null}>
<header><h3 id="a${seq}">${author}</h3>${shownTime(saidAt)}${editedAt === null ? null : html`<span class="soft">edited ${shownTime(editedAt)}</span>`}</header>
${answers && html`<p class="soft">In answer to <a href="#m${answers.seq}">${answers.author}</a></p>`}
${words ? html`<div class="words">${words}</div>` : html`<p class="gone">${gone && goneTexts[gone]}</p>`}
${files.length > 0 ? filesMarkup(files) : null}
${isAnswerable ? html`<footer><a href="${path}?to=${id}#answer" aria-describedby="a${seq}">Answer this</a></footer>` : null}
</article>
`;
}

function filesMarkup(files: readonly ShownFile[]): Markup {
  return html`<ul class="plain" aria-label="Files">${files.map(
    ({ title, size }) => html`<li>File: ${title} <span class="soft">(${shownSize(size)})</span></li>`,
  )}</ul>`;
}

const units = ["bytes", "KB", "MB", "GB"] as const;

function shownSize(bytes: number): string {
  const power = Math.min(Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1_000)), units.length - 1);
  return `${Math.round(bytes / 1_000 ** power)} ${units[power]}`;
}
