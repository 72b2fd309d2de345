// Events as they are read for people: the entry, and when the database recorded it.
import type { Hash } from "../protocol/hash.ts";
import type { Entry } from "../protocol/seal.ts";
import { isErasedSql } from "./read/erased-sql.ts";
import { type EventRow, eventColumns, signedEventOf } from "./rows.ts";

/** An entry of a conversation that may be shown as it is. */
export interface RecordedEvent extends Omit<Entry, "hash"> {
  readonly conversation: Hash;
  readonly seq: number;
  /** The database's clock when it was written, in microseconds since 1970: what stream cursors are made of. */
  readonly recordedUs: number;
  /** Then body and salt are null here, also while they still stand in the database. */
  readonly isErased: boolean;
}

export type RecordedRow = EventRow & { readonly recorded_us: number; readonly is_erased: boolean };

/**
 * The columns of a `RecordedRow`. A Date has milliseconds only, so the microseconds come as a number.
 * @param isActorErased as for `isErasedSql`
 */
export function recordedColumns(alias: string, isActorErased?: string): string {
  return `${eventColumns.map((name) => `${alias}."${name}"`).join(", ")},
    (extract(epoch FROM ${alias}.recorded_at) * 1e6)::bigint AS recorded_us, ${isErasedSql(alias, isActorErased)} AS is_erased`;
}

export function recordedEventOf(row: RecordedRow): RecordedEvent {
  // What had no words has none to erase.
  const isErased = row.is_erased && row.ref !== null;
  const signed = signedEventOf(isErased ? { ...row, body: null, salt: null } : row);
  return { ...signed, conversation: row.conversation_id, seq: row.seq, recordedUs: row.recorded_us, isErased };
}
