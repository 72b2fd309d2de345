// What people want done, in the fewest words.
import type { Command } from "../../src/conversation/accept.ts";
import { domainOf } from "../../src/conversation/address.ts";
import type { Role } from "../../src/protocol/event.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import { attachmentBody, messageBody } from "../conversation/given.ts";

export const says = (text: string): Command => ({ action: "add", model: "message", body: messageBody(text) });
export const callsIt = (subject: string): Command => ({ action: "modify", model: "subject", body: { subject } });
export const labels = (name: string): Command => ({ action: "add", model: "label", body: { name } });
export const removes = (model: "message" | "participant" | "label" | "attachment", item: Hash): Command => ({
  action: "remove",
  model,
  item,
});
export const erases = (item: Hash): Command => ({ ...removes("participant", item), value: "ERASE" });
export const answers = (item: Hash, text: string): Command => ({ ...says(text), item });
export const modifies = (item: Hash, text: string): Command => ({ ...says(text), action: "modify", item });
export const attaches = (item: Hash, title: string): Command => ({
  action: "add",
  model: "attachment",
  item,
  body: attachmentBody(title),
});
export const adds = ({ address }: { readonly address: string }, role: Role = "WRITER"): Command => ({
  action: "add",
  model: "participant",
  value: { role, via: domainOf(address), mail: false, imported: false },
  body: { address, name: null },
});
/** Asks for the lead on behalf of a platform. */
export const takesTheLead = (leader: string): Command => ({ action: "modify", model: "leader", value: { leader } });
