// Checks of the code under test, each with how it is switched off: so that it can be seen that the simulation needs them all.
import type { Mutation } from "./mutation.ts";
import { mutationsByTests } from "./mutations-by-tests.ts";
import { mutationsOfRules } from "./mutations-of-rules.ts";

const follow = "src/conversation/follow.ts";
const seal = "src/protocol/seal.ts";
const federation = "src/federation";
const memoryStore = "test/support/memory-store.ts";

export const mutations: readonly Mutation[] = [
  ...mutationsOfRules,
  {
    without: "that a platform speaks for its own people",
    lie: "actor",
    changes: [
      ["src/conversation/decide.ts", 'if (proposal.platform !== actor.via) return reject("WRONG_PLATFORM");', ""],
    ],
  },
  {
    without: "the leader's signature",
    lie: "forged",
    changes: [[seal, 'if (!isSignedByItsLeader(signed)) return "BAD_SIGNATURE";', ""]],
  },
  {
    without: "the signature of the proposing platform, in a log",
    lie: "their mouth",
    changes: [
      [seal, "signatures.proposal !== null ? !isProposedByItsPlatform(signed) : !isLeadersOwn(event)", "false"],
    ],
  },
  {
    without: "the signature of the proposing platform, where it asks",
    lie: "forged",
    changes: [[`${federation}/receive.ts`, '|| !verifySignature(proposal.key, "proposal", id, signature)', ""]],
  },
  {
    without: "whose key signed a proposal, in a log",
    lie: "their name",
    changes: [
      [
        `${federation}/vouching.ts`,
        'if (others !== "valid" && others !== "later") return { count, why: "UNKNOWN_KEY" };',
        "",
      ],
    ],
  },
  {
    without: "whose key signed a proposal, where it is asked",
    lie: "strange key",
    changes: [
      [
        `${federation}/receive.ts`,
        `if (verdict !== "valid") return refused("UNKNOWN_KEY", "The proposal's key is not one of its platform's.");`,
        "",
      ],
    ],
  },
  {
    without: "that an entry has one form",
    lie: "twice",
    changes: [[seal, "if (isLeadersOwn(event)) return false;", ""]],
  },
  {
    without: "that a conversation begins once",
    lie: "begun again",
    changes: [
      [
        "src/conversation/decide.ts",
        'if (state.conversation) return reject("INVALID_ACTION", "This conversation is published already.");',
        "",
      ],
    ],
  },
  {
    without: "the words against their commitment, in a log",
    lie: "words",
    changes: [[seal, 'return known.isCommitted ? null : "BAD_COMMITMENT";', "return null;"]],
  },
  {
    without: "the words against their commitment, where they are proposed",
    lie: "words",
    changes: [["src/conversation/accept.ts", "!isCommitted(proposal, body, salt) ||", ""]],
  },
  {
    without: "whose key signed",
    lie: "stolen name",
    changes: [[`${federation}/vouching.ts`, 'if (leaders !== "valid") return', 'if (leaders === "later") return']],
  },
  {
    without: "that the leader leads",
    lie: "usurped",
    changes: [
      // Either is enough: the second is for what must not cost a look-up.
      [follow, "event.leader !== (conversation?.leader ?? event.proposal.platform)", "false"],
      [
        `${federation}/vouching.ts`,
        'if (event.leader !== leader && !isOwn) return { count, why: "WRONG_LEADER" };',
        "",
      ],
    ],
  },
  {
    without: "that times do not run backwards",
    lie: "backwards",
    changes: [[follow, "conversation && event.timestamp < conversation.timestamp", "false"]],
  },
  {
    without: "that an event joins on",
    lie: "other history",
    changes: [[seal, "|| event.parent !== (previous?.hash ?? null)", ""]],
  },
  {
    without: "that an event of a place that has another is another",
    lie: "other history",
    changes: [[follow, "if ((taken?.hash ?? had.hashAt(seq)) === hashesOf(signed).hash) continue;", "continue;"]],
  },
  {
    without: "that a lie is proved, and ends the conversation",
    lie: "other history",
    changes: [[`${federation}/ingest.ts`, "if (!proof) return;", "return;"]],
  },
  {
    without: "that nobody's lie is another's",
    lie: "usurped",
    changes: [
      [
        `${federation}/proof-of-lie.ts`,
        "own.event.leader === event.event.leader && isSignedByItsLeader(event)",
        "true",
      ],
    ],
  },
  {
    without: "that what proves a lie is signed",
    lie: "forged",
    changes: [
      [follow, 'isSignedByItsLeader(signed) ? "FORKED" : "BAD_SIGNATURE"', '"FORKED"'],
      [`${federation}/proof-of-lie.ts`, " && isSignedByItsLeader(event)", ""],
    ],
  },
  {
    without: "that heads are compared",
    lie: "other history",
    changes: [[`${federation}/receive.ts`, "if (own?.hash !== hash) {", "if (own === undefined) {"]],
  },
  {
    without: "that heads go with receipts",
    lie: "withheld",
    changes: [
      [`${federation}/tell-others.ts`, "heads.push({ conversation, seq: head.seq, hash: head.head });", "void 0;"],
    ],
  },
  {
    without: "that a proposal is made an event once, where one follows",
    lie: "again",
    changes: [
      [follow, 'if (before !== undefined) return ended(seq, "DONE_ALREADY");', ""],
      [follow, 'if (isMade(state, id)) return { fault: "DONE_ALREADY" };', ""],
    ],
  },
  {
    without: "that a proposal is made an event once, where one leads",
    changes: [
      [memoryStore, "ids.length > 0 && known.length === ids.length", "false"],
      [memoryStore, 'request.proposals.filter((_, index) => !kept.seqs.has(ids[index] ?? ""))', "request.proposals"],
    ],
  },
  {
    without: "that what waits under a name is what is asked for again",
    changes: [[memoryStore, "if (waiting && clientKey !== undefined)", "if (false)"]],
  },
  {
    without: "that events that are had are passed over",
    changes: [
      [
        follow,
        "if ((taken?.hash ?? had.hashAt(seq)) === hashesOf(signed).hash) continue;",
        'if ((taken?.hash ?? had.hashAt(seq)) === hashesOf(signed).hash) return ended(seq, "BROKEN_CHAIN");',
      ],
    ],
  },
  {
    without: "that a gap is noticed",
    changes: [
      [follow, 'if (seq > head + 1) return ended(seq, "GAP");', "if (seq > head + 1) continue;"],
      [`${federation}/vouching.ts`, 'if (event.seq > seq + 1) return { count, why: "GAP" };', ""],
    ],
  },
  {
    without: "that what got lost is sent again",
    changes: [
      [
        `${federation}/deliver.ts`,
        "if (isUnreachable(answer)) return failed(options, to, answer);",
        `if (isUnreachable(answer)) {
          for (const one of tellings) await one.answered(one.entries.map(() => ({ result: "accepted" })));
          continue;
        }`,
      ],
    ],
  },
  {
    without: "that what waits is asked for again",
    changes: [[`${federation}/ask-leader.ts`, "if (!first) return null;", "return null;"]],
  },
  {
    // Among the honest it shows late (seed 207): what is missing is mostly sent again before it is asked for.
    without: "that what is missing is caught up with",
    by: "federation/retries",
    changes: [
      [
        `${federation}/catch-up.ts`,
        "const { ended } = await ingest(conversation, answer.events, { source: from });",
        "const ended = null;",
      ],
    ],
  },
  {
    without: "that what waited is settled by its event",
    changes: [[`${federation}/ingest.ts`, "own.map((one) => hashesOf(one).id),", "[],"]],
  },
  {
    without: "that words that did not come are noticed",
    lie: "no words",
    changes: [[`${federation}/ingest.ts`, "await onWordless?.(conversation, isNewWordless);", "void 0;"]],
  },
  {
    without: "that a leader's clock does not run backwards",
    changes: [["src/conversation/accept.ts", "parent && parent.timestamp > now ? parent.timestamp : now", "now"]],
  },
  {
    without: "that a lock ends with who holds it",
    changes: [
      [
        "src/conversation/roles.ts",
        "return isActive(participant) && mayModifyMessage(participant, message);",
        "return true;",
      ],
    ],
  },
  {
    without: "that who left hears of what is erased",
    changes: [
      [
        `${federation}/receive.ts`,
        "const erased = late ? await options.eraseLate(conversation, late, caller) : null;",
        "const erased = null;",
      ],
    ],
  },
  {
    without: "that who left is told of what is erased",
    changes: [[`${federation}/federation.ts`, "if (erasing.length === 0) return;", "return;"]],
  },
  {
    without: "that missing words are asked for",
    lie: "no words",
    changes: [[`${federation}/catch-up.ts`, "filled += await peers.fillBodies(conversation, answer.events);", ""]],
  },
  ...mutationsByTests,
];
