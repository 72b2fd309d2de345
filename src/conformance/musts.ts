// The requirements of docs/federation.md, by their numbers, each with the sentence that is tried; and those that nobody can
// try from outside, with the reason.

export const sections = {
  2: "Discovery and key lists",
  3: "Requests and their signatures",
  4: "Refusals of a request",
  5: "Endpoints",
  6: "Batches",
  7: "Events: from the leader to the followers",
  8: "First contact",
  9: "Proposals: from a follower to the leader",
  10: "Catching up",
  11: "Receipts",
  12: "Deliveries",
  13: "Erasing towards those who left",
  14: "The lead",
  15: "Lies",
} as const;

export interface Must {
  readonly section: keyof typeof sections;
  /** As the document has it. */
  readonly says: string;
}

export const musts = {
  M33: { section: 2, says: "`platform` and `keys` MUST be a key list that holds (M19)." },
  M34: { section: 2, says: "A platform MUST list every domain whose addresses it takes" },
  M36: {
    section: 2,
    says: "A key that is not in the list as it is known MUST be looked for in the platform's list once more before it is refused.",
  },
  M37: { section: 2, says: "A list in which a new key is not signed by an earlier one MUST NOT be believed." },
  M38: {
    section: 3,
    says: "All requests go over HTTPS to port 443 of the platform's name, and MUST NOT follow redirects.",
  },
  M39: {
    section: 3,
    says: "Every request under `/f/` MUST be signed as RFC 9421 says, with Ed25519, in exactly this profile; a request that is signed in another way MUST be refused.",
  },
  M40: {
    section: 3,
    says: "It MUST refuse a signature that was made for another method, path, query, host, content type or body.",
  },
  M41: { section: 3, says: "Nothing of a body MUST be parsed before the request is verified." },
  M42: { section: 3, says: "A request that comes again, byte for byte, MUST have no effect beyond the first one's." },
  M43: {
    section: 4,
    says: "A refused request is answered with one of these, as RFC 9457 says: `application/problem+json` with at least `status`, `title`, `detail` and `code`.",
  },
  M44: {
    section: 5,
    says: "Whatever else is asked under `/f/` MUST be answered 404, once the request is verified.",
  },
  M45: { section: 5, says: "A receiver MUST refuse a batch that the path does not name." },
  M46: { section: 5, says: "A receiver MUST refuse a larger body without keeping it." },
  M48: { section: 6, says: "an entry of any other form MUST be rejected by itself (`BAD_FORM`)" },
  M49: {
    section: 6,
    says: "Once one of them is answered `later`, all further ones of its conversation MUST be answered `later` and not be taken.",
  },
  M50: {
    section: 6,
    says: "this entry and those of its conversation that follow it MUST be sent again, in the same order, not sooner than a second later.",
  },
  M51: { section: 7, says: "An event that fails MUST NOT be taken, nor what comes after it" },
  M52: { section: 7, says: "An event whose predecessor is missing MUST be answered `gap`." },
  M53: {
    section: 7,
    says: "The leader MUST send each event that it sequences to every platform in the conversation, in order",
  },
  M54: {
    section: 8,
    says: "Only the leader brings an unknown conversation: from anybody else its events MUST be rejected (`WRONG_LEADER`).",
  },
  M55: { section: 8, says: "more MUST be rejected (`TOO_LARGE`)." },
  M56: {
    section: 9,
    says: "A leader takes a proposal only from its own `platform`: from another caller it MUST be rejected (`WRONG_PLATFORM`).",
  },
  M57: { section: 9, says: "and MUST answer with the code of the check that fails." },
  M58: {
    section: 9,
    says: "One that is in the log MUST be answered `duplicate`, with the event that it made, however often it comes.",
  },
  M60: {
    section: 10,
    says: "A page MUST have events in order and without holes from `after` + 1 on, at least one if there is one within the caller's reach, at most 500 and about 1,048,576 characters.",
  },
  M62: {
    section: 10,
    says: "A receiver that has as much MUST answer `duplicate`, and one that has less `gap` with the last that it has, and then ask the sender for the rest.",
  },
  M63: { section: 10, says: "Words that are missing and not erased are owed (M16): a platform asks for them" },
  M64: { section: 11, says: "Every receipt MUST be answered `accepted`, whether there is such a conversation or not." },
  M65: {
    section: 12,
    says: "What is owed MUST be sent until it is answered, in the order of the log, each destination by itself",
  },
  M67: {
    section: 12,
    says: "a sender that does not know (a new leader, a restored one) begins anywhere and goes by `duplicate` and `gap`.",
  },
  M70: { section: 14, says: "From somebody to whom nothing is owed a loss MUST be answered `accepted`." },
  M71: { section: 15, says: "A platform that meets the second one MUST reject it (`FORKED`)." },
  M72: { section: 15, says: "It MUST NOT be taken, and the log is asked for elsewhere, or later." },
} as const satisfies Readonly<Record<string, Must>>;

export type MustNumber = keyof typeof musts;

/** Why these are not tried. */
export const untried: Readonly<Record<string, string>> = {
  M35: "how long something is kept shows only to who waits for a day",
  M47: "to find a bound, one has to go beyond it",
  M59: "it takes an outage of the leader, and people on the platform who say something in it",
  M61: "that an answer is believed in nothing else cannot be seen; lies in it are tried as M72",
  M66: "how long a platform would have waited cannot be seen",
  M68: "it takes somebody who leaves and erases",
  M69: "it takes people who hand over the lead",
};
