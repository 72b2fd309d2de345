// The protocol's own vectors: what every version of this code, and any other code, has to read and write alike.
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { followAll } from "../../src/conversation/follow.ts";
import { canonicalJson } from "../../src/protocol/canonical-json.ts";
import { eventHash, isCommitted, proposalId, sealFault } from "../../src/protocol/seal.ts";
import { signingKey } from "../../src/protocol/signature.ts";
import { signedEventSchema } from "../../src/protocol/wire.ts";
import { readVectors } from "./read-vectors.ts";

const { seeds, log, refused } = readVectors(
  "parley-1.json",
  z.object({
    about: z.string(),
    seeds: z.record(z.string(), z.string()),
    log: z.array(
      z.object({ id: z.string(), hash: z.string(), canonicalProposal: z.string(), entry: signedEventSchema }),
    ),
    refused: z.array(
      z.object({
        why: z.string(),
        after: z.object({ seq: z.int(), hash: z.string() }).nullable(),
        fault: z.enum(["BROKEN_CHAIN", "BAD_SIGNATURE", "BAD_COMMITMENT"]),
        entry: signedEventSchema,
      }),
    ),
  }),
);

describe("A log of version 1", () => {
  test.each(log.map((vector) => [vector.entry.event.seq, vector] as const))(
    "seq %i: canonical form, id and hash",
    (_, { id, hash, canonicalProposal, entry }) => {
      expect(canonicalJson(entry.event.proposal)).toBe(canonicalProposal);
      expect(proposalId(entry.event.proposal)).toBe(id);
      expect(eventHash(entry.event)).toBe(hash);
      expect(isCommitted(entry.event.proposal, entry.body, entry.salt)).toBe(true);
    },
  );

  test.each(log.map((vector) => [vector.entry.event.seq, vector] as const))(
    "seq %i: the signatures, made again from the seeds",
    (_, { id, hash, entry }) => {
      const keyOf = (platform: string) => signingKey(Buffer.from(seeds[platform] ?? "", "base64url"));
      const { event, signatures } = entry;
      expect(keyOf(event.leader)).toMatchObject({ key: event.key });
      expect(keyOf(event.leader).sign("event", hash)).toBe(signatures.event);
      const isOwn = event.leader === event.proposal.platform;
      expect(isOwn ? null : keyOf(event.proposal.platform).sign("proposal", id)).toBe(signatures.proposal);
    },
  );

  test("holds from first to last, by chain, signatures and rules", () => {
    const entries = log.map(({ entry }) => entry);
    const last = entries.at(-1)?.event;
    const result = followAll(entries, last?.timestamp ?? "");
    expect(result).toMatchObject({
      state: { conversation: { seq: entries.length, head: log.at(-1)?.hash, leader: "b.example" } },
    });
  });
});

describe("An entry that does not hold", () => {
  test.each(refused)("$fault: $why", ({ after, fault, entry }) => expect(sealFault(entry, after)).toBe(fault));
});
