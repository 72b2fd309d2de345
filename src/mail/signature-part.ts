// Which parts of a mail are signatures over it.

/** PGP's and S/MIME's: over the mail's bytes, without which they prove nothing. */
export function isSignaturePart({ mimeType }: { readonly mimeType: string }): boolean {
  return /^application\/(?:pgp-signature|(?:x-)?pkcs7-signature)$/.test(mimeType);
}
