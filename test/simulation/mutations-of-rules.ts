// The rules, each switched off: people of the simulation break it, their platform lets them, and the log does not hold by the
// rules as they are.
import type { Mutation } from "./mutation.ts";

type Rule = readonly [without: string, from: string, to: string];

const forbidden = 'return reject("FORBIDDEN");';
const removedDone = 'if (isRemoved(state, message)) return "done";';
const releasedDone = 'if (lock === null || isRemoved(state, message)) return "done";';
const following = "return following(question);";

const decided: readonly Rule[] = [
  ["that a proposal follows its item's latest event", "latest === null || proposal.follows === latest ?", "true ?"],
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
  ["who modifies a message", `if (!mayModifyMessage(actor, message)) ${forbidden}`, ""],
  ["that nothing is released without a lock", releasedDone, ""],
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

export const mutationsOfRules: readonly Mutation[] = decided.map(([without, from, to]) => ({
  without,
  changes: [["src/conversation/decide.ts", from, to]],
}));
