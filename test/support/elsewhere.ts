// A platform elsewhere, with people and logs of its own: what a store here follows.
import type { Command } from "../../src/conversation/accept.ts";
import { domainOf } from "../../src/conversation/address.ts";
import { emptyDraft, publishDraft } from "../../src/conversation/draft.ts";
import type { PlatformName, Role, SignedEvent, SignedProposal } from "../../src/protocol/event.ts";
import type { Hash } from "../../src/protocol/hash.ts";
import type { Entry, Signer } from "../../src/protocol/seal.ts";
import type { ConversationStore, FollowResult, Person } from "../../src/store/conversation-store.ts";
import { abroad, signerOf, someHash } from "../conversation/given.ts";
import { memoryStore } from "./memory-store.ts";
import { entriesOf, type Setting, type Somebody } from "./setting.ts";

export class Elsewhere {
  readonly signer: Signer;
  readonly store: ConversationStore;
  readonly #setting: Setting;

  /** On the clock of `setting`. */
  constructor(setting: Setting, platform: PlatformName = abroad) {
    const { now, salt } = setting.circumstances;
    this.signer = signerOf(platform);
    this.store = memoryStore({ signer: this.signer, now, salt });
    this.#setting = setting;
  }

  async published(creator: Somebody, cast: readonly (readonly [Somebody, Role])[] = []): Promise<Hash> {
    const { now, salt } = this.#setting.circumstances;
    const participants = cast.map(([{ address }, role]) => ({ id: someHash(address), role, address, name: null }));
    const reach = (address: string) => ({ via: domainOf(address), mail: false, imported: false });
    const draft = { ...emptyDraft, participants };
    const occasion = { signer: this.signer, sentAt: now(), salt };
    const proposals = publishDraft(draft, { address: creator.address, name: null }, reach, occasion);
    if ("code" in proposals) throw new Error(`the draft was rejected: ${proposals.code}`);
    const answer = await this.store.append({ conversation: null, proposals, people: this.#people() });
    return "conversation" in answer ? answer.conversation : "";
  }

  async does(conversation: Hash, { address: accountId }: Somebody, command: Command): Promise<Entry> {
    const [entry] = entriesOf(await this.store.append({ conversation, accountId, command, people: this.#people() }));
    if (!entry) throw new Error("there was nothing left to do");
    return entry;
  }

  async takes(conversation: Hash, proposal: SignedProposal): Promise<Entry> {
    const [entry] = entriesOf(await this.store.append({ conversation, proposals: [proposal], people: this.#people() }));
    if (!entry) throw new Error("there was nothing left to do");
    return entry;
  }

  /** Its log, as it travels. */
  async log(conversation: Hash, after = 0): Promise<readonly SignedEvent[]> {
    const entries = await this.store.entriesAfter(conversation, after, 10_000);
    return entries.map(({ event, signatures, body, salt }) => ({ event, signatures, body, salt }));
  }

  /** The store here takes a run of it: by default all. */
  async followed(conversation: Hash, run?: readonly SignedEvent[]): Promise<FollowResult> {
    const { store, people } = this.#setting;
    return store.follow({ conversation, run: run ?? (await this.log(conversation)), people });
  }

  /** It takes what was sequenced here. */
  async follows(conversation: Hash): Promise<void> {
    const run = (await this.#setting.log(conversation)).map(({ event, signatures, body, salt }) => {
      return { event, signatures, body, salt };
    });
    await this.store.follow({ conversation, run, people: this.#people() });
  }

  /** Everybody whom the setting knows; an account there is called by its address. */
  #people(): ReadonlyMap<string, Person> {
    return new Map(
      [...this.#setting.people.keys()].map((address) => [
        address,
        { recipientId: address, accountId: domainOf(address) === this.signer.platform ? address : null },
      ]),
    );
  }
}
