import { expect, test } from "vitest";
import { smtpProvider } from "../../../src/mail/providers/smtp.ts";
import { certificateFor } from "../../support/certificate.ts";
import { freePort } from "../../support/free-port.ts";
import { readMail } from "../out/given.ts";
import { aMail, domain, type Faults, startFaultyServer, startMailSink } from "./given.ts";

/** How handing over one mail goes. */
async function outcomeAt(url: string, mail = aMail(), patienceMs = 20_000) {
  await using provider = smtpProvider(url, { name: domain, patienceMs });
  const [outcome] = await provider.send([mail]);
  return outcome;
}

const outcomeWith = async (faults: Faults, mail = aMail(), patienceMs?: number) => {
  await using server = await startFaultyServer(faults);
  return await outcomeAt(server.url, mail, patienceMs);
};

test("a mail is handed over with its envelope, and reads as it was composed", async () => {
  await using sink = await startMailSink();
  const mail = aMail({ subject: "Mittagessen für alle", inReplyTo: `earlier@${domain}` });
  expect(await outcomeAt(sink.url, mail)).toMatchObject({ kind: "sent", code: "250", providerId: null });
  expect(sink.taken).toMatchObject([{ from: mail.envelopeFrom, to: [mail.to.address] }]);
  const read = await readMail(sink.taken[0]?.raw ?? "");
  expect(read).toMatchObject({
    from: mail.from,
    to: [mail.to],
    subject: mail.subject,
    messageId: `<${mail.messageId}>`,
    inReplyTo: `<${mail.inReplyTo}>`,
    references: mail.references.map((id) => `<${id}>`).join(" "),
  });
  expect(read.text?.trim()).toBe(mail.text.trim());
  expect(read.head("X-Parley-Mail")).toBe(mail.id);
});

test("many are handed over by few connections, each once, with an outcome each in their order", async () => {
  let connections = 0;
  await using sink = await startMailSink({
    onConnect: (_, done) => {
      connections++;
      done();
    },
    onRcptTo: ({ address }, _, done) => done(address.startsWith("no") ? new Error("none here") : null),
  });
  await using provider = smtpProvider(sink.url, { name: domain });
  const mails = Array.from({ length: 60 }, (_, index) =>
    aMail({ to: { name: null, address: `${index % 3 === 0 ? "no" : "yes"}${index}@mail.example` } }),
  );
  const outcomes = await provider.send(mails);
  expect(outcomes.map(({ kind }) => kind)).toEqual(mails.map((_, index) => (index % 3 === 0 ? "refused" : "sent")));
  expect(sink.taken.flatMap(({ to }) => to).sort()).toEqual(
    mails.flatMap(({ to: { address } }) => (address.startsWith("no") ? [] : [address])).sort(),
  );
  expect(connections).toBeLessThanOrEqual(5);
});

const gone = { kind: "refused", isPermanent: true };
const again = { kind: "refused", isPermanent: false };

test.each<[string, Faults, object]>([
  ["no such mailbox", { rcpt: "550 5.1.1 no such user" }, { ...gone, isSuppressed: true, code: "550" }],
  ["a mailbox that is full", { rcpt: "452 4.2.2 full" }, { ...again, isSuppressed: false, code: "452" }],
  ["a policy", { rcpt: "550 5.7.1 not from you" }, { ...gone, isSuppressed: false, code: "550" }],
  ["greylisting", { rcpt: "450 4.7.1 come again" }, { ...again, code: "450" }],
  ["DATA, for now", { data: "451 4.3.0 not now" }, { ...again, code: "451" }],
  ["the words", { end: "554 5.6.0 not these words" }, { ...gone, code: "554" }],
  ["the words, for now", { end: "451 4.3.0 not now" }, { ...again, code: "451" }],
  ["anybody, for now", { greeting: "421 4.3.2 closing" }, again],
  ["us", { greeting: "554 5.7.1 go away" }, again],
  ["to go on at the greeting", { greeting: "close" }, again],
  ["to go on at the recipient", { rcpt: "close" }, again],
  ["to go on at DATA", { data: "close" }, again],
])("a server that refuses %s is understood", async (_, faults, expected) => {
  expect(await outcomeWith(faults)).toMatchObject(expected);
});

test("where nobody listens, the mail is to be tried again", async () => {
  expect(await outcomeAt(`smtp://127.0.0.1:${await freePort()}`)).toMatchObject({ ...again, code: "ESOCKET" });
});

test("a connection that closes within the words has not taken them", async () => {
  // More than a socket holds: the rest cannot have been sent.
  const long = aMail({ text: `${"many words ".repeat(3_000_000)}\n` });
  expect(await outcomeWith({ words: "close" }, long)).toMatchObject(again);
});

test.each<[string, Faults]>([
  ["closes", { end: "close" }],
  ["says nothing", { end: "silence" }],
])("a server that %s after the last dot may have taken the mail: nobody can say", async (_, faults) => {
  expect(await outcomeWith(faults, aMail(), 1_000)).toMatchObject({ kind: "unknown" });
  await using provider = smtpProvider("smtp://127.0.0.1:1", { name: domain });
  const { id, messageId } = aMail();
  expect(await provider.wasSent({ id, messageId, triedAt: new Date(0) })).toEqual({ kind: "unknown" });
});

test("a server that says nothing before the words has not taken them", async () => {
  expect(await outcomeWith({ rcpt: "silence" }, aMail(), 1_000)).toMatchObject(again);
});

test("a wrong password is the operator's to mend: mails wait", async () => {
  await using sink = await startMailSink({ authOptional: false, onAuth: (_, __, done) => done(new Error("no")) });
  expect(await outcomeAt(sink.url.replace("://", "://user:wrong@"))).toMatchObject(again);
  expect(sink.taken).toEqual([]);
});

test("an address beyond ASCII goes out as it is", async () => {
  await using sink = await startMailSink();
  expect(await outcomeAt(sink.url, aMail({ to: { name: null, address: "niña@mail.example" } }))).toMatchObject({
    kind: "sent",
  });
  expect(sink.taken[0]?.to).toEqual(["niña@mail.example"]);
});

test("a server that takes no such address is not handed the mail: that is told, and not tried again", async () => {
  await using sink = await startMailSink({ hideSMTPUTF8: true });
  const mail = aMail({ to: { name: null, address: "müller@mail.example" } });
  expect(await outcomeAt(sink.url, mail)).toEqual({
    kind: "refused",
    isPermanent: true,
    code: "SMTPUTF8",
    answer: "The mail server takes no addresses with characters beyond ASCII (RFC 6531).",
  });
  expect(sink.taken).toEqual([]);
  // Others are, and where it cannot be asked the mail waits.
  expect(await outcomeAt(sink.url)).toMatchObject({ kind: "sent" });
  expect(await outcomeAt(`smtp://127.0.0.1:${await freePort()}`, mail)).toMatchObject(again);
  expect(await outcomeWith({ greeting: "close" }, mail)).toMatchObject(again);
});

test("whether it does is asked after STARTTLS, where that is offered", async () => {
  const secured = { disabledCommands: [], ...certificateFor("mail.example") };
  await using sink = await startMailSink(secured);
  const mail = aMail({ to: { name: null, address: "müller@mail.example" } });
  const url = `${sink.url}?tls.rejectUnauthorized=false`;
  expect(await outcomeAt(url, mail)).toMatchObject({ kind: "sent" });
  expect(sink.taken).toMatchObject([{ to: ["müller@mail.example"] }]);
});
