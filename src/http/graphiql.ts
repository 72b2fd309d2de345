// GraphiQL, from this process alone: nothing is fetched from elsewhere.
import { renderGraphiQL } from "@graphql-yoga/render-graphiql";

const firstQuery = `# Who am I, and what do I take part in?
{
  viewer { address }
  conversations(first: 10) {
    edges { node { hash subject unread lastEvent { timestamp action model } } }
  }
}
`;

// A token in the link stands behind the #, which browsers do not send: it reaches no log.
const optionsScript = `<script>
  function parleyOptions(options) {
    const token = new URLSearchParams(location.hash.slice(1)).get("token");
    if (token) {
      sessionStorage.setItem("parley-token", token);
      history.replaceState(null, "", location.pathname + location.search);
    }
    const kept = sessionStorage.getItem("parley-token");
    if (kept) options.headers = JSON.stringify({ authorization: "Bearer " + kept }, null, 2);
    return options;
  }
</script>`;

let page: string | null = null;

/** The page; the same for everybody. A link to it may end in `#token=TOKEN`, which is then sent with every request. */
export function graphiqlPage(): string {
  if (page !== null) return page;
  const options = JSON.stringify({ title: "Parley", endpoint: "/graphql", subscriptionsProtocol: "SSE", defaultQuery: firstQuery });
  const html = renderGraphiQL({ title: "Parley", endpoint: "/graphql", subscriptionsProtocol: "SSE", defaultQuery: firstQuery });
  // The options are the last thing in the page, as JSON; the scripts before them are long.
  const at = html.lastIndexOf(options);
  if (at < 0) throw new Error("GraphiQL's page has changed: its options are not where they were");
  const wrapped = `${html.slice(0, at)}parleyOptions(${options})${html.slice(at + options.length)}`;
  page = wrapped.replace("<div id=\"root\"></div>", () => `<div id="root"></div>${optionsScript}`);
  return page;
}
