// Tries of section 2 that show other lists of keys than before. They come last, for whoever saw a list that does not hold may not
// ask again for some minutes.
import { signingKey } from "../../protocol/signature.ts";
import { LeftOut } from "../left-out.ts";
import { keyAt, withNewKey, withRevoked } from "../played-keys.ts";
import { now } from "../played-log.ts";
import { type Stage, wordOf } from "../stage.ts";
import { type Try, tryOf } from "../try.ts";
import { smallOrderKey, smallOrderSignature } from "./requests.ts";

/** A GET under that key; asked again where they cannot look it up now. */
async function underKey(stage: Stage, key: Stage["signer"]["key"]): Promise<string> {
  const { signer } = stage;
  let word = "";
  await stage.until(async () => {
    word = wordOf(await stage.request({ method: "GET", path: "/f/auth/", signing: { signer: { ...signer, key } } }));
    return !word.startsWith("503");
  });
  return word.startsWith("2") ? "2xx" : word;
}

/** Whoever was shown a list that does not hold may keep that for so long, at least. */
const keptMs = 5 * 60_000;

const notAfterBroken = ({ keys }: Stage): void => {
  const { brokenAt } = keys.held();
  if (brokenAt !== null && Date.parse(now()) - Date.parse(brokenAt) < keptMs)
    throw new LeftOut("they were shown a list that does not hold less than five minutes ago, and may still keep that");
};

export const keyTries: readonly Try[] = [
  tryOf("M36", "a GET under a key that was listed just now", "2xx", async (stage) => {
    notAfterBroken(stage);
    await stage.keys.hold(withNewKey(stage.keys.held()));
    return underKey(stage, keyAt(stage.keys.held(), -1));
  }),
  tryOf("M37", "a GET under a key that is revoked by now", "401 UNKNOWN_KEY", async (stage) => {
    notAfterBroken(stage);
    const { keys } = stage;
    const given = keyAt(keys.held(), -1);
    await keys.hold(withNewKey(withRevoked(keys.held(), given, now())));
    // They learn of the one when they look for the other.
    const learned = await underKey(stage, keyAt(keys.held(), -1));
    return learned === "2xx" ? underKey(stage, given) : `${learned} to the key beside it`;
  }),
  tryOf(
    "M36",
    "the signature that fits every text, under a key of small order that is listed",
    ["401 BAD_SIGNATURE", "401 UNKNOWN_KEY", "503 KEYS_UNREACHABLE"],
    async (stage) => {
      const { keys, played, signer } = stage;
      const { list } = withNewKey(keys.held());
      const small = list.keys.map((listed, index) =>
        index === list.keys.length - 1 ? { ...listed, key: smallOrderKey } : listed,
      );
      played.show({ ...list, keys: small });
      const parameters = { keyid: `${signer.platform}/${smallOrderKey}` };
      const signing = { parameters, signature: smallOrderSignature };
      const answer = await stage.request({ method: "GET", path: "/f/auth/", signing });
      played.show(keys.held().list);
      return wordOf(answer);
    },
  ),
  tryOf(
    "M37",
    "a GET under a new key that no earlier one vouches for",
    ["401 UNKNOWN_KEY", "503 KEYS_UNREACHABLE"],
    async (stage) => {
      const { keys, played } = stage;
      const broken = withNewKey(keys.held());
      const [listed, ...earlier] = broken.list.keys.toReversed();
      const [first] = broken.list.keys;
      if (!listed || !first) throw new Error("there is no key");
      await keys.hold({ ...keys.held(), brokenAt: now() });
      played.show({ ...broken.list, keys: [...earlier.toReversed(), { ...listed, signature: first.signature }] });
      const word = await underKey(stage, signingKey(Buffer.from(broken.seeds.at(-1) ?? "", "base64url")));
      played.show(keys.held().list);
      return word;
    },
  ),
];
