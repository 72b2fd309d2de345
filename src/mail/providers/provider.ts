// What a provider of outgoing mail is: it takes mails over, and says how that went.

/** A mail as a provider is handed it. */
export interface OutgoingMail {
  /** Of the row `mail`: what the provider may be asked about it by. */
  readonly id: string;
  readonly from: { readonly name: string; readonly address: string };
  readonly to: { readonly name: string | null; readonly address: string };
  /** Where bounces go, where the provider does not tell of them by itself. */
  readonly envelopeFrom: string;
  /** Without angle brackets. */
  readonly messageId: string;
  readonly inReplyTo: string | null;
  readonly references: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** What else stands in the head, in order: names and values, of one line each. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** How handing over one mail went. */
export type SendOutcome =
  /** It is theirs now. @property providerId what they call it */
  | { readonly kind: "sent"; readonly providerId: string | null; readonly code: string; readonly answer: string }
  /** It did not go out. @property isPermanent whether trying again is of no use @property isSuppressed the provider has the address on its list */
  | {
      readonly kind: "refused";
      readonly isPermanent: boolean;
      readonly isSuppressed?: boolean;
      readonly code: string;
      readonly answer: string;
      readonly retryAfterMs?: number;
    }
  /** It may have gone out. */
  | { readonly kind: "unknown"; readonly code: string; readonly answer: string };

/** How long a provider may take to say how it went, in milliseconds: afterwards nobody waits for it any more. */
export const patienceMs = 4 * 60_000;

/** Disposing lets go of its connections. */
export interface MailProvider extends AsyncDisposable {
  /** For people, and in logs: `postmark`, `smtp` or `files`. */
  readonly name: string;
  /** At how many mails a time it is best handed them. */
  readonly batchMax: number;
  /** Hands mails over; an outcome for each, in their order. Never throws. */
  send(mails: readonly OutgoingMail[]): Promise<readonly SendOutcome[]>;
  /**
   * Whether a mail that was handed over with unknown outcome went out. `later`: not to be said yet; `unknown`: never to be said.
   * @throws where the provider cannot be asked now
   */
  wasSent(mail: {
    readonly id: string;
    readonly messageId: string;
    readonly triedAt: Date;
  }): Promise<
    { readonly kind: "sent"; readonly providerId: string | null } | { readonly kind: "not-sent" | "later" | "unknown" }
  >;
}
