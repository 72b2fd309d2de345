// Bodies: what the leader checks of words before it accepts them. No rule of the log reads any of this.

import { CanonicalJsonError, canonicalJson, isCanonicalText } from "../protocol/canonical-json.ts";
import type { Body, Model, Proposal } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import { bodySchema } from "../protocol/wire.ts";
import { type Address, isAddress } from "./address.ts";
import { limits } from "./limits.ts";
import { type Rejection, reject } from "./rejection.ts";
import { isActive } from "./roles.ts";
import { isRemoved, type State } from "./state.ts";

/**
 * The words that an acceptance has to know: those of the labels and recipients that stand in the state. In a partial
 * state, at least all labels that count (for a new label), and everybody with the address in question (for an add).
 */
export interface Words {
  readonly labels: Map<Hash, string>;
  readonly addresses: Map<Hash, string>;
}

export function noWords(): Words {
  return { labels: new Map(), addresses: new Map() };
}

/** Why `body` cannot go with an event of `model`, or null: its shape, its limits, and that it has a canonical form. */
export function bodyFault(model: Model, body: Body | null): Rejection | null {
  if (body === null) return null;
  try {
    canonicalJson(body);
  } catch (error) {
    if (!(error instanceof CanonicalJsonError)) throw error;
    const found = Object.entries(body).find(([, text]) => typeof text === "string" && !isCanonicalText(text));
    if (found === undefined) return reject("INVALID_BODY", `The content cannot be kept: ${error.message}.`);
    const [field, text] = found;
    // Of the others, the model says it better: a message's `text`, a label's `name`.
    const what = model === "participant" || model === "conversation" ? field : model;
    const character = String(text).includes("\0") ? "U+0000" : "half of a character (a lone surrogate)";
    return reject("INVALID_BODY", `The ${what} cannot be kept with ${character} in it. Take it out.`);
  }
  const fault = wordsFault(model, body);
  return fault === null || typeof fault === "object" ? fault : reject("INVALID_BODY", fault);
}

function wordsFault(model: Model, body: Body): Rejection | string | null {
  const unreadable = "The content does not have the fields that it needs.";
  switch (model) {
    case "conversation": {
      const parsed = bodySchema.conversation.safeParse(body);
      if (!parsed.success) return unreadable;
      const { address, name, slug } = parsed.data;
      if (!isAddress(address)) return reject("INVALID_ADDRESS");
      return (
        nameFault(name) ??
        (slug === slugOf(slug) ? null : "The reference may have lower-case letters, digits and - only.")
      );
    }
    case "participant": {
      const parsed = bodySchema.participant.safeParse(body);
      if (!parsed.success) return unreadable;
      return isAddress(parsed.data.address) ? nameFault(parsed.data.name) : reject("INVALID_ADDRESS");
    }
    case "subject": {
      const parsed = bodySchema.subject.safeParse(body);
      return parsed.success ? lineFault("subject", parsed.data.subject, limits.subjectCharacters) : unreadable;
    }
    case "label": {
      const parsed = bodySchema.label.safeParse(body);
      if (!parsed.success) return unreadable;
      if (isBlank(parsed.data.name)) return "A label needs a name.";
      return lineFault("label", parsed.data.name, limits.labelCharacters);
    }
    case "message": {
      const parsed = bodySchema.message.safeParse(body);
      if (!parsed.success) return unreadable;
      const { text, mail, mentions } = parsed.data;
      if (mentions.length > limits.mentions) return `A message may mention ${limits.mentions} participants at most.`;
      if (isBlank(text) && mail === null) return "A message needs words.";
      if (mail !== null && mail.messageId.length > limits.messageIdCharacters)
        return "The mail's Message-ID is too long.";
      return Buffer.byteLength(text) > limits.messageBytes
        ? `A message may have ${limits.messageBytes / 1024} KiB at most. Split it, or attach a file.`
        : null;
    }
    case "attachment": {
      const parsed = bodySchema.attachment.safeParse(body);
      if (!parsed.success) return unreadable;
      const { title, type, size } = parsed.data;
      if (size > limits.fileBytes) return "A file may have 1 GiB at most.";
      return lineFault("title", title, limits.titleCharacters) ?? lineFault("type", type, limits.typeCharacters);
    }
    default:
      return unreadable;
  }
}

function nameFault(name: string | null): string | null {
  return name === null ? null : lineFault("name", name, limits.nameCharacters);
}

function lineFault(what: string, text: string, maxCharacters: number): string | null {
  if ([...text].length > maxCharacters) return `A ${what} may have ${maxCharacters} characters at most.`;
  if (text !== "" && isBlank(text)) return `A ${what} needs characters that people can see.`;
  if (turning.test(text))
    return `A ${what} has no characters that turn the text around it (U+202A to U+202E, U+2066 to U+2069).`;
  return /\p{Cc}|\p{Zl}|\p{Zp}/u.test(text) ? `A ${what} is one line, without control characters.` : null;
}

/** Whether nobody sees anything of it. */
export function isBlank(text: string): boolean {
  return /^[\p{Cc}\p{Cf}\p{Z}]*$/u.test(text);
}

// UAX #9 §2: what a line embeds, overrides or isolates goes on in the text beside it. Marks (U+200E, U+200F) do not.
export const turning = /[\u202a-\u202e\u2066-\u2069]/;

/** The first subject as it stands in links: lower case, what is no letter or digit to `-`, at most 60 characters. */
export function slugOf(subject: string): string {
  const dashed = subject.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-");
  return [...dashed]
    .slice(0, limits.slugCharacters)
    .join("")
    .replace(/^-+|-+$/g, "");
}

/** Why the words of an accepted proposal may not stand beside those already there, or null. */
export function doublesWords(
  state: State,
  words: Words,
  { action, model }: Proposal,
  body: Body | null,
): Rejection | null {
  if (action !== "add" || body === null) return null;
  if (model === "label" && "name" in body && !("address" in body)) {
    const key = labelKey(body.name ?? "");
    const isTaken = [...words.labels].some(([id, name]) => {
      const label = state.labels.get(id);
      return label !== undefined && !isRemoved(state, label) && labelKey(name) === key;
    });
    if (isTaken) return reject("LABEL_EXISTS");
  }
  if (model === "participant" && "address" in body) {
    const isTaken = [...words.addresses].some(([id, address]) => {
      const participant = state.participants.get(id);
      // One who came with an archive does not count: adding them makes another participant, who is asked and told.
      return participant !== undefined && isActive(participant) && !participant.imported && address === body.address;
    });
    if (isTaken) return reject("ALREADY_PARTICIPANT", `The recipient ${body.address} already takes part.`);
  }
  return null;
}

/** Whether somebody has this address, as far as was looked up for those whom an append adds. */
export type IsKnown = (address: Address) => boolean;

export function unknownRecipient(address: Address): Rejection {
  return reject("RECIPIENT_UNKNOWN", `Nobody has the address ${address}. Check its spelling.`);
}

/**
 * Characters that nobody sees, as regular expressions of JavaScript and of PostgreSQL have them: not all of \p{Cf}, for of
 * those some are seen, and some make a flag another country's.
 */
export const unseen = "[\\u00AD\\u061C\\u180E\\u200B-\\u200F\\u202A-\\u202E\\u2060-\\u206F\\uFEFF]";

/** Labels differ if people would call them different: neither case nor composition counts, nor what nobody sees. */
export function labelKey(name: string): string {
  return name.replace(new RegExp(unseen, "g"), "").normalize("NFC").toLowerCase().trim();
}
