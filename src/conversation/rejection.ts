// The one list of rejections: what a rule answers when it says no. Values, not errors; the same codes in the API and
// between platforms.

const messages = {
  INVALID_ACTION: "That cannot be done with this part of a conversation.",
  INVALID_TIME: "The proposal's time does not fit the leader's clock. Check this platform's clock, then send it anew.",
  INVALID_BODY: "The content does not fit.",
  INVALID_ADDRESS: "That is not an address. Write it as name@example.org.",
  INVALID_ROLE: "Somebody who takes part by mail or came with an archive cannot have this role. Choose WRITER or less.",
  NOT_PARTICIPANT: "You do not take part in this conversation (any more).",
  NOT_FOUND: "There is no such thing in this conversation.",
  WRONG_PLATFORM: "Another platform speaks for this participant.",
  FORBIDDEN: "Your role does not allow this. Ask an ADMIN of the conversation.",
  EXPIRED: "The conversation has expired. An ADMIN can set a new expiry.",
  FROZEN: "The conversation is frozen: its leader signed two histories. Publish a new one that continues it.",
  REMOVED: "It was removed. A removed message can still be answered.",
  LAST_ADMIN: "The last ADMIN keeps that role. Make somebody else ADMIN first.",
  LIMIT_EXCEEDED: "The conversation has as many of these as it may. Remove one first.",
  LOCKED: "Somebody else holds the lock on this message. Wait until it is released or runs out.",
  CONFLICT: "It was changed meanwhile. Look at its latest event, then try again with that as `follows`.",
  ALREADY_PARTICIPANT: "This recipient already takes part.",
  LABEL_EXISTS: "The conversation already has this label.",
  RECIPIENT_UNKNOWN: "Nobody has this address. Check its spelling.",
  RECIPIENT_UNREACHABLE: "The platform of this address does not answer. Try again later; nothing was changed.",
  LEADER_UNREACHABLE:
    "The platform that leads this conversation does not answer. Try again later; nothing was changed.",
} as const;

export type RejectionCode = keyof typeof messages;
export const rejectionCodes = Object.keys(messages) as readonly RejectionCode[];

/** A rule said no. Nothing was changed. */
export type Rejection = {
  readonly code: RejectionCode;
  /** For people: what is wrong and what to do. */
  readonly message: string;
  /** With CONFLICT: the id of the item's latest event. */
  readonly latest?: string;
};

/** @param message where the code's own message can be said more exactly */
export function reject(code: RejectionCode, message: string = messages[code]): Rejection {
  return { code, message };
}
