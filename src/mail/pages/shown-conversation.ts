// What a page shows of a conversation up to a place. Read as for somebody who was removed there: words are as they were then, what
// came later is not there, and what was erased since is not there either.
import type pg from "pg";
import { isExpired } from "../../conversation/decide.ts";
import type { ParticipantStatus } from "../../conversation/state.ts";
import { toHtml } from "../../html/message-html.ts";
import type { MessageBody } from "../../protocol/event.ts";
import type { Hash } from "../../protocol/hash.ts";
import { createReader, type Reader } from "../../store/read/reader.ts";
import type { ConversationView, MessageView, ParticipantView } from "../../store/read/views.ts";
import { masked } from "./linked-mail.ts";
import { type Markup, trusted } from "./page.ts";

export interface ShownFile {
  readonly id: Hash;
  readonly title: string;
  /** In bytes. */
  readonly size: number;
  /** Whether its bytes are kept on this platform. */
  readonly isHere: boolean;
}

/** A message that another one answers. */
export interface ShownAnswered {
  readonly id: Hash;
  readonly seq: number;
  readonly author: string;
}

export interface ShownMessage {
  readonly id: Hash;
  readonly seq: number;
  readonly author: string;
  readonly isOwn: boolean;
  readonly saidAt: string;
  /** Null where its words are not there: then `gone` says why. */
  readonly words: Markup | null;
  readonly gone: "REMOVED" | "ERASED" | "MISSING" | null;
  readonly editedAt: string | null;
  readonly answers: ShownAnswered | null;
  readonly files: readonly ShownFile[];
}

export interface ShownPerson {
  readonly name: string;
  /** Null where addresses are not shown. */
  readonly address: string | null;
  readonly status: ParticipantStatus;
}

export interface ShownConversation {
  readonly subject: string | null;
  /** The first of them. */
  readonly people: readonly ShownPerson[];
  /** Whether there are more. */
  readonly isCrowd: boolean;
  readonly messages: readonly ShownMessage[];
  /** Files of the conversation, of no message. */
  readonly files: readonly ShownFile[];
  /** Whether there are messages before these. */
  readonly hasEarlier: boolean;
  /** The message that is to be answered; null where none is. */
  readonly answering: ShownAnswered | null;
  /** Whether nothing is said in it any more, and why. */
  readonly ended: "EXPIRED" | "FROZEN" | null;
}

export interface Showing {
  readonly conversation: Hash;
  /** The last place that is shown; `everything` of it for who takes part. */
  readonly horizon: number;
  /** Whose words are their own. */
  readonly participant: Hash;
  /** Whether addresses are shown: to who takes part. */
  readonly isWithAddresses: boolean;
  /** Only messages before this place. */
  readonly before: number | null;
  /** The message that is to be answered; `latest`: the last one. */
  readonly to: Hash | "latest" | null;
  /** Now. */
  readonly at: string;
}

const messagesMax = 50;
const peopleMax = 100;
const filesMax = 100;

/** Null where there is no such conversation. */
export async function showConversation(pool: pg.Pool, showing: Showing): Promise<ShownConversation | null> {
  const reader = createReader(pool);
  const view = await reader.viewUpTo(showing.conversation, showing.horizon);
  if (view === null) return null;
  const nameOf = async (person: ParticipantView | null | undefined): Promise<string> => {
    if (!person) return "Somebody";
    if (person.name !== null) return person.name;
    const recipient = await reader.recipientOf(person);
    if (!recipient) return "Somebody who left";
    return recipient.name ?? (showing.isWithAddresses ? recipient.address : masked(recipient.address));
  };
  const people = await reader.participants(view, { limit: peopleMax, isBackward: false, after: null, before: null });
  const page = { limit: messagesMax, isBackward: true, after: null, before: showing.before };
  const messages = await reader.messages(view, page);
  const { conversation } = view;
  const shown = { reader, view, nameOf, format: formatting(), own: showing.participant };
  const to = showing.to === "latest" ? (messages.nodes.at(-1)?.message.id ?? null) : showing.to;
  return {
    subject: await subjectOf(reader, view),
    people: await Promise.all(
      people.nodes.map(async (person) => ({
        name: await nameOf(person),
        address: showing.isWithAddresses ? ((await reader.recipientOf(person))?.address ?? null) : null,
        status: (await reader.standingOf(person)).status,
      })),
    ),
    isCrowd: people.hasNextPage,
    messages: await Promise.all(messages.nodes.map((message) => showMessage(shown, message))),
    files: await filesOf(reader, view, null),
    hasEarlier: messages.hasPreviousPage,
    answering: await showAnswered(shown, to),
    ended: conversation.isFrozen ? "FROZEN" : isExpired(conversation, showing.at) ? "EXPIRED" : null,
  };
}

async function subjectOf(reader: Reader, view: ConversationView): Promise<string | null> {
  const { subjectSeq } = view.conversation;
  const body = subjectSeq === null ? null : await reader.bodyAt(view, subjectSeq);
  return (body !== null && "subject" in body && body.subject) || null;
}

interface Shown {
  readonly reader: Reader;
  readonly view: ConversationView;
  readonly own: Hash;
  nameOf(person: ParticipantView | null | undefined): Promise<string>;
  format(body: MessageBody): Markup;
}

async function showMessage(
  shown: Shown,
  { message, body, isErased, author, saidAt }: MessageView,
): Promise<ShownMessage> {
  const { reader, view, nameOf } = shown;
  const { id, seq, wordsSeq, parent, addedBy } = message;
  const edited = wordsSeq === seq ? null : await reader.event(view, wordsSeq);
  const isAuthorErased = author != null && (await reader.standingOf(author)).isErased;
  const isGone = message.removedSeq !== null || isAuthorErased;
  return {
    id,
    seq,
    author: await nameOf(author),
    isOwn: addedBy === shown.own,
    saidAt: saidAt ?? "",
    words: body && shown.format(body),
    gone: body ? null : !isErased ? "MISSING" : isGone ? "REMOVED" : "ERASED",
    editedAt: edited?.timestamp ?? null,
    answers: await showAnswered(shown, parent),
    files: await filesOf(reader, view, id),
  };
}

async function showAnswered({ reader, view, nameOf }: Shown, id: Hash | null): Promise<ShownAnswered | null> {
  const found = id === null ? null : await reader.message(view, id);
  if (!found) return null;
  const { message } = found;
  return { id: message.id, seq: message.seq, author: await nameOf(await reader.participant(view, message.addedBy)) };
}

/** Those whose names are there. */
async function filesOf(reader: Reader, view: ConversationView, message: Hash | null): Promise<readonly ShownFile[]> {
  const page = { limit: filesMax, isBackward: false, after: null, before: null };
  const { nodes } = await reader.attachments(view, message, page);
  return nodes.flatMap(({ attachment, body, isHere }) =>
    body === null ? [] : [{ id: attachment.id, title: body.title, size: body.size, isHere }],
  );
}

/** The longest text that is formatted at all, see html/message-html.ts. */
const formattedUnit = (64 * 1024) ** 2;

/**
 * Formats the words of one page. The worst texts take time by the square of their length: a page has room for four of the
 * longest, and shows the rest as they are.
 */
function formatting(): (body: MessageBody) => Markup {
  let room = 4;
  return ({ format, text }) => {
    room -= Math.min(text.length ** 2 / formattedUnit, 1);
    return trusted(toHtml({ format: room < 0 ? "PLAIN" : format, text }));
  };
}
