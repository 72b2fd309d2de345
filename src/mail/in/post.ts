// What a mail becomes in its conversation: a message with its files, in the name of who wrote it. They have no account, so
// the proposals are made here; once kept, every try appends the same ones, so that a mail is one message.
import type pg from "pg";
import { type Command, type Occasion, propose } from "../../conversation/accept.ts";
import { limits } from "../../conversation/limits.ts";
import type { Rejection } from "../../conversation/rejection.ts";
import type { BlobStore } from "../../files/blob-store.ts";
import { encryptFile, fileBlobOf, newFileKey } from "../../files/file-cipher.ts";
import type { MessageBody, SignedProposal } from "../../protocol/event.ts";
import type { Hash } from "../../protocol/hash.ts";
import { proposalId, type Signer } from "../../protocol/seal.ts";
import type { AppendAnywhere } from "../../store/conversation-store.ts";
import { newSecret } from "../mail-token.ts";
import { type Becoming, forgetBecoming, keepBecoming } from "./inbound-rows.ts";
import type { IncomingFile } from "./parse-incoming.ts";

export interface PostOptions {
  readonly pool: pg.Pool;
  readonly blobs: BlobStore;
  readonly append: AppendAnywhere;
}

/** Signs what `command` says: another platform may lead. */
export function proposeSigned(command: Command, conversation: Hash, actor: Hash, occasion: Occasion): SignedProposal {
  return signed(propose(command, conversation, actor, conversation, occasion), occasion.signer);
}

/** The same proposal with its own signature: another platform may lead by the time it is taken. */
export function signed(proposal: SignedProposal, { key }: Signer): SignedProposal {
  return { ...proposal, signature: key.sign("proposal", proposalId(proposal.proposal)) };
}

/** The words with the files, as proposals of `actor`. Each file gets a key of its own. */
export function sayByMail(
  conversation: Hash,
  actor: Hash,
  { answered, body, files }: { answered: Hash | null; body: MessageBody; files: readonly IncomingFile[] },
  occasion: Occasion,
): { readonly message: Hash; readonly proposals: readonly SignedProposal[] } {
  const said = proposeSigned({ action: "add", model: "message", item: answered, body }, conversation, actor, occasion);
  const message = proposalId(said.proposal);
  const attached = files.slice(0, limits.attachmentsPerMessage).map(({ title, type, size, sha256 }) => {
    const file = { title, type, size, sha256, key: newFileKey() };
    return proposeSigned(
      { action: "add", model: "attachment", item: message, body: file },
      conversation,
      actor,
      occasion,
    );
  });
  return { message, proposals: [said, ...attached] };
}

/** The leader cannot be asked now: the mail waits, and is worked through again. */
export class NotYetError extends Error {
  override readonly name = "NotYetError";
}

export type Posted =
  | { readonly is: "posted"; readonly becoming: Becoming }
  /** The same mail came by another way, too; or somebody else was first to decide about it. */
  | { readonly is: "repeated" }
  | { readonly is: "rejected"; readonly rejection: Rejection };

/**
 * Appends what the mail becomes: all of it or nothing. Safe to repeat at any point.
 * @param files of the mail, in the order in which their attachments stand in `becoming`
 * @throws NotYetError where it has to be tried again later
 */
export async function post(
  { pool, blobs, append }: PostOptions,
  inbound: { readonly id: string; readonly messageId: string | null },
  becoming: Becoming,
  files: readonly IncomingFile[],
): Promise<Posted> {
  const kept = await keepBecoming(pool, inbound.id, inbound.messageId, becoming);
  if (kept === null) return { is: "repeated" };
  const { conversation, participant, begins, proposals } = kept;
  // Before they take part: who began the conversation is not told of what they said.
  if (begins) await noteBeginning(pool, conversation, participant, begins);
  // Before the event says that they are there. Under their attachments' names, so that a later try writes the same.
  const attached = proposals.flatMap(({ proposal, body }) =>
    body !== null && "sha256" in body ? [{ id: proposalId(proposal), body }] : [],
  );
  for (const { id, body } of attached) {
    const file = files.find(({ size, sha256 }) => size === body.size && sha256 === body.sha256);
    if (!file) throw new Error("a mail has other files than when it was read before");
    await blobs.put(fileBlobOf(conversation, id), encryptFile(file.bytes, body.key));
  }
  const answer = await append({
    conversation: begins ? null : conversation,
    proposals,
    ...(begins && { people: new Map(begins.people) }),
    // Of no account: the mail itself is the client.
    client: { accountId: inbound.id, clientId: "mail" },
  });
  if (!("rejection" in answer)) return { is: "posted", becoming: kept };
  const { rejection } = answer;
  if (rejection.code === "LEADER_UNREACHABLE") {
    throw new NotYetError("the platform that leads the conversation does not answer: the mail waits for it");
  }
  for (const { id } of attached) await blobs.delete(fileBlobOf(conversation, id));
  if (begins) {
    const text = "DELETE FROM mail_participation WHERE conversation_id = $1 AND participant = $2";
    await pool.query({ name: "forget_beginning", text, values: [conversation, participant] });
  }
  // It waited for too long, and is said anew.
  if (rejection.code === "INVALID_TIME") {
    await forgetBecoming(pool, inbound.id);
    throw new NotYetError("what was to be appended is too old by now: it is made anew");
  }
  return { is: "rejected", rejection };
}

async function noteBeginning(
  pool: pg.Pool,
  conversation: Hash,
  participant: Hash,
  { messageId, subject }: NonNullable<Becoming["begins"]>,
): Promise<void> {
  await pool.query({
    name: "note_beginning",
    text: `INSERT INTO mail_participation (conversation_id, participant, secret, begun_with, subject)
      VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
    values: [conversation, participant, newSecret(), messageId, subject],
  });
}
