// GraphiQL, from this process alone: nothing is fetched from elsewhere, and the page may not.
import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { graphiqlTabs } from "./graphiql-tabs.ts";

const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "connect-src 'self'",
  // The editor writes its colours into style elements.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const logo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="32" height="32"><path fill="#4a6cf7" d="M4 5h18a3 3 0 0 1 3 3v9a3 3 0 0 1-3 3H12l-6 5v-5H4a3 3 0 0 1-3-3V8a3 3 0 0 1 3-3z"/><path fill="#8fd3a8" d="M28 11a3 3 0 0 1 3 3v8a3 3 0 0 1-3 3v4l-5-4h-7a3 3 0 0 1-3-3h9a5 5 0 0 0 5-5v-6z"/></svg>`;

// A token in the link stands behind the #, which browsers do not send: it reaches no log. It is kept for this window alone,
// and the tabs with it: two people may be signed in, each in a window of their own.
const startScript = (version: string) => `
const token = new URLSearchParams(location.hash.slice(1)).get("token");
if (token) {
  sessionStorage.clear();
  sessionStorage.setItem("parley-token", token);
}
// GraphiQL writes the query into the address, and after a reload looks for the tab that it kept by what was written last:
// else each reload would open one tab more.
if (performance.getEntriesByType("navigation")[0]?.type !== "navigate") history.replaceState(null, "", location.pathname);
const { tabs = [], activeTabIndex = 0 } = JSON.parse(sessionStorage.getItem("graphiql:tabState") ?? "{}");
for (const part of ["query", "variables", "headers"]) sessionStorage.setItem("graphiql:" + part, tabs[activeTabIndex]?.[part] ?? "");
history.replaceState(null, "", location.pathname + location.search);
addEventListener("hashchange", () => location.reload());
self.MonacoEnvironment = { getWorkerUrl: (_, label) => "/graphiql/" + label + ".js?${version}" };
const kept = sessionStorage.getItem("parley-token");
const headers = JSON.stringify({ authorization: kept ? "Bearer " + kept : "" }, null, 2);
YogaGraphiQL.renderYogaGraphiQL(document.querySelector("#root"), {
  endpoint: "/graphql",
  title: "Parley",
  logo: ${JSON.stringify(logo)},
  storage: sessionStorage,
  subscriptionsProtocol: "SSE",
  method: "POST",
  headers,
  defaultTabs: ${JSON.stringify(graphiqlTabs)}.map((tab) => ({ ...tab, headers })),
});
`;

const pageOf = (version: string) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Parley: GraphiQL</title>
    <link rel="icon" href="data:image/svg+xml,${encodeURIComponent(logo)}">
    <link rel="stylesheet" href="/graphiql/graphiql.css?${version}">
    <style>body { margin: 0 } #root { height: 100vh }</style>
  </head>
  <body class="no-focus-outline">
    <noscript>GraphiQL needs JavaScript.</noscript>
    <div id="root">Loading …</div>
    <script src="/graphiql/graphiql.js?${version}"></script>
    <script src="/graphiql/start.js?${version}"></script>
  </body>
</html>
`;

interface Graphiql {
  readonly page: string;
  /** By path: nine megabytes in all, so they are kept zipped, and browsers keep them. */
  readonly files: ReadonlyMap<string, { readonly type: string; readonly zipped: Buffer }>;
}

let loading: Promise<Graphiql> | null = null;

/**
 * Answers with GraphiQL's page, the same for everybody, or with a file of it. A link to the page may end in
 * `#token=TOKEN`, which then stands in the headers of every tab.
 * @returns false where the path is none of these
 */
export async function answerGraphiql(path: string, response: ServerResponse): Promise<boolean> {
  if (path !== "/graphql" && !path.startsWith("/graphiql/")) return false;
  loading ??= load();
  const { page, files } = await loading;
  if (path === "/graphql") {
    response.writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-cache",
      "content-security-policy": contentSecurityPolicy,
      "referrer-policy": "no-referrer",
      vary: "accept",
    });
    response.end(page);
    return true;
  }
  const file = files.get(path);
  if (!file) return false;
  response.writeHead(200, {
    "content-type": `${file.type}; charset=utf-8`,
    "content-encoding": "gzip",
    "content-length": file.zipped.length,
    "cache-control": "public, max-age=31536000, immutable",
  });
  response.end(file.zipped);
  return true;
}

async function load(): Promise<Graphiql> {
  const { css, editorWorkerService, graphqlWorker, js, jsonWorker } = await import(
    "@graphql-yoga/render-graphiql/graphiql"
  );
  const version = createHash("sha256").update(js).update(startScript("")).digest("base64url").slice(0, 8);
  const script = "text/javascript";
  const texts = [
    ["/graphiql/graphiql.css", "text/css", css],
    ["/graphiql/graphiql.js", script, js],
    ["/graphiql/start.js", script, startScript(version)],
    // Named as the editor asks for them.
    ["/graphiql/editorWorkerService.js", script, editorWorkerService],
    ["/graphiql/json.js", script, jsonWorker],
    ["/graphiql/graphql.js", script, graphqlWorker],
  ] as const;
  const zip = promisify<string, Buffer>(gzip);
  const files = texts.map(async ([path, type, text]) => [path, { type, zipped: await zip(text) }] as const);
  return { page: pageOf(version), files: new Map(await Promise.all(files)) };
}
