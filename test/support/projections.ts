// The rows of a conversation beside what its log comes to.
import type pg from "pg";
import { expect } from "vitest";
import type { State } from "../../src/conversation/state.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import type { Entry } from "../../src/protocol/seal.ts";
import {
  type AttachmentRow,
  attachmentOf,
  type ConversationRow,
  conversationOf,
  type LabelRow,
  labelOf,
  type MessageRow,
  messageOf,
  type ParticipantRow,
  participantOf,
} from "../../src/store/rows.ts";
import type { Setting } from "./setting.ts";

/** Fails where a row of the conversation is other than the fold of its log, which a follower has to take. */
export async function expectProjected(pool: pg.Pool, setting: Setting, conversation: Hash): Promise<State> {
  const log = await setting.log(conversation);
  const state = await setting.followed(conversation);
  const rowsOf = async <Row extends pg.QueryResultRow>(table: string): Promise<readonly Row[]> => {
    const name = table === "conversation" ? "id" : "conversation_id";
    return (await pool.query<Row>(`SELECT * FROM ${table} WHERE ${name} = $1`, [conversation])).rows;
  };
  const byId = <T extends { readonly id: Hash }>(items: Iterable<T>) =>
    new Map([...items].map((item) => [item.id, item]));

  const participants = await rowsOf<ParticipantRow>("participant");
  expect((await rowsOf<ConversationRow>("conversation")).map(conversationOf)).toEqual([state.conversation]);
  expect(byId(participants.map(participantOf))).toEqual(state.participants);
  expect(byId((await rowsOf<MessageRow>("message")).map(messageOf))).toEqual(state.messages);
  expect(byId((await rowsOf<LabelRow>("label")).map(labelOf))).toEqual(state.labels);
  expect(byId((await rowsOf<AttachmentRow>("attachment")).map(attachmentOf))).toEqual(state.attachments);

  const added = addedBy(log);
  for (const row of participants) {
    const body = row.is_erased ? undefined : added.get(row.id);
    const person = body && setting.people.get(body.address);
    expect([row.name, row.recipient_id]).toEqual([body?.name ?? null, person?.recipientId ?? null]);
    // Whose it was they still are: so they see up to where they left.
    expect(row.account_id).toBe(setting.people.get(added.get(row.id)?.address ?? "")?.accountId ?? null);
  }
  const outbox = await rowsOf<{ readonly seq: number }>("outbox");
  expect(outbox.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(log.map(({ event }) => event.seq));
  return state;
}

function addedBy(log: readonly Entry[]) {
  return new Map(log.flatMap(({ id, body }) => (body !== null && "address" in body ? [[id, body] as const] : [])));
}
