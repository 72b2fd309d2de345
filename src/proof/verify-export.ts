// A whole export, from its bytes to what it proves.
import type { Timestamp } from "../protocol/event.ts";
import { readExport, UnreadableExportError } from "./read-export.ts";
import { openVerification, type Report } from "./verify.ts";

/**
 * Reads until the end or the first fault. Never throws for what the bytes say: that is a fault in the report.
 * @param now our clock
 * @param onEvent called after each event that holds
 */
export async function verifyExport(
  bytes: AsyncIterable<Uint8Array>,
  now: Timestamp,
  onEvent?: () => void,
): Promise<Report> {
  const verification = openVerification("export", now);
  try {
    for await (const part of readExport(bytes)) {
      const holds = "event" in part ? verification.entry(part.event) : verification.member(part.name, part.value);
      if (!holds) break;
      if ("event" in part) onEvent?.();
    }
  } catch (error) {
    if (!(error instanceof UnreadableExportError)) throw error;
    verification.unreadable(error.message);
  }
  return verification.report();
}
