// A name for a request, so that the platform knows it when it comes again.

/** The input with a `clientId`, new where there is none. */
export function withClientId<Input extends { readonly clientId?: string | null | undefined }>(input: Input): Input {
  return input.clientId == null ? { ...input, clientId: newClientId() } : input;
}

/** 128 bits of chance. `crypto.randomUUID` is there only on pages that came over HTTPS. */
function newClientId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
