// The pages behind links in mails, under `/m/`: which page a path is of.
import type { Pages } from "../../http/pages.ts";
import type { Logger } from "../../observe/logger.ts";
import { type ConfirmPageOptions, createConfirmPage } from "./confirm-page.ts";
import { createFilePage, type FilePageOptions } from "./file-page.ts";
import { guarded } from "./guarded.ts";
import { createLinkPage, type LinkPageOptions } from "./link-page.ts";
import { createMutePage } from "./mute-page.ts";
import { answerNotFound } from "./page.ts";

export interface PagesBehindLinksOptions extends LinkPageOptions, ConfirmPageOptions, FilePageOptions {
  readonly pool: LinkPageOptions["pool"];
  readonly log: Logger;
}

export function createPagesBehindLinks(options: PagesBehindLinksOptions): Pages {
  const link = createLinkPage(options);
  const file = createFilePage(options);
  const mute = createMutePage(options);
  const confirm = createConfirmPage(options);
  return {
    prefix: "/m/",
    answer: guarded(options.log, async (request, response, path) => {
      const [, , first = "", second, ...rest] = path.split("/");
      const [third, ...more] = rest;
      if (second === "files" && third !== undefined && more.length === 0) return file(request, response, first, third);
      if (rest.length > 0) return answerNotFound(response);
      if (second === undefined) return link(request, response, path, first);
      if (first === "mute") return mute(request, response, path, second);
      if (first === "confirm") return confirm(request, response, path, second);
      return answerNotFound(response);
    }),
  };
}
