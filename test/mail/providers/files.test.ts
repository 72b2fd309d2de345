import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { filesProvider } from "../../../src/mail/providers/files.ts";
import { readMail } from "../out/given.ts";
import { aMail } from "./given.ts";

test("a mail is one file, however often it is handed over, and is known by it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "parley-files-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true }));
  const provider = stack.use(filesProvider(join(folder, "mail")));
  const mail = aMail();
  const asked = { id: mail.id, messageId: mail.messageId, triedAt: new Date(0) };
  expect(await provider.wasSent(asked)).toEqual({ kind: "not-sent" });
  const file = join(folder, "mail", `${mail.id}.eml`);
  const sent = { kind: "sent", providerId: null, code: "250", answer: "written" };
  expect(await provider.send([mail, mail])).toEqual([sent, sent]);
  expect(await provider.wasSent(asked)).toEqual({ kind: "sent", providerId: null });
  expect(await readdir(join(folder, "mail"))).toEqual([`${mail.id}.eml`]);
  expect(await readMail(await readFile(file))).toMatchObject({ subject: mail.subject, from: mail.from, to: [mail.to] });
});

test("where no file can be written, the mail waits", async () => {
  const provider = filesProvider("/dev/null/mail");
  expect(await provider.send([aMail()])).toMatchObject([{ kind: "refused", isPermanent: false, code: "ENOTDIR" }]);
});
