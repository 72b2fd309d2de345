// The certificate by which mails are taken by TLS: read from the files that whoever renews it writes.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { ExplainedError } from "../../observe/explained-error.ts";

/** Both PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** @param files their names @throws ExplainedError where they cannot be read, or do not go together */
export async function readCertificate(files: Certificate): Promise<Certificate> {
  try {
    const [cert, key] = await Promise.all([readFile(files.cert, "utf8"), readFile(files.key, "utf8")]);
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
      throw new Error("the key is not the certificate's");
    return { cert, key };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `The certificate of PARLEY_SMTP_CERT and the key of PARLEY_SMTP_KEY cannot be used: ${why}. Both have to be PEM, of one key pair, and readable for Parley.`;
    throw new ExplainedError(message, { cause });
  }
}
