// What reports say of a mail of ours, in the forms of the standards and without one.
import { expect, test } from "vitest";
import { parseIncoming } from "../../../src/mail/in/parse-incoming.ts";
import { reportOf } from "../../../src/mail/in/report.ts";

const read = async (lines: string) => {
  const mail = await parseIncoming(Buffer.from(lines.replaceAll("\n", "\r\n")));
  if ("refused" in mail) throw new Error(mail.refused);
  return reportOf(mail);
};

const reportWith = (type: string, parts: readonly string[]) =>
  `From: MAILER-DAEMON@b.example\nContent-Type: multipart/report; report-type=${type}; boundary=b\n\n${parts.map((part) => `--b\n${part}\n`).join("")}--b--\n`;

const original =
  "Content-Type: text/rfc822-headers\n\nMessage-ID: <m1@mail.a.example>\nX-Parley-Mail: 7\nSubject: a\n long one\n";

const status = (...recipients: readonly string[]) =>
  `Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.b.example\nArrival-Date: Mon, 4 Mar 2024 09:30:00 +0100\n\n${recipients.join("\n\n")}\n`;

test("a bounce says whom it did not reach, for good or not, why, and of which mail", async () => {
  const report = await read(
    reportWith("delivery-status", [
      "\nSorry.\n",
      status(
        "Original-Recipient: rfc822;Bob@B.Example\nFinal-Recipient: rfc822; bob@inner.b.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1\n No such user",
        "Final-Recipient: rfc822; carol@b.example\nAction: delayed\nStatus: 4.4.1\nWill-Retry-Until: Fri, 8 Mar 2024 09:30:00 +0100",
        "Final-Recipient: rfc822; dora@b.example\nAction: failed\nStatus: 4.2.2 (mailbox full)",
        "Final-Recipient: rfc822; erin@b.example\nAction: relayed\nStatus: 2.1.5",
        "Final-Recipient: x400; /C=US/\nAction: failed",
      ),
      original,
    ]),
  );
  expect(report).toMatchObject({
    kind: "bounce",
    messageId: "m1@mail.a.example",
    recipients: [
      { address: "bob@b.example", outcome: "failed", status: "5.1.1", diagnostic: "550 5.1.1 No such user" },
      { address: "carol@b.example", outcome: "delayed", status: "4.4.1", diagnostic: "" },
      { address: "dora@b.example", outcome: "temporary", status: "4.2.2", diagnostic: "" },
      { address: "erin@b.example", outcome: "delivered", status: "2.1.5", diagnostic: "" },
      { address: null, outcome: "failed", status: null, diagnostic: "" },
    ],
  });
  expect(report?.about).toContainEqual({ name: "x-parley-mail", value: "7" });
  expect(report?.about).toContainEqual({ name: "subject", value: "a long one" });
});

test("a bounce that has the whole mail knows it too", async () => {
  const whole =
    "Content-Type: message/rfc822\n\nMessage-ID: <m2@mail.a.example>\nTo: bob@b.example\n\nMessage-ID: <words@x.example>\n";
  const report = await read(
    reportWith("delivery-status", [
      "\nSorry.\n",
      status("Final-Recipient: rfc822;bob@b.example\nAction: failed\nStatus: 5.0.0"),
      whole,
    ]),
  );
  expect(report?.messageId).toBe("m2@mail.a.example");
});

test("a complaint says who complained", async () => {
  const feedback =
    "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: X/1\nVersion: 1\nOriginal-Rcpt-To: <bob@b.example>\n";
  expect(await read(reportWith("feedback-report", ["\nSpam.\n", feedback, original]))).toMatchObject({
    ...{ kind: "complaint", messageId: "m1@mail.a.example" },
    recipients: [{ address: "bob@b.example", outcome: "failed", status: null, diagnostic: "abuse" }],
  });
  const bare = "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n";
  const to = "Content-Type: message/rfc822\n\nTo: Bob <bob@b.example>\nMessage-ID: <m3@mail.a.example>\n\nx\n";
  expect((await read(reportWith("feedback-report", ["\nSpam.\n", bare, to])))?.recipients[0]?.address).toBe(
    "bob@b.example",
  );
});

test("a bounce of no form is read by its header and its words", async () => {
  const report = await read(
    "From: x@b.example\nX-Failed-Recipients: bob@b.example, carol@b.example\n\nIt failed:\n  550 5.7.1 Blocked\n",
  );
  expect(report).toMatchObject({
    kind: "bounce",
    messageId: null,
    recipients: [
      { address: "bob@b.example", outcome: "failed", status: "5.7.1", diagnostic: "550 5.7.1 Blocked" },
      { address: "carol@b.example", outcome: "failed", status: "5.7.1" },
    ],
  });
});

test("what people write is no report, nor is a receipt", async () => {
  expect(await read("From: bob@b.example\n\n550 5.1.1 is a code.\n")).toBeNull();
  const receipt =
    "Content-Type: message/disposition-notification\n\nFinal-Recipient: rfc822;bob@b.example\nDisposition: manual-action/MDN-sent-manually; displayed\n";
  expect(await read(reportWith("disposition-notification", ["\nRead.\n", receipt]))).toBeNull();
});

test("a report on a hundred thousand recipients is read in part", async () => {
  const many = status(
    ...Array.from(
      { length: 100_000 },
      (_, at) => `Final-Recipient: rfc822;r${at}@b.example\nAction: failed\nStatus: 5.1.1`,
    ),
  );
  expect((await read(reportWith("delivery-status", [many])))?.recipients).toHaveLength(100);
});
