// Checks that the simulation does not come to, each with the test that fails without it: of what its people do not do (mail, archives,
// a thousand participants), of what only who accepts judges, of what nobody sees at the end (who is told how much, what is looked up),
// and of the store on PostgreSQL, in whose place it has one in memory.
import type { Mutation } from "./mutation.ts";

const decide = "src/conversation/decide.ts";
const accept = "src/conversation/accept.ts";
const follow = "src/conversation/follow.ts";
const seal = "src/protocol/seal.ts";
const federation = "src/federation";
const ingest = `${federation}/ingest.ts`;
const receive = `${federation}/receive.ts`;
const store = "src/store";
const askLeader = `${federation}/ask-leader.ts`;
const catchUp = `${federation}/catch-up.ts`;
const ingestTest = "federation/ingest";
const retriesTest = "federation/retries";
const receiveTest = "federation/receive";

/** `by`: the test, in test/. */
type Tested = readonly [without: string, by: string, file: string, from: string, to: string];

const removedDone = 'if (isRemoved(state, message)) return "done";\n    ';
const releasedDone = 'if (lock === null || isRemoved(state, message)) return "done";\n    ';
const orLocked = 'return isOthers && !isAdmin(actor) ? reject("LOCKED") : following(question);';
const following = "return following(question);";

const ofRules: readonly Tested[] = [
  [
    "that proposals are not kept for later",
    "conversation/time",
    decide,
    'if (!isTimely(proposal.sentAt, at)) return reject("INVALID_TIME");',
    "",
  ],
  ["that a locked message stays", "conversation/locks", decide, removedDone + orLocked, removedDone + following],
  ["that a lock is its holder's", "conversation/locks", decide, releasedDone + orLocked, releasedDone + following],
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

const ofFederation: readonly Tested[] = [
  [
    "that an answer is of what was asked",
    "federation/refusals",
    askLeader,
    "if (!event || proposalId(event.event.proposal) !== id) return null;",
    "if (!event) return null;",
  ],
  ["that we are told what we lost", ingestTest, ingest, "before?.isFrozen ? null : lostOf(before, vouched)", "null"],
  [
    "that nothing is lost of what is frozen",
    ingestTest,
    ingest,
    "before?.isFrozen ? null : lostOf(before, vouched)",
    "lostOf(before, vouched)",
  ],
  [
    "that what came by another way meanwhile is no lie",
    ingestTest,
    ingest,
    "one.event.seq === seq && hashesOf(one).hash !== own?.hash",
    "one.event.seq === seq",
  ],
  [
    "that what we lost is signed by us",
    ingestTest,
    ingest,
    " && isSignedByItsLeader(last) ? last.event",
    " ? last.event",
  ],
  [
    "that who is added by words against their rules is not looked up",
    ingestTest,
    ingest,
    " || bodyFault(proposal.model, body)) return [];",
    ") return [];",
  ],
  ["that only who joins on is looked up", ingestTest, ingest, "if (event.seq !== last + 1) return [];", ""],
  [
    "that who is in no log speaks for nobody",
    ingestTest,
    ingest,
    "if (isAgainstTheRules && next && next.event.seq === (head?.seq ?? 0) + 1)",
    "if (false)",
  ],
  [
    "that names that were made up are not looked for",
    ingestTest,
    `${federation}/vouching.ts`,
    "if (via !== proposal.platform) continue;",
    "",
  ],
  [
    "that what waits is asked of the new leader at once",
    retriesTest,
    ingest,
    "await onLeader?.(conversation, head.leader);",
    "void 0;",
  ],
  [
    "that what waits goes in requests that are taken",
    retriesTest,
    askLeader,
    "return size > askedCharactersMax;",
    "return false;",
  ],
  [
    "that a platform proposes for its own people",
    receiveTest,
    receive,
    'if (proposal.platform !== caller) return refused("WRONG_PLATFORM", "A platform proposes for its own people.");',
    "",
  ],
  [
    "who speaks for an address that is added",
    receiveTest,
    receive,
    'if (reached !== "unknown" && (mail || reached.platform !== via))',
    "if (false)",
  ],
  [
    "that who left hears nothing of later events",
    receiveTest,
    receive,
    "if (isGone && ended.at > reach)",
    "if (false)",
  ],
  ["that who was never in it hears nothing", receiveTest, receive, "if (!isShown) return run.map(() => notFound);", ""],
  ["that who left is not asked for its log", receiveTest, receive, "if (ended && !isGone && [", "if (ended && ["],
  [
    "that who left is not asked for more",
    receiveTest,
    receive,
    "if (upTo === head.seq) await onBehind(conversation, caller);",
    "await onBehind(conversation, caller);",
  ],
  [
    "that losses are looked at once a minute",
    receiveTest,
    receive,
    "if (!(await peers.unsettle(caller, at, now()))) return later;",
    "await peers.unsettle(caller, at, now());",
  ],
  [
    "that who leads another history is held against ours",
    retriesTest,
    catchUp,
    "const held = await pull(conversation, from, heldUpTo ?? 0, isOver);",
    'const held = "refused" as const;',
  ],
  ["that catching up has a turn", retriesTest, catchUp, "(next !== null || !isOver())", "true"],
  ["that words are asked of who has some", retriesTest, catchUp, "if (isOver()) return filled > 0;", ""],
  ["that words are asked of the next", retriesTest, catchUp, " && !asked.includes(one)", ""],
  [
    "that what an answer joins on to is caught up with",
    retriesTest,
    askLeader,
    'if (ingested.ended?.why !== "GAP") return ingested;',
    "return ingested;",
  ],
  [
    "that asking a leader has a turn",
    retriesTest,
    askLeader,
    "isOver() ? null : await settle(one, leader, answer[index])",
    "await settle(one, leader, answer[index])",
  ],
  [
    "that a leader asks whether anybody has an address, for its own people",
    "federation/ask-recipient",
    `${federation}/ask-recipient.ts`,
    'result?.result === "rejected" && result.code === "RECIPIENT_UNKNOWN"',
    "result === null",
  ],
  [
    "that a leader asks whether anybody has an address, for others",
    receiveTest,
    receive,
    "via !== caller && (await isNobodys(conversation, address, via, caller))",
    "false",
  ],
  [
    "that nobody is asked about for who may not add them",
    "federation/ask-recipient",
    `${federation}/ask-recipient.ts`,
    "isAsked && (await",
    "(await",
  ],
  [
    "that addresses are told to who is in the conversation alone",
    receiveTest,
    receive,
    "if (!(await peers.platformsIn(conversation)).includes(caller)) return notFound;",
    "",
  ],
  ["that who was asked already is not asked once more", retriesTest, askLeader, " && !askedOf.has(leader)", ""],
  [
    "that two who name each other as leaders do not ask for ever",
    retriesTest,
    `${federation}/federation.ts`,
    "if (askedAsHeard.get(conversation)) continue;",
    "",
  ],
  [
    "that followers are asked where the leader is silent",
    "federation/greet",
    `${federation}/greet.ts`,
    "if (silent.length > 0)",
    "if (false)",
  ],
  ["that who does not lead rejects nothing", retriesTest, askLeader, 'if (named === "WRONG_LEADER") return null;', ""],
];

const ofStore: readonly Tested[] = [
  [
    "that nothing is written in what is frozen",
    "store/head-memory",
    `${store}/write.ts`,
    " AND c.frozen_at IS NULL",
    "",
  ],
  [
    "the words that come later against their commitment",
    "store/postgres-peer-store",
    `${store}/owed-bodies.ts`,
    "return isCommitted(proposal, body, salt) && bodyFault",
    "return bodyFault",
  ],
  [
    "what waits under a name, where it is asked for again",
    "store/postgres-peer-store",
    `${store}/decide-batch.ts`,
    "if (kept) return { conversation, leader, proposal: kept };",
    "",
  ],
  [
    "that nothing is decided in doubt",
    "store/postgres-peer-store",
    `${store}/decide-batch.ts`,
    "if (leader !== platform || isInDoubt) {",
    "if (leader !== platform) {",
  ],
  [
    "that who never took part does nothing",
    "store/postgres-store",
    `${store}/decide-batch.ts`,
    'if (actor === undefined) return { rejection: reject("NOT_FOUND", "There is no such conversation.") };',
    "",
  ],
  [
    "that a request is answered once",
    "store/postgres-store",
    `${store}/repeats.ts`,
    "(request.client && places.get(clientKey(request.client))) ??",
    "",
  ],
  [
    "that nobody has read beyond the head",
    "store/postgres-peer-store",
    `${store}/foreign-receipts.ts`,
    "least(k.seq, c.seq)::int AS seq",
    "k.seq::int AS seq",
  ],
  [
    "that a head is as it was decided on",
    "races/append",
    `${store}/write.ts`,
    "WHERE c.head = (SELECT parent FROM head WHERE head.id = excluded.id) AND c.frozen_at IS NULL",
    "WHERE c.frozen_at IS NULL",
  ],
  [
    "that nothing is written in doubt",
    "store/postgres-peer-store",
    `${store}/write.ts`,
    "\n      AND NOT (c.in_doubt AND (SELECT is_sequenced FROM head WHERE head.id = excluded.id))",
    "",
  ],
  [
    "that doubt outlasts what others sequence",
    "store/postgres-peer-store",
    `${store}/write.ts`,
    "in_doubt = c.in_doubt OR excluded.in_doubt",
    "in_doubt = excluded.in_doubt",
  ],
  [
    "that what repeats another waits for it",
    "store/postgres-store",
    `${store}/append.ts`,
    "for (const key of keys) held.add(key);",
    "",
  ],
  [
    "that nobody overtakes who was left behind",
    "store/postgres-store",
    `${store}/append.ts`,
    "if (!goes) held.add(conversation);",
    "",
  ],
  [
    "that what takes more than who does it is read",
    "store/head-memory",
    `${store}/head-memory.ts`,
    'wanted.some((one) => needsMoreThan(one, ["conversation", "actor"]))',
    "false",
  ],
  [
    "that nobody is remembered of another log",
    "store/head-memory",
    `${store}/head-memory.ts`,
    "known && known.head.head === entries[0]?.event.parent ?",
    "known ?",
  ],
  [
    "that nobody is remembered where people came or went",
    "store/head-memory",
    `${store}/head-memory.ts`,
    " || changes.some(({ participants }) => participants)",
    "",
  ],
  [
    "that a draft is as it was read",
    "races/append",
    `${store}/write.ts`,
    "AND (d.version IS NULL OR draft.version = d.version)",
    "",
  ],
  [
    "that a discarded draft is not published",
    "races/append",
    `${store}/write.ts`,
    '"AND (draft_hash IS NULL OR draft_hash NOT IN (SELECT hash FROM draft_kept))"',
    '""',
  ],
  [
    "that a conversation is out once",
    "races/append",
    `${store}/append.ts`,
    "const isFree = [conversation, ...keys].every((key) => !out.has(key) && !held.has(key));",
    "const isFree = true;",
  ],
  [
    "what may be tried again after a failure",
    "races/append",
    `${store}/append.ts`,
    "const mayTryAgain = isRefusal(error) && (batch.length > 1 || isWorthRetrying(error));",
    "const mayTryAgain = true;",
  ],
  [
    "that an answer is of what was written",
    "races/append",
    `${store}/decide-batch.ts`,
    "if (!isUnproven || proven.has(conversation)) answer();",
    "if (true) answer();",
  ],
  [
    "that what was not followed is looked at once more",
    "store/follow-race",
    `${store}/decide-batch.ts`,
    "if (taken.stopped && entries.length === 0) stopped.add(conversation);",
    "",
  ],
  [
    "that a platform tells of its own people's receipts",
    "store/postgres-peer-store",
    `${store}/foreign-receipts.ts`,
    "p.via = $1 AND p.status",
    "p.status",
  ],
];

export const mutationsByTests: readonly Mutation[] = [...ofRules, ...ofFederation, ...ofStore].map(
  ([without, by, ...change]) => ({ without, by: `test/${by}.test.ts`, changes: [change] }),
);
