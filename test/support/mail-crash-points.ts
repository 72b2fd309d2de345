// Where a process can be killed while it hands over a mail.

export const mailCrashPoints = [
  "before it says that it sends",
  "before the provider is called",
  "before the outcome is noted",
  "after the outcome is noted",
] as const;

export type MailCrashPoint = (typeof mailCrashPoints)[number];
