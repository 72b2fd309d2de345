// Where a process can be killed between the end of a mail and the answer to it.

export const inboxCrashPoints = [
  "before the bytes are written",
  "while the bytes are written",
  "before the row is written",
  "before the answer",
] as const;

export type InboxCrashPoint = (typeof inboxCrashPoints)[number];
