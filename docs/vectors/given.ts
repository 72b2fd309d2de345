// What the vectors are made of: platforms with their keys, people, and logs that the rules make.
import { accept, type Command, proposeOn } from "../../src/conversation/accept.ts";
import { noWords } from "../../src/conversation/body.ts";
import { evolve } from "../../src/conversation/evolve.ts";
import { apply, emptyState } from "../../src/conversation/state.ts";
import type {
  Body,
  MessageBody,
  ParticipantValue,
  Proposal,
  Role,
  SignedEvent,
  SignedProposal,
  Timestamp,
} from "../../src/protocol/event.ts";
import { type Hash, sha256 } from "../../src/protocol/hash.ts";
import { type KeyList, type KeyStatement, keyHash, type ListedKey } from "../../src/protocol/key-list.ts";
import { type Entry, proposalId, type Signer, sequence } from "../../src/protocol/seal.ts";
import { signingKey } from "../../src/protocol/signature.ts";

export const home = "a.example";
export const abroad = "b.example";
export const beginning: Timestamp = "2026-11-21T09:00:00.000Z";
export const minuteMs = 60_000;

export const after = (time: Timestamp, ms: number): Timestamp => new Date(Date.parse(time) + ms).toISOString();
export const seedOf = (name: string): Buffer => Buffer.from(sha256(`key of ${name}`), "base64url");
export const signerOf = (platform: string): Signer => ({ platform, key: signingKey(seedOf(platform)) });
export const some = (text: string): Hash => sha256(text);
export const saltOf = (entry: string): Hash => some(`salt of ${entry}`);
export const taking = (role: Role, other: Partial<ParticipantValue> = {}): ParticipantValue => ({
  ...{ role, via: home, mail: false, imported: false },
  ...other,
});
export const words = (text: string): MessageBody => ({ format: "MARKDOWN", text, mentions: [], mail: null });

/** A log that the rules make, in which things have names. */
export class Log {
  readonly state = emptyState();
  readonly words = noWords();
  readonly entries: Entry[] = [];
  readonly ids = new Map<string, Hash>();
  now = beginning;

  id(name: string): Hash {
    const id = this.ids.get(name);
    if (id === undefined) throw new Error(`nothing is called ${name}`);
    return id;
  }

  /** Half a second later, somebody does something, and the leader takes it. */
  does(name: string, actor: string | null, command: Command): this {
    this.now = after(this.now, 500);
    const signed = this.proposal(actor, command, name);
    const leader = signerOf(this.state.conversation?.leader ?? home);
    const result = accept(this.state, this.words, signed, this.now, leader);
    if (result === "done" || !("entry" in result)) throw new Error(`${name}: ${JSON.stringify(result)}`);
    this.entries.push(result.entry);
    this.ids.set(name, result.entry.id);
    return this;
  }

  proposal(actor: string | null, command: Command, salt: string, but: Partial<Proposal> = {}): SignedProposal {
    const id = actor === null ? null : this.id(actor);
    const via = id === null ? home : (this.state.participants.get(id)?.via ?? home);
    const signer = signerOf(but.platform ?? via);
    const occasion = { signer, sentAt: this.now, salt: () => saltOf(salt) };
    const made = proposeOn(this.state, command, id, occasion);
    const proposal = { ...made.proposal, ...but };
    const isLeaders = signer.platform === (this.state.conversation?.leader ?? home);
    const signature = isLeaders ? null : signer.key.sign("proposal", proposalId(proposal));
    return { ...made, proposal, signature };
  }

  /** What a leader would sequence who does not care for the rules: chained and signed, not decided. */
  forges(
    actor: string,
    command: Command,
    but: Partial<Proposal> = {},
    at: Timestamp = this.now,
    leader: Signer = signerOf(this.state.conversation?.leader ?? home),
  ): Entry {
    const signed = this.proposal(actor, command, "forged", but);
    return this.sequences(signed, at, leader);
  }

  sequences(signed: SignedProposal, at: Timestamp, leader = signerOf(this.state.conversation?.leader ?? home)): Entry {
    const { seq, head: parent } = this.state.conversation ?? { seq: 0, head: null };
    const own = {
      ...signed,
      signature: signed.signature ?? signerOf(home).key.sign("proposal", proposalId(signed.proposal)),
    };
    return sequence(own, proposalId(signed.proposal), { seq: seq + 1, parent, timestamp: at }, leader);
  }

  /** Takes an entry that was not decided, as if it held. */
  takes(name: string, entry: Entry): this {
    apply(this.state, evolve(this.state, entry));
    this.entries.push(entry);
    this.ids.set(name, entry.id);
    return this;
  }
}

export const add = (
  model: "message" | "label" | "attachment" | "participant",
  body: Body,
  more: Partial<Command> = {},
) => ({ action: "add", model, body, ...more }) as const;
export const adds = (name: string, value: ParticipantValue) =>
  add("participant", { address: `${name}@${value.mail ? "mail.example" : value.via}`, name: null }, { value });
const file = (title: string): Body => ({
  ...{ title, type: "application/pdf", size: 12, sha256: some(title), key: "AAAAAAAAAAAAAAAAAAAAAA" },
});

export function published(): Log {
  const body = { address: `alice@${home}`, name: "Alice", slug: "lunch", continues: null };
  return new Log().does("alice", null, { action: "publish", model: "conversation", value: taking("ADMIN"), body });
}

/** Every kind of event, two platforms, the lead moved. */
export function lunch(): Log {
  const log = published();
  const on = (action: Command["action"], model: Command["model"], item: string, more: Partial<Command> = {}) =>
    ({ action, model, item: log.id(item), ...more }) as const;
  log.does("subject", "alice", { action: "modify", model: "subject", body: { subject: 'Lunch at "Zoë\'s" 東京 😀' } });
  log.does("gus", "alice", adds("gus", taking("ADMIN", { via: abroad })));
  log.does("bob", "alice", adds("bob", taking("WRITER")));
  log.does("rita", "alice", adds("rita", taking("READER", { mail: true })));
  log.does("question", "alice", add("message", words("Shall we *meet*?\n\u0001")));
  log.does("answer", "gus", add("message", words("Yes."), { item: log.id("question") }));
  log.does("lock", "bob", on("lock", "message", "question"));
  log.does("edit", "bob", on("modify", "message", "question", { body: words("Shall we meet at noon?") }));
  log.does("lock again", "alice", on("lock", "message", "question"));
  log.does("release", "alice", on("release", "message", "question"));
  log.does("menu", "alice", add("attachment", file("menu.pdf"), { item: log.id("question") }));
  log.does("map", "bob", add("attachment", file("map.pdf")));
  log.does("label", "bob", add("label", { name: "food" }));
  log.does("expiry", "alice", { action: "modify", model: "expiry", value: { expiresAt: "2026-12-24T00:00:00.000Z" } });
  log.does("role", "alice", on("modify", "participant", "rita", { value: { role: "COMMENTER" } }));
  log.does("lead", "gus", { action: "modify", model: "leader", value: { leader: abroad } });
  log.does("no label", "bob", on("remove", "label", "label"));
  log.does("no map", "bob", on("remove", "attachment", "map"));
  log.does("no rita", "alice", on("remove", "participant", "rita"));
  return log;
}

/** A message, a label and somebody with all that they said are erased; one text never came. */
export function erased(): Log {
  const log = published();
  const on = (action: Command["action"], model: Command["model"], item: string, more: Partial<Command> = {}) =>
    ({ action, model, item: log.id(item), ...more }) as const;
  log.does("bob", "alice", adds("bob", taking("WRITER")));
  log.does("carol", "bob", adds("carol", taking("READER")));
  log.does("hello", "alice", add("message", words("Hello")));
  log.does("edit", "bob", on("modify", "message", "hello", { body: words("Hello!") }));
  log.does("secret", "alice", add("message", words("1234")));
  log.does("missing", "alice", add("message", words("This one never came.")));
  log.does("label", "bob", add("label", { name: "greetings" }));
  log.does("removal", "alice", on("remove", "message", "secret"));
  log.does("erasure", "bob", on("remove", "participant", "bob", { value: "ERASE" }));
  return log;
}

export const plain = ({ event, signatures, body, salt }: SignedEvent): SignedEvent => ({
  event,
  signatures,
  body,
  salt,
});

export function listedBy(
  platform: string,
  signer: Signer,
  statement: Omit<KeyStatement, "platform">,
  revoked: Timestamp | null = null,
): ListedKey {
  return { ...statement, signature: signer.key.sign("key", keyHash({ platform, ...statement })), revoked };
}

export function keyListOf(platform: string): KeyList {
  const signer = signerOf(platform);
  return { platform, keys: [listedBy(platform, signer, { key: signer.key.key, nbf: beginning, exp: null, by: null })] };
}

export function mustBe<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("is not there");
  return value;
}
