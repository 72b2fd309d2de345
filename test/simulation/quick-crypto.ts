// Signatures that are verified again by every platform of a simulation are verified once: what `node:crypto` says of the
// same key, text and signature is remembered. To be imported before anything that verifies.
import crypto, { type KeyObject } from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

const rememberedMax = 50_000;
const remembered = new Map<string, boolean>();
const names = new WeakMap<KeyObject, string>();
const { verify } = crypto;

function nameOf(key: KeyObject): string {
  const name = names.get(key) ?? key.export({ format: "der", type: "spki" }).toString("base64");
  names.set(key, name);
  return name;
}

type Callback = (error: Error | null, isValid: boolean) => void;

function remembering(algorithm: null, text: Buffer, key: KeyObject, signature: Buffer): boolean {
  const name = `${nameOf(key)} ${text.toString("latin1")} ${signature.toString("base64")}`;
  const known = remembered.get(name);
  if (known !== undefined) return known;
  const isValid = verify(algorithm, text, key, signature);
  if (remembered.size >= rememberedMax) remembered.clear();
  remembered.set(name, isValid);
  return isValid;
}

crypto.verify = ((...[algorithm, text, key, signature, told]: [null, Buffer, KeyObject, Buffer, Callback?]) => {
  const isValid = remembering(algorithm, text, key, signature);
  // In the order of asking, which threads would not keep.
  if (told) queueMicrotask(() => told(null, isValid));
  return isValid;
}) as typeof crypto.verify;
syncBuiltinESMExports();
