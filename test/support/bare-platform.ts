// A platform of which there is nothing but a name, keys and an HTTP server: it says what a test has it say. What it is asked
// and was not told to answer is an error.
import { type Answer, type Asking, ask, type Tested } from "../../src/conformance/asking.ts";
import { firstKeys, keyAt } from "../../src/conformance/played-keys.ts";
import { type Answered, type Asked, openPlayedPlatform } from "../../src/conformance/played-platform.ts";
import { type Result, resultsSchema } from "../../src/federation/batch.ts";
import { sha256 } from "../../src/protocol/hash.ts";
import type { KeyList } from "../../src/protocol/key-list.ts";
import type { Signer } from "../../src/protocol/seal.ts";
import type { TestPlatform } from "./platform.ts";

/** Null: that was not expected. A promise keeps the caller waiting. */
export type Answering = (asked: Asked) => Answered | null | Promise<Answered | null>;

export interface BarePlatform extends AsyncDisposable {
  readonly name: string;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly signer: Signer;
  readonly keys: KeyList;
  /** From now on. At the start nothing is expected. */
  answers(answering: Answering): void;
  /** All that it was asked, `GET /f/…`, but for its keys. */
  readonly heard: readonly string[];
  /** Shows another list of keys, which need not hold. */
  shows(list: KeyList): void;
  /** Asks another platform; signed, where nothing else is said. */
  asks(of: TestPlatform | Tested, asking: Asking): Promise<Answer>;
  /** Hands over a batch. @throws Error where the answer is none of a batch */
  hands(to: TestPlatform | Tested, ...entries: readonly unknown[]): Promise<readonly Result[]>;
}

/** @param port any that is free, where it is left out */
export async function startBarePlatform(name: string, port = 0): Promise<BarePlatform> {
  const keys = firstKeys(name);
  const signer = { platform: name, key: keyAt(keys, 0) };
  const heard: string[] = [];
  const unexpected: string[] = [];
  let answering: Answering = () => null;
  const answer = async (asked: Asked): Promise<Answered> => {
    const what = `${asked.method} ${asked.target}`;
    heard.push(what);
    const answered = await answering(asked);
    if (answered !== null) return answered;
    unexpected.push(what);
    return { status: 500 };
  };
  const played = await openPlayedPlatform({ list: keys.list, host: "127.0.0.1", port, answer });
  const testedOf = (one: TestPlatform | Tested): Tested =>
    "core" in one ? { name: one.core.config.platform, base: new URL(one.url) } : one;
  return {
    name,
    url: `http://127.0.0.1:${played.port}`,
    signer,
    keys: keys.list,
    heard,
    shows: played.show,
    answers: (next) => {
      answering = next;
    },
    asks: (of, asking) => ask(testedOf(of), signer, asking),
    hands: async (to, ...entries) => {
      const body = Buffer.from(JSON.stringify({ entries }));
      const { status, json } = await ask(testedOf(to), signer, {
        method: "POST",
        path: `/f/evt/${sha256(body)}/`,
        body,
      });
      if (status !== 200) throw new Error(`${status} ${JSON.stringify(json)}`);
      return resultsSchema.parse(json).results;
    },
    [Symbol.asyncDispose]: async () => {
      await played[Symbol.asyncDispose]();
      if (unexpected.length > 0) throw new Error(`${name} was asked what it did not expect: ${unexpected.join(", ")}`);
    },
  };
}
