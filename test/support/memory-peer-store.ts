// What is kept of other platforms, in memory: what the one on PostgreSQL promises, beside the logs of a store in memory.
import { bodyFault } from "../../src/conversation/body.ts";
import { isErased } from "../../src/conversation/erased.ts";
import { mayWait } from "../../src/conversation/may-wait.ts";
import { isActive } from "../../src/conversation/roles.ts";
import { isErasing } from "../../src/federation/erase-late.ts";
import type { PlatformName, SignedEvent, Timestamp } from "../../src/protocol/event.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import { type Entry, isCommitted } from "../../src/protocol/seal.ts";
import type { Place, ReceiptMove } from "../../src/store/conversation-store.ts";
import type { Attempt, Loss, PeerStore } from "../../src/store/peer-store.ts";
import type { Kept, MemoryTables } from "./memory-store.ts";

interface PeerHead {
  readonly platform: PlatformName;
  readonly conversation: Hash;
  owed: number;
  acked: number;
  isOwed: boolean;
  isSure: boolean;
  refusal: string | null;
  /** Grows with each change: who waits longest comes first. */
  changed: number;
}

/** All that is kept beside the logs: data alone. */
export interface PeerTables {
  readonly heads: Map<string, PeerHead>;
  readonly failures: Map<PlatformName, number>;
  readonly attempts: (Attempt & { readonly platform: PlatformName })[];
  readonly owedReceipts: Map<string, ReceiptMove & { readonly platform: PlatformName }>;
  readonly owedErasures: Map<string, Place & { readonly platform: PlatformName }>;
  /** Who is to be told that we lost something, and who has told us all that they have. */
  readonly losses: Map<PlatformName, Loss & { readonly isTold: boolean }>;
  /** What others lost, last, and when they said so. */
  readonly unsettled: Map<PlatformName, { readonly at: Timestamp; readonly since: Timestamp }>;
  readonly proofs: Map<Hash, readonly [SignedEvent, SignedEvent]>;
}

export const newPeerTables = (): PeerTables => ({
  heads: new Map(),
  failures: new Map(),
  attempts: [],
  owedReceipts: new Map(),
  owedErasures: new Map(),
  losses: new Map(),
  unsettled: new Map(),
  proofs: new Map(),
});

const isGone = (kept: Kept, entry: Entry) => kept.erasedLate.has(entry.event.seq) || isErased(kept.state, entry);

const unbounded = 2 ** 31 - 1;

/** @param platform our own name */
export function memoryPeerStore(
  { logs, repeats, outbox, pending }: MemoryTables,
  tables: PeerTables,
  platform: PlatformName,
): PeerStore {
  const { heads, failures, owedReceipts, owedErasures, losses, unsettled, proofs } = tables;
  let changes = Math.max(0, ...[...heads.values()].map(({ changed }) => changed));
  const headKey = (of: PlatformName, conversation: Hash) => `${of} ${conversation}`;
  const receiptKey = (of: PlatformName, { conversation, participant }: ReceiptMove) =>
    `${of} ${conversation} ${participant}`;
  const participants = (kept: Kept) => [...kept.state.participants.values()];
  const reachIn = (kept: Kept, of: PlatformName): number => {
    if (kept.state.conversation?.leader === of) return unbounded;
    const theirs = participants(kept).filter(({ via }) => via === of);
    const led = kept.entries.findLast(({ event }) => event.leader === of)?.event.seq ?? 0;
    return Math.max(led, ...theirs.map(({ removedSeq }) => removedSeq ?? unbounded));
  };
  const platformsOf = (kept: Kept): readonly PlatformName[] => {
    const active = participants(kept).filter(isActive);
    const all = new Set([...active.map(({ via }) => via), kept.state.conversation?.leader ?? platform]);
    return [...all].filter((name) => name !== platform).sort();
  };

  const isIn = (kept: Kept, of: PlatformName) => participants(kept).some((one) => one.via === of && isActive(one));
  const everIn = (kept: Kept): readonly PlatformName[] => {
    const all = new Set([...participants(kept).map(({ via }) => via), kept.state.conversation?.leader ?? platform]);
    return [...all].filter((name) => name !== platform);
  };
  const waitingIn = (conversation: Hash) =>
    [...pending.values()].filter(
      (one) => one.conversation === conversation && one.rejection === null && mayWait(one.proposal.proposal),
    );
  const toldAnew = (names: readonly PlatformName[], { at, askAt, waitUntil }: Loss) => {
    for (const name of names) {
      losses.set(name, { at, askAt, waitUntil, isTold: false });
      if (failures.has(name)) failures.set(name, 0);
    }
  };
  const untold = () => [...losses].filter(([, { isTold }]) => !isTold).map(([name]) => name);
  const headOf = (of: PlatformName, conversation: Hash): PeerHead => {
    const isSure = logs.get(conversation)?.state.conversation?.leaderLatest === null;
    const head = heads.get(headKey(of, conversation)) ?? {
      ...{ platform: of, conversation, owed: 0, acked: 0, isOwed: false, isSure, refusal: null, changed: ++changes },
    };
    heads.set(headKey(of, conversation), head);
    return head;
  };
  /** Returns the platforms to which it is owed. */
  const oweErasure = (kept: Kept, { conversation, seq }: Place): readonly PlatformName[] => {
    const event = kept.entries[seq - 1]?.event;
    const made = kept.seqs.get(event?.proposal.item ?? "");
    if (!event || !isErasing(event.proposal) || made === undefined || event.leader !== platform) return [];
    const gone = everIn(kept).filter((name) => reachIn(kept, name) >= made && reachIn(kept, name) < seq);
    for (const name of gone) owedErasures.set(`${name} ${conversation} ${seq}`, { platform: name, conversation, seq });
    return gone;
  };

  return {
    owe: async (places) => {
      const owed = new Set<PlatformName>();
      for (const { conversation, first, seq } of places) {
        const kept = logs.get(conversation);
        // What gave the lead away was still sequenced here.
        const isOurs =
          kept?.state.conversation?.leader === platform ||
          kept?.entries.slice(first - 1, seq).some(({ event }) => event.leader === platform);
        if (!kept || !isOurs) continue;
        for (const { via, removedSeq } of participants(kept)) {
          if (via === platform || (removedSeq !== null && removedSeq < first)) continue;
          owed.add(via);
          const head = headOf(via, conversation);
          head.owed = Math.max(head.owed, removedSeq ?? seq);
          if (!head.isOwed) head.changed = ++changes;
          head.isOwed = head.refusal === null && (head.acked < head.owed || !head.isSure);
        }
      }
      return [...owed].map((name) => ({ platform: name, isAnswering: (failures.get(name) ?? 0) === 0 }));
    },
    oweErasures: async (places) => {
      const owed = places.flatMap((place) => {
        const kept = logs.get(place.conversation);
        return kept ? oweErasure(kept, place) : [];
      });
      return [...new Set(owed)];
    },
    erasuresFor: async (to, limit) =>
      [...owedErasures.values()]
        .filter((erasure) => erasure.platform === to)
        .slice(0, limit)
        .map(({ conversation, seq }) => ({ conversation, seq })),
    erasuresTried: async (to, places) => {
      for (const { conversation, seq } of places) {
        const key = `${to} ${conversation} ${seq}`;
        const owed = owedErasures.get(key);
        // The last of a map is what was put there last.
        if (owedErasures.delete(key) && owed) owedErasures.set(key, owed);
      }
    },
    erasuresTold: async (to, places) => {
      for (const { conversation, seq } of places) owedErasures.delete(`${to} ${conversation} ${seq}`);
    },
    debts: async (to, limit) =>
      [...heads.values()]
        .filter((head) => head.platform === to && head.isOwed)
        .sort((a, b) => a.changed - b.changed)
        .slice(0, limit)
        .map(({ conversation, acked, owed, isSure }) => {
          const kept = logs.get(conversation);
          const theirs = kept ? participants(kept).filter(({ via, isErased }) => via === to && !isErased) : [];
          const lead = kept?.seqs.get(kept.state.conversation?.leaderLatest ?? "") ?? [];
          const shown = [...theirs.map(({ seq }) => seq).slice(0, 1), lead].flat();
          const introduction = shown.filter((seq) => seq <= owed).sort((a, b) => a - b);
          return { conversation, after: acked, upTo: owed, isSure, introduction: acked === 0 ? introduction : [] };
        }),
    passedOver: async (to, conversations) => {
      for (const conversation of conversations) {
        const head = heads.get(headKey(to, conversation));
        if (head?.isOwed) head.changed = ++changes;
      }
    },
    neighbours: async () => [
      ...new Set(
        [
          ...[...heads.values()].map((head) => head.platform),
          ...[...logs.values()].map((kept) => kept.state.conversation?.leader ?? platform),
          ...[...logs.values()].filter((kept) => isIn(kept, platform)).flatMap(platformsOf),
        ].filter((name) => name !== platform),
      ),
    ],
    headsToCompare: async (to, leaders, after, limit) =>
      [...logs]
        .flatMap(([conversation, kept]) => {
          const head = kept.state.conversation;
          const isTold = head && !head.isFrozen && leaders.includes(head.leader) && conversation > after;
          return isTold && isIn(kept, platform) && isIn(kept, to)
            ? [{ conversation, seq: head.seq, hash: head.head }]
            : [];
        })
        .sort((one, other) => (one.conversation < other.conversation ? -1 : 1))
        .slice(0, limit),
    destinationsOwed: async () => [
      ...new Set([
        ...[...heads.values()].filter(({ isOwed }) => isOwed).map((head) => head.platform),
        ...[...owedReceipts.values(), ...owedErasures.values()].map((owed) => owed.platform),
        ...untold(),
      ]),
    ],
    acknowledged: async (by, places) => {
      for (const { conversation, seq } of places) {
        const head = heads.get(headKey(by, conversation));
        if (head)
          Object.assign(head, {
            ...{ acked: seq, isOwed: seq < head.owed, isSure: true, refusal: null, changed: ++changes },
          });
      }
    },
    refused: async (by, { conversation, seq }, code) => {
      const head = heads.get(headKey(by, conversation));
      if (head)
        Object.assign(head, {
          ...{ acked: seq - 1, isOwed: false, isSure: true, refusal: code, changed: ++changes },
        });
    },
    remind: async (to) => {
      if (failures.has(to)) failures.set(to, 0);
      for (const head of heads.values()) {
        if (head.platform !== to || head.isOwed || head.acked >= head.owed) continue;
        Object.assign(head, { isOwed: true, refusal: null, changed: ++changes });
      }
    },

    attempted: async (to, attempt, isAnswering) => {
      tables.attempts.push({ platform: to, ...attempt });
      failures.set(to, isAnswering ? 0 : (failures.get(to) ?? 0) + 1);
    },
    failures: async (of) => failures.get(of) ?? 0,

    head: async (conversation) => logs.get(conversation)?.state.conversation ?? null,
    reachOf: async (of, conversation) => {
      const kept = logs.get(conversation);
      return kept ? reachIn(kept, of) : 0;
    },
    standing: async (of, conversation) => {
      const kept = logs.get(conversation);
      const head = kept?.state.conversation;
      return kept && head ? { head, reach: reachIn(kept, of) } : null;
    },
    viasOf: async (conversation, asked) => {
      const kept = logs.get(conversation);
      const found = (kept ? participants(kept) : []).filter(({ id }) => asked.includes(id));
      return new Map(found.map(({ id, via }) => [id, via]));
    },
    platformsIn: async (conversation) => {
      const kept = logs.get(conversation);
      return kept ? platformsOf(kept) : [];
    },

    doubt: async (loss, found) => {
      const known = [...new Set([...logs.values()].flatMap(everIn))];
      if (known.length === 0) return [];
      // Our own row keeps when we lost something last.
      const before = losses.get(platform);
      const isNew = !found || !before || before.at <= found.sequencedAt;
      const kept = found && logs.get(found.conversation);
      const here = kept ? everIn(kept) : [];
      for (const [conversation, one] of logs) if (isNew || conversation === found.conversation) one.isInDoubt = true;
      const isTold = !isNew && untold().length > 0;
      const told = isTold ? [] : isNew || here.length === 0 ? known : here;
      toldAnew(told, loss);
      if (isNew) losses.set(platform, { ...loss, isTold: true });
      return told;
    },
    lossFor: async (of, now) => {
      const loss = losses.get(of);
      if (!loss || loss.isTold || loss.askAt > now) return null;
      return { at: loss.at, askAt: loss.askAt, waitUntil: loss.waitUntil };
    },
    lossTold: async (by) => {
      const loss = losses.get(by);
      if (loss) losses.set(by, { ...loss, isTold: true });
    },
    endDoubts: async (now) => {
      const others = [...losses].filter(([name]) => name !== platform).map(([, loss]) => loss);
      const [loss] = others.sort((a, b) => (a.at < b.at ? 1 : -1));
      if (!loss) return [];
      const doubtful = [...logs.values()].filter(({ isInDoubt }) => isInDoubt);
      const besides = [...new Set(doubtful.flatMap(platformsOf))].filter((name) => !losses.has(name));
      toldAnew(besides, loss);
      const waited = untold();
      for (const kept of doubtful)
        kept.isInDoubt = waited.some(
          (name) => (losses.get(name)?.waitUntil ?? "") > now || platformsOf(kept).includes(name),
        );
      for (const name of waited.length === 0 ? [...losses.keys()] : []) if (name !== platform) losses.delete(name);
      return besides;
    },
    unsettle: async (by, at, now) => {
      const last = unsettled.get(by);
      if (last && last.at >= at) return true;
      if (last && Date.parse(now) < Date.parse(last.since) + 60_000) return false;
      unsettled.set(by, { at, since: now });
      for (const [conversation, kept] of logs) {
        const reach = Math.min(reachIn(kept, by), kept.entries.length);
        if (reach === 0) continue;
        const head = headOf(by, conversation);
        Object.assign(head, { owed: Math.max(head.owed, reach), isOwed: true, isSure: false, refusal: null });
        for (const { event } of kept.entries.slice(reach)) oweErasure(kept, { conversation, seq: event.seq });
      }
      return true;
    },
    isUnsettled: async (by) =>
      [...heads.values()].some(({ platform: of, conversation, isSure, isOwed }) => {
        const leader = logs.get(conversation)?.state.conversation?.leader;
        return of === by && isOwed && (!isSure || leader !== platform);
      }),

    keepPending: async (given) => {
      const same = [...pending.values()].find(
        ({ id, accountId, clientId }) =>
          id === given.id || (clientId !== null && accountId === given.accountId && clientId === given.clientId),
      );
      if (same) return same;
      const kept = { ...given, rejection: null };
      pending.set(kept.id, kept);
      return kept;
    },
    pendingIn: async (conversation, limit) => waitingIn(conversation).slice(0, limit),
    firstPending: async (conversation) => waitingIn(conversation)[0] ?? null,
    conversationsPending: async () => {
      const all = [...pending.values()].filter(({ rejection }) => rejection === null);
      return [...new Set(all.map(({ conversation }) => conversation))].map((conversation) => ({
        conversation,
        leader: logs.get(conversation)?.state.conversation?.leader ?? platform,
      }));
    },
    pendingWith: async (leader, until) => {
      const all = [...pending.values()].filter(({ rejection, createdAt }) => rejection === null && createdAt <= until);
      return [...new Set(all.map(({ conversation }) => conversation))].filter(
        (conversation) => (logs.get(conversation)?.state.conversation?.leader ?? platform) === leader,
      );
    },
    settled: async (conversation, ids) => {
      for (const id of ids) {
        const [one, seq] = [pending.get(id), logs.get(conversation)?.seqs.get(id)];
        if (!one || seq === undefined) continue;
        pending.delete(id);
        const name = `${one.accountId} ${one.clientId}`;
        if (one.clientId !== null && !repeats.has(name)) repeats.set(name, { conversation, repeatOf: seq });
      }
    },
    failed: async (id, rejection) => {
      const one = pending.get(id);
      if (one) pending.set(id, { ...one, rejection });
    },
    dropPending: async (id) => void pending.delete(id),

    moveForeignReceipts: async (by, receipts) => {
      const moved: ReceiptMove[] = [];
      for (const { conversation, participant, seq } of receipts) {
        const kept = logs.get(conversation);
        const whose = kept?.state.participants.get(participant);
        if (!kept || whose?.via !== by || !isActive(whose) || kept.accounts.get(participant)) continue;
        const reached = Math.min(seq, kept.state.conversation?.seq ?? 0);
        if (reached <= (kept.receipts.get(participant) ?? 0)) continue;
        kept.receipts.set(participant, reached);
        moved.push({ conversation, participant, seq: reached });
      }
      return moved;
    },
    oweReceipt: async (receipt) => {
      const kept = logs.get(receipt.conversation);
      if (!kept?.accounts.get(receipt.participant)) return [];
      const active = participants(kept).filter((one) => isActive(one) && one.via !== platform);
      const told = [...new Set(active.map(({ via }) => via))];
      for (const to of told) {
        const key = receiptKey(to, receipt);
        const seq = Math.max(receipt.seq, owedReceipts.get(key)?.seq ?? 0);
        owedReceipts.set(key, { ...receipt, platform: to, seq });
      }
      return told;
    },
    receiptsFor: async (to, limit) =>
      [...owedReceipts.values()]
        .filter((receipt) => receipt.platform === to)
        .slice(0, limit)
        .map(({ conversation, participant, seq }) => ({ conversation, participant, seq })),
    receiptsTold: async (to, receipts) => {
      for (const receipt of receipts) {
        const key = receiptKey(to, receipt);
        if ((owedReceipts.get(key)?.seq ?? unbounded) <= receipt.seq) owedReceipts.delete(key);
      }
    },

    freeze: async (conversation, proof) => {
      const kept = logs.get(conversation);
      if (!proofs.has(conversation)) proofs.set(conversation, proof);
      if (kept?.state.conversation) kept.state.conversation = { ...kept.state.conversation, isFrozen: true };
    },

    owedBodies: async (conversation, limit) => {
      const kept = logs.get(conversation);
      const owed = (kept?.entries ?? []).filter(
        (entry) => entry.event.proposal.ref !== null && entry.body === null && kept && !isGone(kept, entry),
      );
      return owed.slice(0, limit).map(({ event }) => ({ seq: event.seq, platform: event.proposal.platform }));
    },
    eraseLate: async (conversation, seqs) => {
      const kept = logs.get(conversation);
      for (const seq of seqs) {
        const entry = kept?.entries[seq - 1];
        if (!kept || !entry) continue;
        kept.erasedLate.add(seq);
        kept.entries[seq - 1] = { ...entry, body: null, salt: null };
      }
    },
    fillBodies: async (conversation, entries) => {
      const kept = logs.get(conversation);
      let filled = 0;
      for (const { event, body, salt } of entries) {
        const own = kept?.entries[event.seq - 1];
        if (!kept || !own || own.body !== null || body === null || salt === null || isGone(kept, own)) continue;
        const { proposal } = own.event;
        if (!isCommitted(proposal, body, salt) || bodyFault(proposal.model, body) !== null) continue;
        kept.entries[event.seq - 1] = { ...own, body, salt };
        const place: Place = { conversation, seq: event.seq };
        outbox.set(`${conversation} ${event.seq}`, { ...place, committedAt: 0 });
        if ("address" in body) kept.words.addresses.set(own.id, body.address);
        else if ("name" in body && proposal.model === "label") kept.words.labels.set(own.id, body.name);
        filled++;
      }
      return filled;
    },
  };
}
