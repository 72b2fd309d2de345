// Vectors of requests between platforms: what is signed, and what is not taken for signed; and batches, with what becomes
// of each entry.
import type { Entry as BatchEntry } from "../../src/federation/batch.ts";
import { contentDigest } from "../../src/federation/content-digest.ts";
import { signRequest } from "../../src/federation/request-signature.ts";
import { type Components, signatureBase, signatureParams } from "../../src/federation/signature-base.ts";
import type { SignedProposal } from "../../src/protocol/event.ts";
import { sha256 } from "../../src/protocol/hash.ts";
import { eventHash, proposalId, type Signer } from "../../src/protocol/seal.ts";
import {
  abroad,
  beginning,
  home,
  keyListOf,
  listedBy,
  lunch,
  mustBe,
  plain,
  seedOf,
  signerOf,
  some,
  words,
} from "./given.ts";

const now = "2026-11-21T09:02:00.000Z";
const created = new Date(now);
const createdSeconds = created.getTime() / 1_000;
const stranger = "c.example";
/** It gave this key up, and has another. */
const revoking = "d.example";

interface Message {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

const json = { "content-type": "application/json" };
const pathOf = (body: string): string => `/f/evt/${sha256(Buffer.from(body))}/`;

/** A request as it is sent to `receiver`. */
function signed(
  method: string,
  target: string,
  body: string | null = null,
  { signer = signerOf(home), at = created, receiver = abroad }: { signer?: Signer; at?: Date; receiver?: string } = {},
): Message {
  const headers: Readonly<Record<string, string>> = body === null ? {} : json;
  const bytes = body === null ? null : Buffer.from(body);
  const message = {
    method,
    targetUri: `https://${receiver}${target}`,
    headers: new Map(Object.entries(headers)),
    body: bytes,
  };
  return { method, target, headers: { ...headers, ...signRequest(message, signer, at) }, body };
}

const post = (body: string): Message => signed("POST", pathOf(body), body);
const changed = (message: Message, headers: Readonly<Record<string, string>>, but: Partial<Message> = {}): Message => ({
  ...message,
  ...but,
  headers: { ...message.headers, ...headers },
});
const without = ({ headers, ...message }: Message, name: string): Message => ({
  ...message,
  headers: Object.fromEntries(Object.entries(headers).filter(([header]) => header !== name)),
});

/** Signed by hand: whatever is covered, with whatever parameters. */
function covering(
  { method, target, headers, body }: Message,
  names: readonly string[],
  parameters: readonly (readonly [string, string | number])[],
  label = "parley",
): Message {
  const values: Readonly<Record<string, string>> = {
    ...headers,
    "@method": method,
    "@target-uri": `https://${abroad}${target}`,
    "@authority": abroad,
  };
  const components: Components = new Map(names.map((name) => [name, values[name] ?? null]));
  const params = signatureParams(names, new Map(parameters));
  const base = mustBe(signatureBase(components, params) ?? undefined);
  const signature = Buffer.from(signerOf(home).key.signText(base), "base64url").toString("base64");
  const sealed = { "signature-input": `${label}=${params}`, signature: `${label}=:${signature}:` };
  return { method, target, headers: { ...headers, ...sealed }, body };
}

const keyid = `${home}/${signerOf(home).key.key}`;
const bare = ["@method", "@target-uri"];
const times = [
  ["created", createdSeconds],
  ["expires", createdSeconds + 60],
] as const;
const profile = [...times, ["keyid", keyid], ["tag", "parley"]] as const;

/** The text under a signature of a valid request. */
function baseOf({ method, target, headers, body }: Message): string {
  const input = headers["signature-input"] ?? "";
  const components = new Map([
    ["@method", method],
    ["@target-uri", `https://${abroad}${target}`],
  ]);
  if (body !== null) for (const name of ["content-digest", "content-type"]) components.set(name, headers[name] ?? "");
  return mustBe(signatureBase(components, input.slice(input.indexOf("=") + 1)) ?? undefined);
}

function requests() {
  const auth = signed("GET", "/f/auth/");
  const unsigned: Message = { method: "GET", target: "/f/auth/", headers: {}, body: null };
  const receipt = { conversation: some("a conversation"), participant: some("a participant"), seq: 3 };
  const body = JSON.stringify({ entries: [{ receipt }] });
  const batch = post(body);
  const page = signed("GET", `/f/${some("a conversation")}/events/?after=12`);
  const seconds = (by: number) => new Date(created.getTime() + by * 1_000);
  const at = (by: number) => signed("GET", "/f/auth/", null, { at: seconds(by) });
  const input = mustBe(auth.headers["signature-input"]);
  const neutral = Buffer.concat([Buffer.from([1]), Buffer.alloc(31)]).toString("base64url");
  const fitsAll = `parley=:${Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]).toString("base64")}:`;
  const valid = (why: string, status: number, request: Message) => ({ why, status, base: baseOf(request), request });
  const invalid = (code: string, status: number, why: string, request: Message) => ({ code, status, why, request });
  const profiled = (why: string, request: Message) => invalid("WRONG_PROFILE", 401, why, request);
  const none = (why: string, request: Message) => invalid("BAD_SIGNATURE", 401, why, request);
  const malformed = (why: string, text: string) => invalid("MALFORMED", 422, why, post(text));
  return {
    valid: [
      valid("says that it is there", 204, auth),
      valid("hands over a batch", 200, batch),
      valid("asks for a page; there is none for the caller", 404, page),
      valid(
        "under another label, the parameters in another order",
        204,
        covering(unsigned, bare, [...profile].reverse(), "sig1"),
      ),
      valid(
        "valid for a second",
        204,
        covering(unsigned, bare, [["created", createdSeconds], ["expires", createdSeconds + 1], ...profile.slice(2)]),
      ),
      valid("made 60 seconds from now", 204, at(60)),
      valid("ended 60 seconds ago", 204, at(-120)),
    ],
    invalid: [
      invalid("UNSIGNED", 401, "neither of the two fields", unsigned),
      invalid("MALFORMED_SIGNATURE", 401, "no Signature", without(auth, "signature")),
      invalid("MALFORMED_SIGNATURE", 401, "no Signature-Input", without(auth, "signature-input")),
      invalid("MALFORMED_SIGNATURE", 401, "no dictionary", changed(auth, { signature: "parley=:" })),
      invalid(
        "MALFORMED_SIGNATURE",
        401,
        "a dictionary, but not in its one form",
        changed(auth, { "signature-input": input.replace(";created", "; created") }),
      ),
      profiled(
        "two signatures",
        changed(auth, {
          "signature-input": `${input}, b${input.slice(1)}`,
          signature: `${auth.headers["signature"]}, b${auth.headers["signature"]?.slice(1)}`,
        }),
      ),
      profiled("the labels differ", changed(auth, { signature: `other${auth.headers["signature"]?.slice(6)}` })),
      profiled("another order of what is covered", covering(unsigned, [...bare].reverse(), profile)),
      profiled("one component too many", covering(unsigned, [...bare, "@authority"], profile)),
      profiled("one component too few", covering(unsigned, ["@method"], profile)),
      profiled("a body that is not covered", covering(batch, bare, profile)),
      profiled("a body without Content-Type", without(batch, "content-type")),
      profiled("a parameter too many", covering(unsigned, bare, [...profile, ["alg", "ed25519"]])),
      profiled("a parameter too few", covering(unsigned, bare, profile.slice(0, 3))),
      profiled("another tag", covering(unsigned, bare, [...profile.slice(0, 3), ["tag", "other"]])),
      profiled(
        "valid for 61 seconds",
        covering(unsigned, bare, [["created", createdSeconds], ["expires", createdSeconds + 61], ...profile.slice(2)]),
      ),
      profiled(
        "it ends when it begins",
        covering(unsigned, bare, [["created", createdSeconds], ["expires", createdSeconds], ...profile.slice(2)]),
      ),
      profiled(
        "a key without a platform",
        covering(unsigned, bare, [...times, ["keyid", signerOf(home).key.key], ["tag", "parley"]]),
      ),
      profiled(
        "a platform in upper case",
        covering(unsigned, bare, [...times, ["keyid", `A${keyid.slice(1)}`], ["tag", "parley"]]),
      ),
      invalid("NOT_YET_VALID", 401, "made 61 seconds from now", at(61)),
      invalid("EXPIRED", 401, "ended 61 seconds ago", at(-121)),
      none("another method", { ...auth, method: "DELETE" }),
      none("another path", { ...auth, target: "/f/auth" }),
      none("another query", { ...page, target: page.target.replace("12", "13") }),
      none("made for another platform", signed("GET", "/f/auth/", null, { receiver: stranger })),
      none("another content type", changed(batch, { "content-type": "application/json; charset=utf-8" })),
      none("another digest than was signed", changed(batch, { "content-digest": contentDigest(Buffer.from("{}")) })),
      none(
        "another time than was signed",
        changed(auth, { "signature-input": input.replace(String(createdSeconds), String(createdSeconds + 1)) }),
      ),
      none(
        "under the key of another",
        changed(auth, { "signature-input": input.replace(signerOf(home).key.key, signerOf(stranger).key.key) }),
      ),
      none(
        "under the neutral point, for which it fits every text",
        changed(auth, { "signature-input": input.replace(signerOf(home).key.key, neutral), signature: fitsAll }),
      ),
      invalid("WRONG_DIGEST", 401, "another body than was signed", { ...batch, body: body.replace("3", "4") }),
      invalid(
        "WRONG_DIGEST",
        401,
        "a digest of another kind was signed",
        covering(
          changed(batch, { "content-digest": "sha-512=:AA==:" }),
          [...bare, "content-digest", "content-type"],
          profile,
        ),
      ),
      invalid(
        "UNKNOWN_KEY",
        401,
        "a key that the caller does not list",
        signed("GET", "/f/auth/", null, { signer: { platform: home, key: signerOf(stranger).key } }),
      ),
      invalid(
        "UNKNOWN_KEY",
        401,
        "a key that was revoked",
        signed("GET", "/f/auth/", null, { signer: signerOf(revoking) }),
      ),
      invalid("WRONG_HASH", 400, "the path names another body", signed("POST", pathOf("{}"), body)),
      invalid("MALFORMED", 400, "`after` is no seq", signed("GET", `/f/${some("a conversation")}/events/?after=-1`)),
      malformed("the body is not JSON", "{"),
      malformed("the body is no object", "[]"),
      malformed("no entries", '{"entries":[]}'),
      malformed("more than entries", `{"entries":[${JSON.stringify({ receipt })}],"note":""}`),
      malformed("1,001 entries", `{"entries":[${new Array(1_001).fill(1).join()}]}`),
      invalid("NOT_FOUND", 404, "no such endpoint", signed("GET", "/f/")),
    ],
  };
}

/** What is compared of a result. */
interface Said {
  readonly result: string;
  readonly code?: string;
  readonly seq?: number;
}

const accepted: Said = { result: "accepted" };
const duplicate: Said = { result: "duplicate" };
const later: Said = { result: "later" };
const gap = (seq: number): Said => ({ result: "gap", seq });
const rejected = (code: string): Said => ({ result: "rejected", code });
const times5 = (said: Said): readonly Said[] => new Array<Said>(5).fill(said);

/** Of the log "lunch", which a.example leads as far as it is used here. */
function batches() {
  const log = lunch();
  const entries = log.entries.map(plain);
  const conversation = mustBe(log.entries[0]).id;
  const event = (seq: number): BatchEntry => ({ event: mustBe(entries[seq - 1]) });
  const events = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => event(from + index));
  const headAt = (seq: number): BatchEntry => ({
    head: { conversation, seq, hash: mustBe(log.entries[seq - 1]).hash },
  });
  const [question, answer] = [mustBe(entries[5]), mustBe(entries[6])];

  const resealed = (change: object, signer = signerOf(home)): BatchEntry => {
    const made = { ...question.event, ...change };
    return {
      event: {
        ...question,
        event: made,
        signatures: { proposal: null, event: signer.key.sign("event", eventHash(made)) },
      },
    };
  };
  const foreign = signerOf(stranger).key;
  const unlisted = { key: foreign.key, proposal: { ...question.event.proposal, key: foreign.key } };
  const reworded: BatchEntry = { event: { ...question, body: words("Shall we *fight*?") } };
  const unsigned: BatchEntry = {
    event: { ...question, signatures: { ...question.signatures, event: answer.signatures.event } },
  };

  const proposed = (but: Partial<SignedProposal> = {}): BatchEntry => ({
    proposal: {
      ...{ proposal: answer.event.proposal, signature: mustBe(answer.signatures.proposal ?? undefined) },
      ...{ body: answer.body ?? null, salt: answer.salt ?? null },
      ...but,
    },
  });
  const resigned = (change: object): BatchEntry => {
    const proposal = { ...answer.event.proposal, ...change };
    return proposed({ proposal, signature: signerOf(abroad).key.sign("proposal", proposalId(proposal)) });
  };

  const asking = (address: string): BatchEntry => ({ recipient: { conversation, address } });

  const given =
    (receiver: string, holds: number, caller: string) =>
    (why: string, sent: readonly unknown[], results: readonly Said[]) => ({
      ...{ why, receiver, caller, holds, entries: sent, results },
    });
  const [nothing, five, six] = [given(abroad, 0, home), given(abroad, 5, home), given(abroad, 6, home)];
  const leader = given(home, 6, abroad);
  return [
    nothing("first contact: the leader brings it, event 3 adds somebody of ours", events(1, 5), times5(accepted)),
    nothing("first contact without anybody of ours", events(1, 2), [
      rejected("RECIPIENT_UNKNOWN"),
      rejected("RECIPIENT_UNKNOWN"),
    ]),
    nothing("first contact that does not begin with event 1", events(3, 3), [gap(0)]),
    given(abroad, 0, stranger)(
      "first contact by somebody who does not lead",
      events(1, 5),
      times5(rejected("WRONG_LEADER")),
    ),
    five("what is had, and what joins on", events(4, 6), [duplicate, duplicate, accepted]),
    five("an event before it is missing", events(7, 7), [gap(5)]),
    five("what one log lacks is nothing to another entry", [...events(7, 7), headAt(5)], [gap(5), duplicate]),
    five(
      "words that do not match their commitment, and what comes after them",
      [reworded, event(7)],
      [rejected("BAD_COMMITMENT"), later],
    ),
    five("a signature that does not fit", [unsigned], [rejected("BAD_SIGNATURE")]),
    five(
      "a key that its platform does not list",
      [resealed(unlisted, { platform: home, key: foreign })],
      [rejected("UNKNOWN_KEY")],
    ),
    five("from more than five minutes ahead", [resealed({ timestamp: "2026-11-21T09:07:00.001Z" })], [later]),
    five("it does not join on", [resealed({ parent: some("another event") })], [rejected("BROKEN_CHAIN")]),
    six(
      "its leader signed another event for this place",
      [resealed({ timestamp: "2026-11-21T09:00:30.000Z" })],
      [rejected("FORKED")],
    ),
    six(
      "an entry of no form is rejected by itself",
      [{ event: { ...question, note: "" } }, { greeting: "Hello" }, event(7)],
      [rejected("BAD_FORM"), rejected("BAD_FORM"), accepted],
    ),
    six(
      "heads: as far as we are, further, not as far, of another event, and of nothing that is here",
      [
        ...[headAt(6), headAt(9), headAt(5)],
        { head: { conversation, seq: 6, hash: some("no event") } },
        { head: { conversation: some("no conversation"), seq: 1, hash: some("no event") } },
      ],
      [duplicate, gap(6), gap(6), rejected("FORKED"), rejected("NOT_FOUND")],
    ),
    six(
      "receipts are accepted, whatever they are of",
      [
        { receipt: { conversation, participant: log.id("alice"), seq: 6 } },
        { receipt: { conversation: some("no conversation"), participant: some("nobody"), seq: 1 } },
      ],
      [accepted, accepted],
    ),
    six(
      "addresses: of somebody, of nobody, and for a conversation that is not here",
      [
        asking(`gus@${abroad}`),
        asking(`nobody@${abroad}`),
        { recipient: { conversation: some("no conversation"), address: `gus@${abroad}` } },
      ],
      [accepted, rejected("RECIPIENT_UNKNOWN"), rejected("NOT_FOUND")],
    ),
    given(abroad, 6, stranger)(
      "an address, asked about by a platform that is not in the conversation",
      [asking(`gus@${abroad}`)],
      [rejected("NOT_FOUND")],
    ),
    six("a proposal, where another platform leads", [proposed()], [rejected("WRONG_LEADER")]),
    given(abroad, 6, stranger)("events of a conversation that the caller was never in", events(9, 9), [
      rejected("NOT_FOUND"),
    ]),
    leader("a proposal, and once more", [proposed(), proposed()], [accepted, duplicate]),
    leader(
      "a proposal whose signature does not fit",
      [proposed({ signature: question.signatures.event })],
      [rejected("BAD_SIGNATURE")],
    ),
    leader("a proposal of what is no message", [resigned({ item: some("no message") })], [rejected("NOT_FOUND")]),
    leader(
      "a proposal of another platform than the caller",
      [resigned({ platform: stranger })],
      [rejected("WRONG_PLATFORM")],
    ),
    given(home, 6, stranger)(
      "a proposal in a conversation that the caller was never in",
      [proposed()],
      [rejected("NOT_FOUND")],
    ),
    leader("the caller lost something, and is owed events: until it has them", [{ lost: { at: now } }], [later]),
    given(home, 6, stranger)("somebody lost something to whom nothing is owed", [{ lost: { at: now } }], [accepted]),
  ];
}

export function requestVectors() {
  const keys = [home, abroad, stranger].map((platform) => ({
    seed: seedOf(platform).toString("base64url"),
    list: keyListOf(platform),
  }));
  const gone = signerOf(revoking);
  const revoked = listedBy(
    revoking,
    gone,
    { key: gone.key.key, nbf: beginning, exp: null, by: null },
    "2026-11-21T09:01:00.000Z",
  );
  const { valid, invalid } = requests();
  return {
    about:
      'Requests as they come to b.example at `now`, and what they are answered with; `base` is the text that was signed. `batches`: what becomes of each entry where the receiver has the first `holds` events of the log "every kind of event, two platforms, the lead moved" of logs.json, and gus has an account with b.example; of results, `result`, `code` and `seq` are compared. `keys`: what each platform lists, and the seed of its key.',
    receiver: abroad,
    now,
    keys: [...keys, { seed: seedOf(revoking).toString("base64url"), list: { platform: revoking, keys: [revoked] } }],
    valid,
    invalid,
    batches: batches(),
  };
}
