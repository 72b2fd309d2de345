// Who speaks in a mail that belongs to a conversation. A table of decisions, pure: a reply address names a participant and
// proves nobody; an address is whose it says it is where SPF or DKIM say so too.
import type { Role } from "../../protocol/event.ts";
import type { Hash } from "../../protocol/hash.ts";
import type { NoticeReason } from "../out/ask-mail.ts";
import type { Authentication } from "./inbound-mail.ts";

/** Somebody whom we reach by mail in the conversation, and whose address the mail is from. */
export interface Sender {
  readonly participant: Hash;
  readonly isActive: boolean;
  readonly role: Role;
  /** Whether the mail's reply address, or the mail that it answers, is theirs; else it is another's. */
  readonly isNamed: boolean;
}

export interface Claim {
  /** Whose address the mail is from: an account's here, somebody's on another platform, or of nobody but the mail's. */
  readonly owner: "account" | "platform" | "mail";
  readonly sender: Sender | null;
  /** `confirmed`: they said so by the mail that asked them. */
  readonly verdict: Authentication["verdict"] | "confirmed";
  readonly conversation: "OPEN" | "EXPIRED" | "FROZEN";
  /** Whether it is known which message the mail answers. */
  readonly isAnswer: boolean;
}

export type Decision =
  | { readonly is: "posted"; readonly participant: Hash }
  /** Until they confirm it. */
  | { readonly is: "held"; readonly participant: Hash; readonly reason: string }
  /** For who added the participant whose mails are answered. */
  | { readonly is: "kept"; readonly reason: string }
  | { readonly is: "refused"; readonly participant: Hash; readonly reason: string; readonly notice: NoticeReason };

export function decideWho({ owner, sender, verdict, conversation, isAnswer }: Claim): Decision {
  // Who signs in elsewhere says there what they have to say: by mail anybody could who gets at their mail.
  if (owner === "account") return { is: "kept", reason: "ACCOUNT" };
  if (owner === "platform") return { is: "kept", reason: "PLATFORM" };
  if (sender === null) return { is: "kept", reason: "OTHER_SENDER" };
  const { participant, isActive, role, isNamed } = sender;
  const isTheirs = verdict === "aligned" || verdict === "confirmed";
  // To ask them would be to mail somebody on the word of a stranger.
  if (!isNamed && !(isTheirs && isActive)) return { is: "kept", reason: "OTHER_SENDER" };
  const refused = (reason: string, notice: NoticeReason): Decision => ({ is: "refused", participant, reason, notice });
  if (!isActive) return refused("NOT_A_PARTICIPANT", "NOT_A_PARTICIPANT");
  if (conversation !== "OPEN") return refused(conversation, conversation);
  const mayWrite = role === "READER" ? false : role === "COMMENTER" ? isAnswer : true;
  if (!mayWrite) return refused("MAY_NOT_WRITE", "MAY_NOT_WRITE");
  if (!isTheirs) {
    return { is: "held", participant, reason: verdict === "failed" ? "AUTHENTICATION_FAILED" : "NOT_AUTHENTICATED" };
  }
  return { is: "posted", participant };
}
