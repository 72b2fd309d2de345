// The shapes of the log: proposal, event, and both as they travel. Every field is present, null where it says nothing.
import type { Base64url32 } from "./encoding.ts";
import type { Hash } from "./hash.ts";
import type { PublicKey, Signature } from "./signature.ts";

/** The format, the rules and the limits that this code speaks. A conversation keeps its first event's. */
export const version = 1;

export const actions = ["publish", "add", "modify", "remove", "lock", "release"] as const;
export type Action = (typeof actions)[number];

export const models = [
  ...(["conversation", "participant", "message", "attachment"] as const),
  ...(["subject", "expiry", "label", "leader"] as const),
] as const;
export type Model = (typeof models)[number];

/** What a participant may do; each role may all that the ones before it may. */
export const roles = ["READER", "COMMENTER", "WRITER", "ADMIN"] as const;
export type Role = (typeof roles)[number];

/** RFC 3339, UTC, three decimals, `Z`: texts of one length, so they compare as times do. */
export type Timestamp = string;

/** A platform's name: a lower-case DNS name in A-labels, without port or trailing dot. */
export type PlatformName = string;

/** How somebody takes part: with which role, spoken for by which platform. */
export type ParticipantValue = {
  readonly role: Role;
  readonly via: PlatformName;
  /** Reached by email: their platform speaks for an address that has none of its own. */
  readonly mail: boolean;
  /** Came with an archive: is told nothing and asked nothing. */
  readonly imported: boolean;
};

/** All that rules read, beside who, what and when. */
export type Value =
  | ParticipantValue
  | { readonly role: Role }
  | { readonly expiresAt: Timestamp }
  | { readonly leader: PlatformName }
  | "ERASE";

/** What an actor's platform asks the leader for. Its hash is the id of the event, and of what the event makes. */
export type Proposal = {
  readonly v: number;
  /** null on the first event, whose id is the conversation's. */
  readonly conversation: Hash | null;
  readonly platform: PlatformName;
  readonly key: PublicKey;
  /** A participant's id; null on the first event. */
  readonly actor: Hash | null;
  readonly sentAt: Timestamp;
  readonly action: Action;
  readonly model: Model;
  readonly item: Hash | null;
  readonly value: Value | null;
  /** The item's latest event, as the actor saw it. */
  readonly follows: Hash | null;
  /** Commitment to body and salt. */
  readonly ref: Hash | null;
};

/** A proposal that its leader gave a place in the log. */
export type Event = {
  readonly proposal: Proposal;
  /** 1, 2, 3 … without holes. */
  readonly seq: number;
  /** Hash of the event at `seq - 1`; null at 1. */
  readonly parent: Hash | null;
  readonly timestamp: Timestamp;
  readonly leader: PlatformName;
  readonly key: PublicKey;
};

export type ConversationBody = {
  readonly address: string;
  readonly name: string | null;
  readonly slug: string;
  /** The conversation that this one goes on with, whose leader is gone. */
  readonly continues: { readonly conversation: Hash; readonly event: Hash } | null;
};
export type SubjectBody = { readonly subject: string };
export type LabelBody = { readonly name: string };
export type ParticipantBody = { readonly address: string; readonly name: string | null };
export const messageFormats = ["MARKDOWN", "PLAIN", "HTML"] as const;
export type MessageFormat = (typeof messageFormats)[number];
export type MessageBody = {
  readonly format: MessageFormat;
  readonly text: string;
  /** Participants' ids; one of no participant is ignored. */
  readonly mentions: readonly Hash[];
  /** As the mail said, for words that came by mail. */
  readonly mail: { readonly date: Timestamp; readonly messageId: string } | null;
};
export type AttachmentBody = {
  readonly title: string;
  readonly type: string;
  /** In bytes, of the plain file. */
  readonly size: number;
  /** Of the plain file. */
  readonly sha256: Hash;
  /** 16 bytes, base64url. */
  readonly key: string;
};

/** The words of an event: committed to by `ref`, read by no rule, and gone when erased. */
export type Body = ConversationBody | SubjectBody | LabelBody | ParticipantBody | MessageBody | AttachmentBody;

/** 32 random bytes beside the body, so that nobody can guess erased words from `ref`. */
export type Salt = Base64url32;

/** An event as it travels and as it is exported. Body and salt are null where they were erased or are owed. */
export type SignedEvent = {
  readonly event: Event;
  readonly signatures: {
    readonly event: Signature;
    /** null where platform and key are the leader's: one signature says both. */
    readonly proposal: Signature | null;
  };
  readonly body: Body | null;
  readonly salt: Salt | null;
};

/** A proposal on its way to the leader. */
export type SignedProposal = {
  readonly proposal: Proposal;
  /** null where the leader itself makes it, and signs the event under the same key. */
  readonly signature: Signature | null;
  readonly body: Body | null;
  readonly salt: Salt | null;
};
