// The time that lists, `createdAt` and search go by.
import type { Body, MessageBody, Timestamp } from "../protocol/event.ts";

/**
 * When an event's words were said: for words that came by mail when the mail says, but never after the event, for a clock
 * that runs ahead would keep them on top of every list; else when the event was sequenced.
 * @param body of the event that added them; null where it is not there any more
 */
export function saidAt(body: Body | Pick<MessageBody, "mail"> | null, timestamp: Timestamp): Timestamp {
  const mailed = body !== null && "mail" in body ? body.mail?.date : undefined;
  return mailed !== undefined && mailed < timestamp ? mailed : timestamp;
}
