// Which provider mails go out by.
import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import { filesProvider } from "./files.ts";
import type { MailProvider } from "./provider.ts";

/** The one of the settings. */
export function createProvider({ mail, dataFolder }: Pick<Config, "mail" | "dataFolder">): MailProvider {
  switch (mail.provider.kind) {
    default:
      return filesProvider(join(dataFolder, "mail"));
  }
}
