// What all pages have in common when they are asked: the methods, and what is said where one cannot be answered.
import { BadRequestError } from "../../http/body.ts";
import type { Pages } from "../../http/pages.ts";
import type { Logger } from "../../observe/logger.ts";
import { answerPage, html } from "./page.ts";

/** Answers by GET and POST alone; what cannot be read, or fails, with a page that says what to do. */
export function guarded(log: Logger, answer: Pages["answer"]): Pages["answer"] {
  return async (request, response, path) => {
    try {
      if (request.method === "GET" || request.method === "HEAD" || request.method === "POST")
        return await answer(request, response, path);
      const main = html`<h1>Not so</h1><p>Pages are read by GET, and forms sent by POST.</p>`;
      answerPage(response, { status: 405, title: "Not so", main }, { allow: "GET, HEAD, POST" });
    } catch (error) {
      if (response.headersSent) throw error;
      const isTheirs = error instanceof BadRequestError;
      if (!isTheirs) log.error({ err: error }, "a page could not be answered");
      const advice = isTheirs
        ? error.message
        : "Something failed here, and is written down. Try again in a while: nothing is done twice.";
      answerPage(response, {
        status: isTheirs ? error.status : 500,
        title: "That did not work",
        main: html`<h1>That did not work</h1><p>${advice}</p>`,
      });
    }
  };
}
