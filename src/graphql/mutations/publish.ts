// Publishing: a draft's proposals, appended all at once.
import type { Address } from "../../conversation/address.ts";
import type { Draft } from "../../conversation/draft.ts";
import { publishDraft } from "../../conversation/draft.ts";
import { reject } from "../../conversation/rejection.ts";
import type { Hash } from "../../protocol/hash.ts";
import type { AppendRequest, Person } from "../../store/conversation-store.ts";
import type { Context } from "../context.ts";
import type { RejectionSource } from "../types/Rejection.ts";
import { type Performed, usedBefore, viewOf } from "./perform.ts";

/**
 * Publishes `draft`, which sends it. Safe to repeat: a draft is published once.
 * @param draft with a version where it is stored: CONFLICT where it was edited since
 */
export async function publish(
  context: Context,
  draft: { readonly hash: Hash; readonly content: Draft; readonly version?: number },
  client: Pick<AppendRequest, "client">,
): Promise<Performed | RejectionSource> {
  const { platform, viewer, reader } = context;
  const addresses = draft.content.participants.map(({ address }) => address);
  const found = await platform.findRecipients([viewer.address, ...addresses], viewer.accountId);
  const people = new Map<Address, Person>();
  for (const [address, recipient] of found) {
    if (recipient === "later") {
      const message = `The platform of ${address} does not answer. Try again later; the draft stays.`;
      return { rejection: reject("RECIPIENT_UNREACHABLE", message) };
    }
    people.set(address, recipient.person);
  }
  const occasion = { signer: platform.signer, sentAt: platform.now(), salt: platform.salt };
  const proposals = publishDraft(
    draft.content,
    { address: viewer.address, name: viewer.name },
    (address) => {
      const recipient = found.get(address);
      return recipient && recipient !== "later" ? { via: recipient.via, mail: recipient.mail, imported: false } : null;
    },
    occasion,
  );
  if ("code" in proposals) return { rejection: proposals };
  const { hash, version } = draft;
  const stored = { draft: hash, ...(version !== undefined && { draftVersion: version }) };
  const result = await platform.append({ conversation: null, proposals, people, ...stored, ...client });
  if ("rejection" in result) return result;
  if ("pending" in result) throw new Error("what is published here is led here");
  const view = await viewOf(context, result.conversation);
  if ("repeatOf" in result) {
    // What is published at once has no stored draft to be known by; but all of its proposals were made at one time.
    const sentAt = async (seq: number) => (await reader.event(view, seq))?.recorded.event.proposal.sentAt;
    const isPublishing =
      version === undefined
        ? (await sentAt(1)) === (await sentAt(result.repeatOf))
        : (await reader.publishedFrom(hash)) === result.conversation;
    if (!isPublishing) throw usedBefore();
  }
  // The event that published it is its first, then and ever after.
  return { conversation: view, event: await reader.event(view, 1), changes: null, item: null };
}
