// Mails as files, for development: DATA/mail/ID.eml.
import { randomUUID } from "node:crypto";
import { access, mkdir, open, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import MailComposer from "nodemailer/lib/mail-composer";
import { errorCode } from "../../store/error-code.ts";
import { mimeOptions } from "./mime.ts";
import type { MailProvider, OutgoingMail, SendOutcome } from "./provider.ts";

/** Where the file of a mail is. */
const mailFile = (folder: string, id: string): string => join(folder, `${id}.eml`);

/** @param folder is made where it is missing */
export function filesProvider(folder: string): MailProvider {
  const send = async (mail: OutgoingMail): Promise<SendOutcome> => {
    const file = mailFile(folder, mail.id);
    try {
      // Words, and codes that open conversations: nobody else's to read.
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeWhole(file, await new MailComposer(mimeOptions(mail)).compile().build());
      return { kind: "sent", providerId: null, code: "250", answer: "written" };
    } catch (error) {
      return { kind: "refused", isPermanent: false, code: errorCode(error) ?? "error", answer: String(error) };
    }
  };
  return {
    name: "files",
    batchMax: 1,
    send: (mails) => Promise.all(mails.map(send)),
    wasSent: async ({ id }) => {
      const isThere = await access(mailFile(folder, id)).then(
        () => true,
        () => false,
      );
      return isThere ? { kind: "sent", providerId: null } : { kind: "not-sent" };
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

/** The file is there whole, or not at all, also after a loss of power. */
async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  // Its own name at first: of two that write the same, neither is seen half.
  const part = `${file}.${randomUUID()}.part`;
  {
    await using handle = await open(part, "wx", 0o600);
    await handle.writeFile(bytes);
    await handle.sync();
  }
  await rename(part, file);
  // The name is in the folder's bytes, not in the file's.
  await using folder = await open(dirname(file), "r");
  await folder.sync();
}
