// A conversation as a page shows it: who takes part, what was said, and below what the reader can do.
import { html, type Markup } from "./page.ts";
import type { ShownConversation, ShownFile, ShownMessage, ShownPerson } from "./shown-conversation.ts";
import { shownSize, shownTime, subjectOr } from "./shown-text.ts";

/** What the page is for whoever reads it. */
interface Offered {
  /** Of the page, for links to its other parts. */
  readonly path: string;
  /** What stands above the messages. */
  readonly note: Markup;
  /** Whether each message offers to be answered. */
  readonly isAnswerable: boolean;
  /** Whether whom the mail was for reads it, so that files are to be had. */
  readonly isOwn: boolean;
}

export function conversationMarkup(
  { subject, people, isCrowd, messages, files, hasEarlier }: ShownConversation,
  offered: Offered,
): Markup {
  const { path, note } = offered;
  const first = messages[0];
  const earlier =
    hasEarlier && first !== undefined
      ? html`<nav aria-label="Pages"><a href="${path}?before=${first.seq}">Earlier messages</a></nav>`
      : null;
  return html`<h1 dir="auto">${subjectOr(subject)}</h1>
<section aria-label="Who takes part">
<ul class="plain people soft">${people.map(personMarkup)}${isCrowd ? html`<li>and others</li>` : null}</ul>
</section>
${note}
${files.length > 0 ? html`<section class="card"><h2>Files of the conversation</h2>${filesMarkup(files, offered)}</section>` : null}
<section aria-label="Messages">
${earlier}
${messages.map((message) => messageMarkup(message, offered))}
${messages.length === 0 ? html`<p class="soft">Nothing was said yet.</p>` : null}
</section>`;
}

function personMarkup({ name, address, status }: ShownPerson): Markup {
  const also = address !== null && address !== name ? html` &lt;${address}&gt;` : null;
  return html`<li><bdi>${name}</bdi>${also}${status === "ACTIVE" ? null : status === "LEFT" ? " (left)" : " (removed)"}</li> `;
}

const goneTexts = {
  REMOVED: "This message was removed.",
  ERASED: "The words of this message were erased.",
  MISSING: "The words of this message have not come yet.",
} as const;

function messageMarkup(message: ShownMessage, offered: Offered): Markup {
  const { path, isAnswerable } = offered;
  const { id, seq, author, isOwn, saidAt, words, gone, editedAt, answers, files } = message;
  return html`<article id="m${seq}" aria-labelledby="a${seq}"${isOwn ? html` class="own"` : null}>
<header><h3 id="a${seq}" dir="auto">${author}</h3>${shownTime(saidAt)}${editedAt === null ? null : html`<span class="soft">edited ${shownTime(editedAt)}</span>`}</header>
${answers && html`<p class="soft">In answer to <a href="#m${answers.seq}" dir="auto">${answers.author}</a></p>`}
${words ? html`<div class="words" dir="auto">${words}</div>` : html`<p class="gone">${gone && goneTexts[gone]}</p>`}
${files.length > 0 ? filesMarkup(files, offered) : null}
${isAnswerable ? html`<footer><a href="${path}?to=${id}#answer" aria-describedby="a${seq}">Answer this</a></footer>` : null}
</article>
`;
}

function filesMarkup(files: readonly ShownFile[], { path, isOwn }: Offered): Markup {
  const nameOf = ({ id, title, isHere }: ShownFile) =>
    isOwn && isHere ? html`<a href="${path}/files/${id}" download dir="auto">${title}</a>` : html`<bdi>${title}</bdi>`;
  return html`<ul class="plain" aria-label="Files">${files.map(
    (file) => html`<li>File: ${nameOf(file)} <span class="soft">(${shownSize(file.size)})</span></li>`,
  )}</ul>`;
}
