// Tries of sections 5 and 6: paths, bounds, and what a batch may be.
import { batchLimits } from "../../federation/batch.ts";
import { sha256 } from "../../protocol/hash.ts";
import { answerTo, begin } from "../asking.ts";
import { LeftOut } from "../left-out.ts";
import { batchOf, type Stage, wordOf } from "../stage.ts";
import { type Try, tryOf } from "../try.ts";

const receipt = { receipt: { conversation: sha256("none"), participant: sha256("none"), seq: 1 } };

const get =
  (path: string, method = "GET") =>
  async (stage: Stage) =>
    wordOf(await stage.request({ method, path }));
const post = (text: string) => async (stage: Stage) => wordOf(await stage.post(Buffer.from(text)));

export const batchTries: readonly Try[] = [
  tryOf("M44", "GET of a path that is none", "404 NOT_FOUND", get("/f/nothing/")),
  tryOf("M44", "DELETE /f/auth/", "404 NOT_FOUND", get("/f/auth/", "DELETE")),
  tryOf("M44", "GET of a conversation that is none", "404 NOT_FOUND", get(`/f/${sha256("none")}/`)),
  tryOf("M44", "GET of the events of one", "404 NOT_FOUND", get(`/f/${sha256("none")}/events/?after=0`)),
  tryOf("M45", "a batch under the hash of another", "400 WRONG_HASH", async (stage) =>
    wordOf(await stage.post(batchOf([receipt]), `/f/evt/${sha256("another")}/`)),
  ),
  tryOf("M46", "a body of more than 4 MiB", ["413 TOO_LARGE", "the connection was closed"], async (stage) => {
    const body = Buffer.alloc(batchLimits.bytes + 1, " ");
    try {
      return wordOf(await stage.post(body));
    } catch (error) {
      return isClosing(error) ? "the connection was closed" : String(error);
    }
  }),
  tryOf("M43", "a body that says that it is compressed", "415 ENCODED", async (stage) => {
    const body = batchOf([receipt]);
    const headers = { "content-encoding": "gzip" };
    return wordOf(await stage.request({ method: "POST", path: `/f/evt/${sha256(body)}/`, body, headers }));
  }),
  tryOf("M46", "another request while the body of one does not come", "2xx", async (stage) => {
    // Sent at the start; by now it still waits.
    if (stage.slowBody === null) throw new LeftOut("a slow body was not sent");
    const word = await get("/f/auth/")(stage);
    return word.startsWith("2") ? "2xx" : word;
  }),
  tryOf("M48", "a body that is not JSON", "422 MALFORMED", post("{")),
  tryOf("M48", "a body that is not UTF-8", "422 MALFORMED", async (stage) =>
    wordOf(await stage.post(Buffer.from('{"entries":[{"\xff":1}]}', "latin1"))),
  ),
  tryOf("M48", "an object without entries", "422 MALFORMED", post("{}")),
  tryOf("M48", "an object with more than entries", "422 MALFORMED", post('{"entries":[{}],"more":1}')),
  tryOf("M48", "no entries", "422 MALFORMED", post('{"entries":[]}')),
  tryOf("M48", "1,001 entries", "422 MALFORMED", async (stage) =>
    wordOf(await stage.post(batchOf(Array.from({ length: batchLimits.entries + 1 }, () => receipt)))),
  ),
  tryOf("M48", "an entry of no known kind, and a receipt", "rejected BAD_FORM, accepted", (stage) =>
    stage.results({ rumour: 1 }, receipt),
  ),
  tryOf("M48", "an entry that is two, and a receipt", "rejected BAD_FORM, accepted", (stage) =>
    stage.results({ ...receipt, head: { conversation: sha256("none"), seq: 1, hash: sha256("none") } }, receipt),
  ),
  tryOf("M48", "a receipt for seq 0, and one of 1", "rejected BAD_FORM, accepted", (stage) =>
    stage.results({ receipt: { ...receipt.receipt, seq: 0 } }, receipt),
  ),
  // Where we were met before, something may be owed.
  tryOf("M70", "that we lost something, though nothing was ever ours", ["accepted", "later"], (stage) =>
    stage.results({ lost: { at: new Date().toISOString() } }),
  ),
  tryOf("M48", "that we lost something at no time, and a receipt", "rejected BAD_FORM, accepted", (stage) =>
    stage.results({ lost: { at: "yesterday" } }, receipt),
  ),
];

/** A batch of which a part never comes, and what becomes of it. */
export function sendSlowBody({ tested, signed }: Pick<Stage, "tested" | "signed">, waitMs: number): Promise<string> {
  const body = batchOf([receipt]);
  const asking = { method: "POST", path: `/f/evt/${sha256(body)}/`, body };
  const request = begin(tested, asking.method, asking.path, signed(asking), AbortSignal.timeout(waitMs));
  request.write(body.subarray(0, 5));
  return answerTo(request).then(
    ({ status }) => (status === 408 ? "408" : String(status)),
    (error: unknown) => (isClosing(error) ? "the connection was closed" : `still waiting after ${waitMs / 1_000} s`),
  );
}

export const slowBodyTry: Try = tryOf(
  "M46",
  "a body that does not come",
  ["408", "400", "the connection was closed"],
  async ({ slowBody }) => {
    if (slowBody === null) throw new LeftOut("a slow body was not sent");
    return slowBody;
  },
);

const isClosing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ECONNRESET" || error.code === "EPIPE");
