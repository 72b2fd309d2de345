// The appends that mails come to: for each its conversation, where that is not there yet, its people, its words, its files.
import type { Viewer } from "../../accounts/accounts.ts";
import { type Command, type Occasion, propose } from "../../conversation/accept.ts";
import type { Address } from "../../conversation/address.ts";
import { slugOf } from "../../conversation/body.ts";
import { limits } from "../../conversation/limits.ts";
import { isCanonicalText } from "../../protocol/canonical-json.ts";
import type { SignedProposal } from "../../protocol/event.ts";
import type { Hash } from "../../protocol/hash.ts";
import { proposalId, type Signer } from "../../protocol/seal.ts";
import type { AppendRequest, Person } from "../../store/conversation-store.ts";
import type { Mailbox } from "../mailbox.ts";
import { type Archive, type ArchivedThread, ancestorsMax, type MailNumber } from "./archive.ts";
import { type MessagePlace, mailKey, type People } from "./imported.ts";
import type { ParsedMail } from "./parse-mail.ts";
import type { Item } from "./portions.ts";
import type { Brought, Remark, Tally } from "./tally.ts";

export interface PlanOptions {
  readonly archive: Archive;
  /** Whose archive it is. */
  readonly account: Viewer;
  readonly signer: Signer;
  now(): string;
  /** 32 random bytes, base64url. */
  salt(): string;
}

/** Places in a conversation that are kept for those who will have said something, once its recipients are many. */
const placesKeptMax = 500;

export interface Planned extends Brought {
  readonly item: Item;
  readonly request: AppendRequest;
}

/** The appends of a portion, in order: each stands on those before it. */
export function planAppends(
  options: PlanOptions,
  todo: readonly Item[],
  parsed: ReadonlyMap<MailNumber, ParsedMail>,
  found: ReadonlyMap<string, MessagePlace>,
  people: Map<Hash, People>,
  known: ReadonlyMap<Address, Person>,
  tally: Tally,
): readonly Planned[] {
  const { archive, account, signer, salt } = options;
  const occasion: Occasion = { signer, sentAt: options.now(), salt };
  const places = new Map<MailNumber, MessagePlace>();
  const homes = new Map<ArchivedThread, Hash>();
  const placeOf = (number: MailNumber | null, id: string) =>
    (number === null ? undefined : places.get(number)) ?? found.get(mailKey(id));
  const answeredBy = (number: MailNumber): MessagePlace | undefined => {
    for (const { mail, id } of archive.ancestorsOf(number)) {
      const place = placeOf(mail, id);
      if (place) return place;
    }
    return undefined;
  };
  const homeOf = (thread: ArchivedThread): Hash | undefined => {
    const ids = [
      ...thread.mails.slice(0, ancestorsMax).flatMap((one) => archive.mails[one]?.id ?? []),
      ...thread.missing,
    ];
    return homes.get(thread) ?? ids.map((id) => found.get(mailKey(id))).find((place) => place)?.conversation;
  };

  return todo.flatMap((item): readonly Planned[] => {
    const { number, mail, thread, toCome } = item;
    const words = parsed.get(number);
    if (!words) return [];
    const answered = answeredBy(number);
    const proposals: SignedProposal[] = [];
    let conversation = answered?.conversation ?? homeOf(thread) ?? null;
    const isFirst = conversation === null;
    const { platform } = signer;
    if (conversation === null) {
      const body = { address: account.address, name: account.name, slug: slugOf(words.subject), continues: null };
      const value = { role: "ADMIN", via: platform, mail: false, imported: false } as const;
      const first = propose({ action: "publish", model: "conversation", value, body }, null, null, null, occasion);
      conversation = proposalId(first.proposal);
      proposals.push(first);
      people.set(conversation, { own: conversation, imported: new Map(), present: new Set(), count: 1 });
    }
    const home = conversation;
    const takingPart = people.get(home);
    const { own } = takingPart ?? { own: null };
    if (!takingPart || own === null) {
      tally.leaveOut(mail, "notTakingPart");
      return [];
    }
    const say = (command: Command, actor: Hash): Hash => {
      const signed = propose(command, home, actor, home, occasion);
      proposals.push(signed);
      return proposalId(signed.proposal);
    };
    if (isFirst && words.subject !== "")
      say({ action: "modify", model: "subject", body: { subject: words.subject } }, own);

    const isOwn = words.from.address === account.address;
    const { imported, present } = takingPart;
    const isThere = ({ address }: Mailbox) =>
      imported.has(address) || present.has(address) || address === account.address;
    const add = ({ address, name }: Mailbox): void => {
      const value = { role: "WRITER", via: platform, mail: false, imported: true } as const;
      imported.set(address, say({ action: "add", model: "participant", value, body: { address, name } }, own));
      takingPart.count++;
    };
    if (!isOwn && !isThere(words.from) && takingPart.count < limits.participants) add(words.from);
    const author = isOwn ? own : imported.get(words.from.address);
    if (author === undefined) {
      tally.leaveOut(mail, present.has(words.from.address) ? "speaksForThemselves" : "full");
      return [];
    }
    const recipients = words.recipients.filter((one) => !isThere(one));
    const room = limits.participants - takingPart.count - Math.min(toCome, placesKeptMax);
    for (const recipient of recipients.slice(0, Math.max(0, room))) add(recipient);

    const messageId = `<${mail.id}>`;
    const isKept = mail.hasMessageId && messageId.length <= limits.messageIdCharacters && isCanonicalText(messageId);
    const { format, text } = words;
    const message = say(
      {
        action: "add",
        model: "message",
        item: answered?.conversation === home ? answered.message : null,
        body: {
          ...{ format, text, mentions: [] },
          mail: { date: new Date(mail.sentMs).toISOString(), messageId: isKept ? messageId : "" },
        },
      },
      author,
    );
    const files = words.files.slice(0, limits.attachmentsPerMessage);
    for (const file of files) {
      const key = Buffer.from(salt(), "base64url").toString("base64url", 0, 16);
      say({ action: "add", model: "attachment", item: message, body: { ...file, key } }, author);
    }
    places.set(number, { conversation: home, message });
    if (!homes.has(thread)) homes.set(thread, home);
    const remarks: readonly (readonly [boolean, Remark])[] = [
      [words.isCut, "cut"],
      [!mail.isDated, "undated"],
      [words.isFromMadeUp, "madeUpSender"],
      [recipients.length > room, "recipientsLeftOut"],
      [words.files.length > files.length, "filesLeftOut"],
      [words.signatures > 0, "signaturesLeftOut"],
    ];
    const client = { accountId: account.accountId, clientId: mailKey(mail.id) };
    return [
      {
        item,
        request: { conversation: isFirst ? null : home, proposals, people: known, client },
        files: files.length,
        isFirst,
        remarks: remarks.flatMap(([isSo, remark]) => (isSo ? [remark] : [])),
      },
    ];
  });
}
