// What is shown: parts of a conversation as a viewer may see them, published or still a draft.
import type { Attachment, Conversation, Label, Message, Participant, State } from "../../conversation/state.ts";
import type { AttachmentBody, MessageBody } from "../../protocol/event.ts";
import type { Hash } from "../../protocol/hash.ts";
import type { AccountId } from "../conversation-store.ts";
import type { StoredDraft } from "../drafts.ts";
import type { Recipient } from "../prisma/client.ts";
import type { RecordedEvent } from "../recorded-event.ts";

/** A conversation up to `horizon`. Whatever is read of it is read up to there. */
export interface ConversationView {
  readonly id: Hash;
  readonly conversation: Conversation;
  readonly horizon: number;
  /** The draft that it was published from; undefined where that was not read. */
  readonly draftHash: Hash | null | undefined;
  /** The state at the horizon, where that is in the past: the viewer was removed, and sees it as it was then. */
  readonly folded: State | null;
  readonly draft?: undefined;
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

export interface EventView {
  readonly of: ConversationView;
  readonly event: RecordedEvent;
  /** Who did it, where that is at hand. */
  readonly actor?: ParticipantView | null;
}

export type RecipientView = Pick<Recipient, "address" | "kind" | "platform" | "name">;

export interface ParticipantView {
  readonly of: ConversationView;
  readonly participant: Participant;
  /** null once erased. */
  readonly recipient: RecipientView | null;
  readonly accountId: AccountId | null;
  readonly name: string | null;
  readonly readUpTo: number;
}

export interface MessageView {
  readonly of: ConversationView;
  readonly message: Message;
  /** The latest words; null where they are erased, or have not come yet. */
  readonly body: MessageBody | null;
  readonly isErased: boolean;
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
}
