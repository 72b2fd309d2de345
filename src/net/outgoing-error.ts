// What can go wrong with a request to the outside, in the words that a caller decides by.

export type OutgoingErrorKind =
  | "noSuchHost" // DNS says clearly that there is no such name, or that it has no address.
  | "refused" // There is such a host, and nothing listens.
  | "forbidden" // The URL, its name or each of its addresses is none to be asked. Nothing was connected to.
  | "timeout" // DNS, the connection or the answer took too long.
  | "tls" // The host does not prove that it is the one named.
  | "tooLarge" // The answer is larger than asked for, in its body or its headers.
  | "broken"; // All else: no way there, a connection that breaks off, no HTTP, an encoding that was not asked for.

/** A request without an answer. It did not arrive where it is "noSuchHost", "refused" or "forbidden"; else it may have. */
export class OutgoingError extends Error {
  override readonly name = "OutgoingError";
  readonly kind: OutgoingErrorKind;

  /** @param message names the host and what is wrong; no path and no content */
  constructor(kind: OutgoingErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

const said = {
  refused: "nothing listens there",
  timeout: "no connection in time",
  tls: "it does not prove that it is this host",
  tooLarge: "the headers of its answer are too large",
  broken: "the connection failed or broke off",
};

/** What a connection, or Node's HTTP client, failed with. */
export function outgoingErrorOf(error: unknown, host: string): OutgoingError {
  if (error instanceof OutgoingError) return error;
  const codes = codesOf(error);
  const kind = kindOf(codes);
  return new OutgoingError(kind, `${host}: ${said[kind]} (${codes.join(", ") || "no code"})`, { cause: error });
}

/** Several where several addresses were tried. */
function codesOf(error: unknown): readonly string[] {
  if (error instanceof AggregateError) return error.errors.flatMap(codesOf);
  return error instanceof Error && "code" in error ? [String(error.code)] : [];
}

// Of OpenSSL and of Node about it; the codes of X.509 are many, and these their beginnings.
const tlsCode =
  /^(ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_|INVALID_|PATH_LENGTH_)/;
// A machine without IPv6 cannot reach half of the addresses of a host that refuses on the others.
const noListener = /^(ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL|EAFNOSUPPORT)$/;

function kindOf(codes: readonly string[]): keyof typeof said {
  if (codes.includes("ECONNREFUSED") && codes.every((code) => noListener.test(code))) return "refused";
  if (codes.includes("ETIMEDOUT")) return "timeout";
  if (codes.some((code) => tlsCode.test(code))) return "tls";
  return codes.includes("HPE_HEADER_OVERFLOW") ? "tooLarge" : "broken";
}
