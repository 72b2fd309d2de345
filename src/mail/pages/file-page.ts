// `/m/TOKEN/files/ATTACHMENT`: a file of the conversation, for whom the mail was for, and for nobody who has the link alone.
import type pg from "pg";
import type { PageRequest, PageResponse } from "../../http/pages.ts";
import type { SendFile } from "../../http/send-file.ts";
import { createReader } from "../../store/read/reader.ts";
import { findLinkedMail, horizonOf } from "./linked-mail.ts";
import { answerNotFound, answerPage, guardingHeaders, html } from "./page.ts";
import { sessionTokensOf } from "./session-cookie.ts";
import type { Sessions } from "./sessions.ts";

export interface FilePageOptions {
  readonly pool: pg.Pool;
  readonly sessions: Sessions;
  readonly sendFile: SendFile;
}

export function createFilePage({ pool, sessions, sendFile }: FilePageOptions) {
  return async (request: PageRequest, response: PageResponse, token: string, attachment: string): Promise<void> => {
    const mail = request.method === "POST" ? null : await findLinkedMail(pool, "link", token);
    if (mail === null) return answerNotFound(response);
    // Before the file is looked for: a stranger is not told which there are.
    if (!(await sessions.isOpen(mail, sessionTokensOf(request)))) return answerSignedOut(response, `/m/${token}`);
    const reader = createReader(pool);
    const view = await reader.viewUpTo(mail.conversation, horizonOf(mail));
    for (const [name, value] of Object.entries(guardingHeaders)) response.setHeader(name, value);
    if (view && (await sendFile(request, response, { reader, view, attachment }))) return;
    answerPage(response, {
      status: 404,
      title: "Not found",
      main: html`<h1>Not found</h1>
<p>There is no such file here, or not any more. <a href="/m/${token}">To the conversation</a></p>`,
    });
  };
}

/** @param path of the conversation's page */
function answerSignedOut(response: PageResponse, path: string): void {
  answerPage(response, {
    status: 403,
    title: "Not signed in",
    main: html`<h1>Files are for who takes part</h1>
<p>This browser is not signed in to the conversation. <a href="${path}">Have a code sent</a>, then open the file again.</p>`,
  });
}
