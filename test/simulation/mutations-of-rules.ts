// The rules of conversation/, each switched off: people break it, their platform lets them, and the log does not hold by the
// rules as they are. What people of the simulation do not do (mail, archives, a thousand participants), tests do; and so they say
// what only the leader judges (words), and what comes to nothing at the end (a time that is not yet).
import type { Mutation } from "./mutations.ts";

const decide = "src/conversation/decide.ts";
const accept = "src/conversation/accept.ts";
const follow = "src/conversation/follow.ts";
const seal = "src/protocol/seal.ts";

type Rule = readonly [without: string, from: string, to: string];

const forbidden = 'return reject("FORBIDDEN");';
const orLocked = 'return isOthers && !isAdmin(actor) ? reject("LOCKED") : following(question);';
const removedDone = 'if (isRemoved(state, message)) return "done";';
const releasedDone = 'if (lock === null || isRemoved(state, message)) return "done";';
const following = "return following(question);";

const decided: readonly Rule[] = [
  ["that a proposal follows its item's latest event", "latest === null || proposal.follows === latest ?", "true ?"],
  ["that proposals are not kept for later", 'if (!isTimely(proposal.sentAt, at)) return reject("INVALID_TIME");', ""],
  [
    "that who left does nothing",
    'if (!isActive(actor) && !isOwnRemoval(proposal)) return reject("NOT_PARTICIPANT");',
    "",
  ],
  [
    "that nothing is said after the expiry",
    'if (!outlivesExpiry(proposal) && isExpired(conversation, at)) return reject("EXPIRED");',
    "",
  ],
  [
    "that a WRITER modifies the subject",
    `if (!isAtLeast(actor, "WRITER")) ${forbidden}\n      ${following}`,
    following,
  ],
  [
    "that a WRITER adds participants",
    `if (!isAtLeast(actor, "WRITER") || (added.role === "ADMIN" && !isAdmin(actor))) ${forbidden}`,
    "",
  ],
  ["that an ADMIN adds an ADMIN", ' || (added.role === "ADMIN" && !isAdmin(actor))', ""],
  ["that an ADMIN removes others", `if (!isSelf && (value === "ERASE" || !isAdmin(actor))) ${forbidden}`, ""],
  [
    "that nobody is removed twice",
    'if (value === "ERASE" ? participant.isErased : !isActive(participant)) return "done";',
    "",
  ],
  ["that an ADMIN gives roles", `if (!isAdmin(actor) || role === null) ${forbidden}`, ""],
  [
    "that who left gets no role",
    'if (!isActive(participant)) return reject("REMOVED", "They do not take part any more. Add them anew.");',
    "",
  ],
  ["that nobody gets the role that they have", 'if (participant.role === role) return "done";', ""],
  ["that there is an ADMIN", 'if (isAdmin(participant) && conversation.admins === 1) return reject("LAST_ADMIN");', ""],
  [
    "that a READER says nothing, and a COMMENTER answers",
    `if (!isAtLeast(actor, item === null ? "WRITER" : "COMMENTER")) ${forbidden}`,
    "",
  ],
  ["who removes a message", `if (!mayRemoveMessage(actor, message)) ${forbidden}`, ""],
  ["that a message is removed once", removedDone, ""],
  ["that a locked message stays", `${removedDone}\n    ${orLocked}`, `${removedDone}\n    ${following}`],
  ["who modifies a message", `if (!mayModifyMessage(actor, message)) ${forbidden}`, ""],
  ["that nothing is released without a lock", releasedDone, ""],
  ["that a lock is its holder's", `${releasedDone}\n    ${orLocked}`, `${releasedDone}\n    ${following}`],
  [
    "that a removed message is not modified",
    'if (isRemoved(state, message)) return reject("REMOVED");\n  return isOthers',
    "return isOthers",
  ],
  ["that a locked message is not modified", 'return isOthers ? reject("LOCKED") : following(question);', following],
  ["that a WRITER attaches to the conversation", `if (!isAtLeast(actor, "WRITER")) ${forbidden}\n    } else`, "} else"],
  ["who attaches to a message", `if (!mayAttachTo(actor, message)) ${forbidden}`, ""],
  [
    "that nothing is attached to a removed message",
    'if (isRemoved(state, message)) return reject("REMOVED");\n    }',
    "}",
  ],
  ["who removes an attachment", `if (!mayRemoveAttachment(actor, attachment, message)) ${forbidden}`, ""],
  [
    "that an attachment is removed once",
    'return isRemoved(state, attachment) ? "done" : following(question);',
    following,
  ],
  [
    "that a WRITER adds labels",
    `if (!isAtLeast(actor, "WRITER")) ${forbidden}\n    return labelsOf`,
    "return labelsOf",
  ],
  ["who removes a label", `if (!mayRemoveLabel(actor, label)) ${forbidden}`, ""],
  ["that a label is removed once", 'return isRemoved(state, label) ? "done" : following(question);', following],
  ["that an ADMIN sets the expiry", `if (!isAdmin(actor)) ${forbidden}`, ""],
  [
    "that the expiry is not set to what it is",
    'if (expiresAtOf(proposal.value) === conversation.expiresAt) return "done";',
    "",
  ],
  [
    "that an ADMIN moves the lead",
    `if (!isAdmin(actor) || leader === null) ${forbidden}`,
    `if (leader === null) ${forbidden}`,
  ],
  ["that who leads is not given the lead", 'if (leader === conversation.leader) return "done";', ""],
];

type Tested = readonly [without: string, by: string, file: string, from: string, to: string];

const tested: readonly Tested[] = [
  [
    "that a proposal has the form of its kind",
    "conversation/via",
    decide,
    "if (fault) return reject",
    "if (false) return reject",
  ],
  [
    "that a proposal is of its conversation",
    "conversation/follow",
    decide,
    " || proposal.conversation !== conversation.id",
    "",
  ],
  [
    "that nothing is said in what is frozen",
    "conversation/lead",
    decide,
    'if (conversation.isFrozen) return reject("FROZEN");',
    "",
  ],
  [
    "that nobody by mail is added as ADMIN",
    "conversation/participants",
    decide,
    'if (added.role === "ADMIN" && !mayBeAdmin(added)) return reject("INVALID_ROLE");',
    "",
  ],
  [
    "that nobody by mail is made ADMIN",
    "conversation/participants",
    decide,
    'if (role === "ADMIN" && !mayBeAdmin(participant)) return reject("INVALID_ROLE");',
    "",
  ],
  [
    "that a platform sends its mails itself",
    "conversation/via",
    decide,
    'if ((added.mail || added.imported) && added.via !== proposal.platform) return reject("WRONG_PLATFORM");',
    "",
  ],
  [
    "who begins a conversation",
    "conversation/participants",
    decide,
    'creator?.role === "ADMIN" && mayBeAdmin(creator) && creator.via === platform',
    "true",
  ],
  ["how many take part", "conversation/limits", decide, "conversation.participants >= limits.participants", "false"],
  ["how many labels there are", "conversation/limits", decide, "labelsOf(state).length >= limits.labels", "false"],
  [
    "how many files a message has",
    "conversation/limits",
    decide,
    "attachmentsOf(state, item).length >= limits.attachmentsPerMessage",
    "false",
  ],
  [
    "that what is answered is there",
    "conversation/removal",
    decide,
    "item === null || state.messages.has(item)",
    "true",
  ],
  [
    "that who takes the lead asks for it",
    "conversation/lead",
    decide,
    'if (leader !== proposal.platform)\n    return reject("WRONG_PLATFORM", "The lead is asked for by the platform that takes it.");',
    "",
  ],
  ["that a lock ends", "conversation/locks", "src/conversation/roles.ts", " || lockUntil <= at", ""],
  ["the rules of words, where they are proposed", "conversation/limits", accept, "if (fault) return fault;", ""],
  [
    "that words come with their proposal",
    "conversation/via",
    accept,
    " || (proposal.ref !== null && body === null)",
    "",
  ],
  ["that nobody takes part twice", "conversation/participants", accept, "if (doubled) return doubled;", ""],
  // Whoever appends asks the leader before: this is for what gets by.
  [
    "that a leader sequences what it leads",
    "conversation/lead",
    accept,
    'if (leader.platform !== (parent?.leader ?? proposal.platform))\n    return reject("WRONG_PLATFORM", "Another platform leads.");',
    "",
  ],
  [
    "that all of a request is taken, or nothing",
    "conversation/take",
    "src/conversation/take.ts",
    "const isTrial = proposals.length > 1;",
    "const isTrial = false;",
  ],
  [
    "that events are not of the future",
    "conversation/follow",
    follow,
    'if (Date.parse(event.timestamp) - Date.parse(now) > limits.clockSkewMs) return "FROM_THE_FUTURE";',
    "",
  ],
  [
    "that nothing is followed that is done already",
    "laws/log",
    follow,
    'if (decision === "done") return "DONE_ALREADY";',
    'if (decision === "done") return null;',
  ],
  [
    "the rules of words, where they are followed",
    "store/memory-store",
    follow,
    "isFit ? signed : { ...signed, body: null, salt: null }",
    "signed",
  ],
  ["that who is added is there", "store/memory-store", accept, "!isKnown(body.address)", "false"],
  ["that seqs have no holes", "protocol/seal", seal, "event.seq !== (previous?.seq ?? 0) + 1 || ", ""],
  ["that a body has its salt", "protocol/seal", seal, "return body === null && salt === null;", "return true;"],
  [
    "that words have a canonical form",
    "protocol/seal",
    seal,
    "if (error instanceof CanonicalJsonError) return false;",
    "",
  ],
  [
    "that one signature is of one key",
    "protocol/seal",
    seal,
    "return proposal.platform === leader && proposal.key === key;",
    "return proposal.platform === leader;",
  ],
  [
    "that nothing unsigned is sequenced",
    "protocol/seal",
    seal,
    "if (!isOwn && signed.signature === null)",
    "if (false)",
  ],
];

export const mutationsOfRules: readonly Mutation[] = [
  ...decided.map(([without, from, to]): Mutation => ({ without, changes: [[decide, from, to]] })),
  ...tested.map(
    ([without, by, ...change]): Mutation => ({
      without,
      by: `test/${by}.test.ts`,
      changes: [change],
    }),
  ),
];
