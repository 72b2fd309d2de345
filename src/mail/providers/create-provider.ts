// Which provider mails go out by.
import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import { filesProvider } from "./files.ts";
import { postmarkProvider } from "./postmark.ts";
import type { MailProvider } from "./provider.ts";
import { smtpProvider } from "./smtp.ts";

/** The one of the settings. */
export function createProvider({ mail, dataFolder }: Pick<Config, "mail" | "dataFolder">): MailProvider {
  switch (mail.provider.kind) {
    case "files":
      return filesProvider(join(dataFolder, "mail"));
    case "smtp":
      return smtpProvider(mail.provider.url, { name: mail.domain });
    case "postmark":
      return postmarkProvider(mail.provider);
  }
}
