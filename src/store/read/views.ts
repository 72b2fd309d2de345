// What is shown: parts of a conversation as a viewer may see them, published or still a draft.
import type { Attachment, Conversation, Label, Message, Participant, State } from "../../conversation/state.ts";
import type { AttachmentBody, Event, MessageBody, Timestamp } from "../../protocol/event.ts";
import type { Hash } from "../../protocol/hash.ts";
import type { AccountId } from "../conversation-store.ts";
import type { StoredDraft } from "../drafts.ts";
import type { Recipient } from "../prisma/client.ts";
import type { RecordedEvent } from "../recorded-event.ts";

/** What is shown of a conversation's state. */
export type ShownConversation = Pick<
  Conversation,
  "seq" | "createdAt" | "leader" | "expiresAt" | "subjectSeq" | "isFrozen"
>;

/** A conversation up to `horizon`. Whatever is read of it is read up to there. */
export interface ConversationView {
  readonly id: Hash;
  readonly conversation: ShownConversation;
  readonly horizon: number;
  /** The draft that it was published from; undefined where that was not read. */
  readonly draftHash: Hash | null | undefined;
  /** What it is about, null where that is erased or nobody said; undefined where that was not read. */
  readonly subject: string | null | undefined;
  /** The state at the horizon, where that is in the past: the viewer was removed, and sees it as it was then. */
  readonly folded: State | null;
  /** Where that is at hand. */
  readonly heading?: Heading | undefined;
  /** The event at its seq, where that is at hand. */
  readonly lastEvent?: EventView | undefined;
  readonly draft?: undefined;
}

/** What a conversation is called; null where nobody said, or it was erased. */
export interface Heading {
  readonly subject: string | null;
  readonly slug: string | null;
}

/** A draft, as its own account sees it. */
export interface DraftView {
  readonly id: Hash;
  readonly draft: StoredDraft;
}

/** Place of a conversation in an account's list. */
export interface ListCursor {
  /** The database's microseconds. */
  readonly sortUs: number;
  readonly id: Hash;
}

/** What lists show of an event: none of its words. */
export type ShownEvent = Pick<RecordedEvent, "id" | "seq"> &
  Pick<Event, "timestamp"> &
  Pick<Event["proposal"], "action" | "model">;

export interface EventView extends ShownEvent {
  readonly of: ConversationView;
  /** All of it; undefined where that was not read: `Reader.recorded`. */
  readonly recorded: RecordedEvent | undefined;
  /** Who did it, where that is at hand. */
  readonly actor: ParticipantView | null | undefined;
}

/** What is shown of a participant but for their name, place and role. */
export interface Standing extends Pick<Participant, "status" | "via" | "imported" | "isErased"> {
  readonly accountId: AccountId | null;
  /** How far they say that they have read, 0 where they do not; undefined where that was not read: `Reader.readUpTo`. */
  readonly readUpTo: number | undefined;
  /** How far they have read, whether they say so or not: not to be shown. */
  readonly receipt: number;
}

export type RecipientView = Pick<Recipient, "address" | "kind" | "platform" | "name">;

export interface ParticipantView {
  readonly of: ConversationView;
  readonly participant: Pick<Participant, "id" | "seq" | "role">;
  /** null once erased. */
  readonly recipientId: string | null;
  /** null once erased; undefined where that was not read: `Reader.recipientOf`. */
  readonly recipient: RecipientView | null | undefined;
  readonly name: string | null;
  /** Undefined where it was not read: `Reader.standingOf`. */
  readonly standing: Standing | undefined;
}

export interface MessageView {
  readonly of: ConversationView;
  readonly message: Message;
  /** The latest words; null where they are erased, or have not come yet. */
  readonly body: MessageBody | null;
  readonly isErased: boolean;
  /** It waits for the leader, and is in no log yet. */
  readonly isPending?: true;
  /** When it was said; undefined where that was not read. */
  readonly saidAt: Timestamp | undefined;
  /** Who said it, where that is at hand. */
  readonly author?: ParticipantView | null | undefined;
}

export interface LabelView {
  readonly of: ConversationView;
  readonly label: Label;
  readonly name: string | null;
}

export interface AttachmentView {
  readonly of: ConversationView;
  readonly attachment: Attachment;
  readonly body: AttachmentBody | null;
  /** Whether its bytes are kept on this platform. */
  readonly isHere: boolean;
}
