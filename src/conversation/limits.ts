// The limits of version 1: the same on what we make and on what we accept, told in the GraphQL schema. Where they
// count, they count what is not removed.

export const limits = {
  /** Active participants of a conversation. */
  participants: 1_000,
  /** Labels of a conversation. */
  labels: 50,
  /** Attachments of one message; and as many that belong to no message. */
  attachmentsPerMessage: 100,
  /** Text of a message, in bytes of UTF-8. */
  messageBytes: 256 * 1024,
  /** Mentions in one message: there cannot be more participants. */
  mentions: 1_000,
  /** A subject, in characters (code points), as every length below. */
  subjectCharacters: 200,
  labelCharacters: 60,
  slugCharacters: 60,
  nameCharacters: 200,
  titleCharacters: 255,
  typeCharacters: 255,
  /** A Message-ID: a line of a mail, RFC 5322 §2.1.1. */
  messageIdCharacters: 998,
  /** An address, RFC 5321 §4.5.3.1.3 less the angle brackets; its local part, §4.5.3.1.1. */
  addressCharacters: 254,
  localPartCharacters: 64,
  /** A file, in bytes. */
  fileBytes: 1024 ** 3,
  /** How long a lock on a message holds. */
  lockMs: 15 * 60 * 1000,
  /** How far before and after `sentAt` the leader's timestamp may be. */
  sentAheadMs: 5 * 60 * 1000,
  sentBehindMs: 7 * 24 * 60 * 60 * 1000,
  /** How far ahead of our clock an event may be. */
  clockSkewMs: 5 * 60 * 1000,
} as const;
