// The cookie that holds a browser's sessions, of several conversations: the latest few, so that it stays small.
import type { PageRequest } from "../../http/pages.ts";
import { cookieOf } from "./browser-request.ts";
import { sessionSeconds } from "./sessions.ts";

/** Browsers take it over https alone (RFC 6265bis §4.1.3.1); on plain http it has a name without that promise. */
const secureName = "__Secure-parley-mail";
const plainName = "parley-mail";
const tokensMax = 20;
const tokenForm = /^[\w-]{43}$/;

/** Tokens of sessions that the browser says it has. */
export function sessionTokensOf(request: PageRequest): readonly string[] {
  const value = cookieOf(request, secureName) ?? cookieOf(request, plainName) ?? "";
  return value
    .split(".")
    .filter((token) => tokenForm.test(token))
    .slice(0, tokensMax);
}

/**
 * The header that has a browser keep these tokens, the first of them first.
 * @param origin where people reach us, if that is set; else the browser says with its form whether that is https
 */
export function sessionCookie(request: PageRequest, origin: string | undefined, tokens: readonly string[]): string {
  const isSecure = (origin ?? request.headers.origin ?? "").startsWith("https:");
  const value = tokens.slice(0, tokensMax).join(".");
  const age = value === "" ? 0 : sessionSeconds;
  // Lax: from a mail program the link is followed from another site, and has to find the session.
  const rest = `Path=/m/; Max-Age=${age}; HttpOnly; SameSite=Lax`;
  return isSecure ? `${secureName}=${value}; ${rest}; Secure` : `${plainName}=${value}; ${rest}`;
}
