// Whose a mail is, as far as SPF and DKIM tell: of the domain of its one From address, or not.
import { dmarc } from "mailauth/lib/dmarc/index.js";
import { spf } from "mailauth/lib/spf/index.js";
import { getDomain } from "tldts";
import { type Address, domainOf } from "../../conversation/address.ts";
import { headersEnd } from "../mail-head.ts";
import { boundResolver, type ResolveRecords } from "./bounded-resolver.ts";
import { type Signed, verifyDkim } from "./dkim.ts";
import type { Authentication, Envelope } from "./inbound-mail.ts";
import { strictFrom } from "./strict-from.ts";

export interface AuthenticateMailOptions {
  readonly resolver: ResolveRecords;
  /** For all that is looked up for one mail. @default 20_000 */
  readonly timeoutMs?: number;
}

/**
 * What was not to be found out, for name servers were silent, counts as failed: its sender is asked, and no harm done. Takes bounded time.
 * @param from whose it will be taken for, where the caller has read that itself: it has to be what is verified
 */
export type AuthenticateMail = (mail: {
  readonly raw: Buffer;
  readonly envelope: Pick<Envelope, "from" | "remoteAddress" | "helo"> & Partial<Pick<Envelope, "to">>;
  readonly from?: Address;
}) => Promise<Authentication>;

/** RFC 7208 §4.6.4 allows ten to SPF, some of which take several; signatures take one each. */
const lookUpsMax = 60;

/** No program makes one that is larger. */
const headBytesMax = 256 * 1024;

export function createAuthenticateMail({ resolver, timeoutMs = 20_000 }: AuthenticateMailOptions): AuthenticateMail {
  return async ({ raw, envelope, from: believed }) => {
    const end = headersEnd(raw);
    if (end > headBytesMax) return failed("its head is too large");
    const from = strictFrom(raw.subarray(0, end));
    if (from === null) return failed("it has not one clear From address");
    if (believed !== undefined && believed !== from) return failed("its From address is read in two ways");
    const domain = domainOf(from);
    using bounded = boundResolver(resolver, lookUpsMax, timeoutMs);
    const isOwn = (other: string) => organisation(other) === organisation(domain);
    const [sender, signed, published] = await Promise.all([
      checkSender(envelope, bounded.resolve),
      verifyDkim(raw, bounded.resolve, isOwn, envelope.to?.filter(isReplyAddress)),
      publishedBy(domain, bounded.resolve),
    ]);
    return judge({ domain, sender, signed, published });
  };
}

const isReplyAddress = (typed: string): boolean => /^\s*reply\+/i.test(typed);

interface Found {
  readonly domain: string;
  readonly sender: Sender;
  readonly signed: readonly Signed[];
  readonly published: Published;
}

function judge({ domain, sender, signed, published }: Found): Authentication {
  const isAligned = (other: string, isStrict: boolean) =>
    isStrict ? ascii(other) === ascii(domain) : organisation(other) === organisation(domain);
  const isSenders = sender.isPass && isAligned(sender.domain, published.isSpfStrict);
  const isSigned = signed.some((one) => one.isTrue && isAligned(one.domain, published.isDkimStrict));
  const isSomethingThere = signed.length > 0 || published.isSomething;
  return {
    verdict: isSenders || isSigned ? "aligned" : isSomethingThere ? "failed" : "none",
    spf: sender.isPass && !isSenders ? `${sender.said}, not of the From's domain` : sender.said,
    dkim: signed.map(({ said }) => said).join("; ") || "none",
  };
}

const failed = (why: string): Authentication => ({ verdict: "failed", spf: why, dkim: why });

interface Sender {
  readonly domain: string;
  readonly isPass: boolean;
  /** For people. */
  readonly said: string;
}

/** SPF (RFC 7208): whether who handed the mail over may send for the domain of its envelope's sender; of a null one, of its HELO (§2.4). */
async function checkSender(
  { from, remoteAddress, helo }: Pick<Envelope, "from" | "remoteAddress" | "helo">,
  resolver: ResolveRecords,
): Promise<Sender> {
  const identity = from || (helo === null ? "" : `postmaster@${helo}`);
  if (remoteAddress === null || identity === "")
    return { domain: "", isPass: false, said: "not told who handed it over" };
  const { domain, status } = await spf({
    sender: identity,
    ip: remoteAddress,
    ...(helo !== null && { helo }),
    mta: "parley",
    resolver,
  });
  return { domain, isPass: status.result === "pass", said: `${status.result} ${domain}` };
}

interface Published {
  readonly isSomething: boolean;
  /** RFC 7489 §3.1: whether the domain wants its name, not one of its organisation. */
  readonly isSpfStrict: boolean;
  readonly isDkimStrict: boolean;
}

/** What the From's domain says about its mail. */
async function publishedBy(domain: string, resolver: ResolveRecords): Promise<Published> {
  const [policy, ...senders] = await Promise.all([
    // Of no domains: for what it publishes alone.
    dmarc({ headerFrom: domain, spfDomains: [], dkimDomains: [], resolver }),
    ...[...new Set([domain, organisation(domain)])].map((one) => hasSenders(one, resolver)),
  ]);
  const alignment = policy === false ? undefined : policy.alignment;
  return {
    isSomething: senders.includes(true) || (policy !== false && policy.status.result !== "none"),
    isSpfStrict: alignment?.spf.strict ?? false,
    isDkimStrict: alignment?.dkim.strict ?? false,
  };
}

/** Whether there is an SPF record, or it is not to be said. */
async function hasSenders(domain: string, resolver: ResolveRecords): Promise<boolean> {
  try {
    const records = await resolver(domain, "TXT");
    return records.some((parts) => [parts].flat().join("").toLowerCase().startsWith("v=spf1"));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return code !== "ENOTFOUND" && code !== "ENODATA";
  }
}

const ascii = (domain: string): string => domain.toLowerCase().replace(/\.$/, "");

/** RFC 7489 §3.2, by the public suffix list; of a name that is one itself, the name. */
function organisation(domain: string): string {
  return getDomain(ascii(domain), { allowPrivateDomains: true }) ?? ascii(domain);
}
