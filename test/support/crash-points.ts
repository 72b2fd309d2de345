// Where a process can be killed between the commit of an event and the end of its announcement.

export const crashPoints = [
  "after the commit",
  "before the bus is told",
  "after the bus is told",
  "before the job is enqueued",
  "before inbox order",
  "before the outbox row is deleted",
] as const;

export type CrashPoint = (typeof crashPoints)[number];
