// What a value says: each reads one thing out of it, null where the value does not say it. Which shape a value has goes with
// action and model, and `formFault` has held it against them.
import type { ParticipantValue, PlatformName, Role, Timestamp, Value } from "./event.ts";

type Said = Value | null;

export function participantOf(value: Said): ParticipantValue | null {
  return value !== null && typeof value === "object" && "via" in value ? value : null;
}

export function roleOf(value: Said): Role | null {
  return value !== null && typeof value === "object" && "role" in value ? value.role : null;
}

export function expiresAtOf(value: Said): Timestamp | null {
  return value !== null && typeof value === "object" && "expiresAt" in value ? value.expiresAt : null;
}

export function leaderOf(value: Said): PlatformName | null {
  return value !== null && typeof value === "object" && "leader" in value ? value.leader : null;
}
