// The row that a token in a link was made of, in the same time whatever the token is.
import { idOfToken, isTokenOf, mailToken, type TokenPurpose, type TokenSource } from "../mail-token.ts";

/** Of no row. What is no token is looked up as one of this: so it takes as long as what could have been one. */
const nobody: TokenSource = { id: "00000000-0000-4000-8000-000000000000", secret: new Uint8Array(32) };

/** The row that a token was made of, of those that `find` knows by id. Null for any other text, and it takes as long. */
export async function rowOfToken<Row extends TokenSource>(
  purpose: TokenPurpose,
  token: string,
  find: (id: string) => Promise<Row | undefined>,
): Promise<Row | null> {
  const id = idOfToken(token);
  const row = await find(id ?? nobody.id);
  const isRight = isTokenOf(
    purpose,
    id === null ? mailToken(purpose, nobody) : token,
    row ?? { ...nobody, id: id ?? nobody.id },
  );
  return row !== undefined && id !== null && isRight ? row : null;
}
