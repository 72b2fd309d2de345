// Tries of section 8: conversations that the platform has not heard of. None of them is of its people, but for the last, which
// the tries after it share.
import { sha256 } from "../../protocol/hash.ts";
import { eventHash, proposalId } from "../../protocol/seal.ts";
import { adding, begun, PlayedLog, saying } from "../played-log.ts";
import { resultWord, type Stage } from "../stage.ts";
import { type Try, tryOf } from "../try.ts";

/** The results in words, each once. */
const hand = async (stage: Stage, events: readonly unknown[]) => {
  const results = await stage.hand(...events.map((event) => ({ event })));
  return [...new Set(results.map(resultWord))].join(", ");
};

export const firstContactTries: readonly Try[] = [
  tryOf("M54", "a conversation that adds nobody of theirs", "rejected RECIPIENT_UNKNOWN", (stage) => {
    const log = begun(stage.signer, stage.own, "Parley conformance: not for anybody");
    return hand(stage, log.entries);
  }),
  tryOf("M54", "a conversation for an address that nobody has", "rejected RECIPIENT_UNKNOWN", (stage) => {
    const log = begun(stage.signer, stage.own, "Parley conformance: for nobody");
    log.does(stage.signer, log.head.id, adding(stage.nobody(), { role: "READER", via: stage.tested.name }));
    return hand(stage, log.entries);
  }),
  tryOf("M54", "a conversation for what is no address", "rejected RECIPIENT_UNKNOWN", (stage) => {
    const log = begun(stage.signer, stage.own, "Parley conformance: for nobody");
    const address = stage.nobody().replace("@", "\0@");
    const added = log.proposal(
      stage.signer,
      log.head.id,
      adding(stage.nobody(), { role: "READER", via: stage.tested.name }),
    );
    const event = log.sequenced(stage.signer, added);
    return hand(stage, [...log.entries, { ...event, body: { address, name: null } }]);
  }),
  tryOf("M54", "a conversation of another leader, which we are in", "rejected WRONG_LEADER", (stage) => {
    const leader = { ...stage.signer, platform: `leader.${stage.signer.platform}` };
    const log = begun(leader, `conformance@${leader.platform}`, "Parley conformance: of another leader");
    log.does(leader, log.head.id, adding(stage.own, { role: "READER", via: stage.signer.platform }));
    log.does(leader, log.head.id, adding(stage.address ?? stage.nobody(), { role: "READER", via: stage.tested.name }));
    return hand(stage, log.entries);
  }),
  tryOf("M54", "a conversation from its second event on", "gap 0", (stage) => {
    const log = stage.begin("from the second event on");
    return hand(stage, log.entries.slice(1));
  }),
  tryOf("M55", "a conversation of 103 events", "rejected TOO_LARGE", (stage) => {
    const log = stage.begin("many events");
    while (log.head.seq < 103) log.does(stage.signer, log.head.id, saying("."));
    return hand(stage, log.entries);
  }),
  tryOf("M55", "a conversation of 300,000 characters", "rejected TOO_LARGE", (stage) => {
    const log = stage.begin("many words");
    for (const _ of [1, 2]) log.does(stage.signer, log.head.id, saying("x".repeat(150_000)));
    return hand(stage, log.entries);
  }),
  tryOf(
    "M51",
    "a conversation of version 2",
    ["rejected INVALID_ACTION", "rejected INVALID_ACTION, later"],
    (stage) => {
      const { signer, tested } = stage;
      const log = new PlayedLog();
      const value = { role: "ADMIN", via: signer.platform, mail: false, imported: false } as const;
      const body = { address: stage.own, name: null, slug: "", continues: null };
      const publish = { action: "publish", model: "conversation", value, body } as const;
      const first = log.sequenced(signer, log.proposal(signer, null, publish, { v: 2 }));
      const conversation = proposalId(first.event.proposal);
      const added = adding(stage.address ?? stage.nobody(), { role: "READER", via: tested.name });
      const second = log.proposal(signer, conversation, added, { v: 2, conversation });
      return hand(stage, [first, log.sequenced(signer, second, { seq: 2, parent: eventHash(first.event) })]);
    },
  ),
  tryOf("M54", "a conversation that adds the address", "accepted", (stage) => {
    const log = stage.begin("the tries share this conversation");
    log.does(
      stage.signer,
      log.head.id,
      adding(`reader@${stage.signer.platform}`, { role: "READER", via: stage.signer.platform }),
    );
    stage.share(log);
    return hand(stage, log.entries);
  }),
  tryOf("M52", "the same conversation again", "duplicate", (stage) => hand(stage, stage.main().entries)),
  tryOf("M57", "whether anybody has the address, and another", "accepted, rejected RECIPIENT_UNKNOWN", (stage) => {
    const conversation = stage.main().head.id;
    const asking = (address: string) => ({ recipient: { conversation, address } });
    return stage.results(asking(stage.address ?? stage.nobody()), asking(stage.nobody()));
  }),
  tryOf("M57", "whether anybody has the address, for a conversation that there is not", "rejected NOT_FOUND", (stage) =>
    stage.results({ recipient: { conversation: sha256("none"), address: stage.address ?? stage.nobody() } }),
  ),
];
