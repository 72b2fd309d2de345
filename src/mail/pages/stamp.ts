// What makes a form one act, however often it is sent: it carries what its proposal is made with, so that the same words make
// the same proposal again, also where another platform leads, took it, and its answer was lost.
import { randomUUID } from "node:crypto";
import { isBase64url32 } from "../../protocol/encoding.ts";
import type { Salt, Timestamp } from "../../protocol/event.ts";
import { isTimestamp } from "../../protocol/form.ts";
import { type Hash, sha256 } from "../../protocol/hash.ts";
import { html, type Markup } from "./page.ts";

export interface Stamp {
  readonly clientId: string;
  readonly salt: Salt;
  readonly at: Timestamp;
}

/** A proposal is taken for seven days; whoever has had the form open for longer makes it anew. */
const livesMs = 6 * 24 * 3_600 * 1_000;

export function newStamp(at: Timestamp, salt: Salt): Stamp {
  return { clientId: randomUUID(), salt, at };
}

/** Names one act: what is done by a form, and with what. Of the same form, other words are another one. */
export function actKey(clientId: string, ...act: readonly (string | null)[]): Hash {
  return sha256(`parley/form/1\n${JSON.stringify([clientId, ...act])}`);
}

/**
 * The stamp of one act. Browsers keep a form's hidden fields when somebody goes back to it and writes something else: that is
 * to be said, too, while the same words are said once.
 */
export function stampOfAct({ clientId, salt, at }: Stamp, ...act: readonly (string | null)[]): Stamp {
  return { clientId: actKey(clientId, "client", ...act), salt: actKey(clientId, "salt", salt, ...act), at };
}

/** Of a form that was sent; null where it is none of ours. */
export function stampOf(form: ReadonlyMap<string, string>, now: Timestamp): Stamp | null {
  const [clientId = "", salt = "", at = ""] = ["clientId", "salt", "at"].map((name) => form.get(name));
  if (!/^[0-9a-f-]{36}$/.test(clientId) || !isBase64url32(salt) || !isTimestamp(at)) return null;
  const ageMs = Date.parse(now) - Date.parse(at);
  return { clientId, salt, at: ageMs >= 0 && ageMs < livesMs ? at : now };
}

export function stampMarkup({ clientId, salt, at }: Stamp): Markup {
  return html`<input type="hidden" name="clientId" value="${clientId}"><input type="hidden" name="salt" value="${salt}"><input type="hidden" name="at" value="${at}">`;
}
