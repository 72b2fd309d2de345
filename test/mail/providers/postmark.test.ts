import { expect, test } from "vitest";
import { postmarkProvider } from "../../../src/mail/providers/postmark.ts";
import { freePort } from "../../support/free-port.ts";
import { type PostmarkFault, startPostmark } from "../../support/postmark.ts";
import { aMail, domain } from "./given.ts";

const stream = "outbound";

test("mails are handed over in one request, with their own ids, and an outcome each", async () => {
  await using postmark = await startPostmark();
  await using provider = postmarkProvider({ ...postmark, stream });
  postmark.refused.set("inactive@mail.example", 406).set("wrong@mail.example", 300).set("later@mail.example", 405);
  const to = (address: string) => aMail({ to: { name: null, address } });
  const first = aMail({
    inReplyTo: `earlier@${domain}`,
    from: { name: 'An"n\\ via Parley', address: `reply@${domain}` },
  });
  const mails = [first, to("inactive@mail.example"), to("wrong@mail.example"), to("later@mail.example"), aMail()];
  const outcomes = await provider.send(mails);
  expect(outcomes).toEqual([
    { kind: "sent", code: "0", answer: "OK", providerId: postmark.taken[0]?.MessageID },
    { kind: "refused", isPermanent: true, isSuppressed: true, code: "406", answer: "refused with 406" },
    { kind: "refused", isPermanent: true, isSuppressed: false, code: "300", answer: "refused with 300" },
    { kind: "refused", isPermanent: false, isSuppressed: false, code: "405", answer: "refused with 405" },
    { kind: "sent", code: "0", answer: "OK", providerId: postmark.taken[1]?.MessageID },
  ]);
  expect(postmark.batches).toEqual([5]);
  expect(postmark.taken[0]).toMatchObject({
    From: `"An\\"n\\\\ via Parley" <reply@${domain}>`,
    To: '"Nina" <nina@mail.example>',
    Subject: "Lunch",
    MessageStream: stream,
    Metadata: { mail: first.id },
    TrackOpens: false,
  });
  expect(postmark.taken[0]?.Headers).toEqual([
    { Name: "Message-ID", Value: `<${first.messageId}>` },
    { Name: "X-PM-KeepID", Value: "true" },
    { Name: "In-Reply-To", Value: `<earlier@${domain}>` },
    { Name: "References", Value: first.references.map((id) => `<${id}>`).join(" ") },
    { Name: "X-Parley-Mail", Value: first.id },
  ]);
});

const again = { kind: "refused", isPermanent: false };
const unknown = { kind: "unknown" };

test.each<[string, PostmarkFault, object]>([
  ["too many requests", { status: 429, retryAfter: 7 }, { ...again, code: "429/429", retryAfterMs: 7_000 }],
  ["maintenance", { status: 503, body: { ErrorCode: 100, Message: "Maintenance" } }, { ...again, code: "503/100" }],
  ["a fault of its own", { status: 500, body: "<html>" }, { ...again, code: "500" }],
  ["a gateway that waited in vain", { status: 504, body: "" }, { ...unknown, code: "504" }],
  [
    "an account that may not send",
    { status: 422, body: { ErrorCode: 413, Message: "May not send" } },
    { ...again, code: "422/413" },
  ],
  ["what is no answer", { status: 200, body: "OK" }, unknown],
  ["fewer outcomes than mails", { status: 200, body: [] }, unknown],
  ["nothing, and closes", "close", unknown],
])("%s is understood for each mail of a batch", async (_, fault, expected) => {
  await using postmark = await startPostmark();
  await using provider = postmarkProvider({ ...postmark, stream });
  postmark.fault = fault;
  const outcomes = await provider.send([aMail(), aMail()]);
  expect(outcomes).toMatchObject([expected, expected]);
});

test("a wrong token, and an API that is out of reach, are to be tried again", async () => {
  await using postmark = await startPostmark();
  await using wrong = postmarkProvider({ ...postmark, stream, token: "wrong" });
  expect(await wrong.send([aMail()])).toMatchObject([{ ...again, code: "401/10" }]);
  await using far = postmarkProvider({ ...postmark, stream, origin: `http://127.0.0.1:${await freePort()}` });
  expect(await far.send([aMail()])).toMatchObject([{ ...again, code: "unreachable" }]);
});

test("what was taken over without an answer is found by its metadata, and a no is believed only later", async () => {
  await using postmark = await startPostmark();
  await using provider = postmarkProvider({ ...postmark, stream });
  const [mail, other] = [aMail(), aMail()];
  const asked = { id: mail.id, messageId: mail.messageId, triedAt: new Date() };
  const longAgo = new Date(Date.now() - 3_600_000);
  postmark.fault = "take and close";
  expect(await provider.send([mail])).toMatchObject([unknown]);
  postmark.isSearchable = false;
  expect(await provider.wasSent(asked)).toEqual({ kind: "later" });
  postmark.isSearchable = true;
  expect(await provider.wasSent(asked)).toEqual({ kind: "sent", providerId: postmark.taken[0]?.MessageID });
  expect(await provider.wasSent({ ...asked, id: other.id, triedAt: longAgo })).toEqual({ kind: "not-sent" });
  await using wrong = postmarkProvider({ ...postmark, stream, token: "wrong" });
  await expect(wrong.wasSent({ ...asked, triedAt: longAgo })).rejects.toThrow("API token");
});
