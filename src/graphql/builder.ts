// The schema builder: plugins, scalars, and what every type file has in common.
import SchemaBuilder from "@pothos/core";
import PrismaPlugin from "@pothos/plugin-prisma";
import RelayPlugin from "@pothos/plugin-relay";
import { GraphQLError } from "graphql";
import { isBase64url32 } from "../protocol/encoding.ts";
import { messageFormats, roles } from "../protocol/event.ts";
import type { Hash } from "../protocol/hash.ts";
import type PrismaTypes from "../store/prisma/pothos.ts";
import { getDatamodel } from "../store/prisma/pothos.ts";
import type { Page, PageRequest } from "../store/read/page.ts";
import { pageSizeDefault, pageSizeMax } from "./bounds.ts";
import type { Context } from "./context.ts";

export const builder = new SchemaBuilder<{
  Context: Context;
  PrismaTypes: PrismaTypes;
  DefaultFieldNullability: false;
  Scalars: {
    DateTime: { Input: Date; Output: Date | string };
    Hash: { Input: Hash; Output: Hash };
    JSON: { Input: never; Output: unknown };
    ID: { Input: string; Output: string };
  };
}>({
  plugins: [RelayPlugin, PrismaPlugin],
  defaultFieldNullability: false,
  prisma: { client: (context) => context.platform.database.prisma, dmmf: getDatamodel() },
  relay: {
    cursorType: "String",
    idFieldOptions: { description: "Opaque and global: for `node`." },
    nodeTypeOptions: { description: "What has a global id, and can be asked for by it." },
    nodeQueryOptions: {
      description: "What has this global id; null where the viewer has none such.",
      args: { id: { description: "A global id, as `Node.id` gives it." } },
    },
    firstArgOptions: { description: `How many from the start: 1 to ${pageSizeMax}. Default: ${pageSizeDefault}.` },
    lastArgOptions: { description: `How many from the end: 1 to ${pageSizeMax}. Not beside \`first\`.` },
    afterArgOptions: { description: "Only what comes after this cursor." },
    beforeArgOptions: { description: "Only what comes before this cursor." },
    defaultConnectionTypeOptions: { description: "One page of a list." },
    defaultEdgeTypeOptions: { description: "One of a page, with its place." },
    edgesFieldOptions: { description: "What is on the page, in the list's own order." },
    cursorFieldOptions: {
      description: "Its place in the list, for `after` and `before`. Survives what is added meanwhile.",
    },
    nodeFieldOptions: { description: "The thing itself." },
    pageInfoFieldOptions: { description: "Where the page stands in the list." },
    pageInfoTypeOptions: { description: "Where a page stands in its list." },
    hasNextPageFieldOptions: { description: "Whether more comes after this page." },
    hasPreviousPageFieldOptions: { description: "Whether more comes before this page." },
    startCursorFieldOptions: { description: "Place of the first on the page; null where the page is empty." },
    endCursorFieldOptions: { description: "Place of the last on the page; null where the page is empty." },
    nodesQueryOptions: {
      description: "What has these global ids, in their order; null for each of which the viewer has none such.",
      args: { ids: { description: `Global ids: ${pageSizeMax} at most.` } },
      resolve: (_parent, { ids }, _context, _info, resolveNodes) => {
        if (ids.length > pageSizeMax) throw badInput(`Ask for ${pageSizeMax} nodes at most.`);
        return resolveNodes(ids);
      },
    },
  },
});

builder.queryType({ description: "What the viewer has. Everything here needs a token." });
builder.mutationType({
  description: "What the viewer does. A rule that says no is an answer, not an error: see `Rejection`.",
});
builder.subscriptionType({ description: "What happens, as it happens. Over graphql-transport-ws, or over SSE." });

builder.scalarType("DateTime", {
  description: "A time, RFC 3339 in UTC with milliseconds: `2026-11-21T09:30:00.000Z`. Inputs may have another offset.",
  serialize: (value) => (value instanceof Date ? value.toISOString() : value),
  parseValue: (value) => {
    const isWritten =
      typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(value);
    const time = new Date(isWritten ? value : Number.NaN);
    // A year beyond 9999 has another form, which the protocol does not know.
    if (!isWritten || Number.isNaN(time.getTime()) || time.getUTCFullYear() > 9999 || time.getUTCFullYear() < 1)
      throw new GraphQLError("Write a time as 2026-11-21T09:30:00Z.");
    // Date takes the 30th of February for the 2nd of March, and 24:00 for the next day.
    const said = value.slice(0, 19).toUpperCase();
    if (new Date(`${said}Z`).toISOString().slice(0, 19) !== said) throw new GraphQLError(`There is no ${said}.`);
    return time;
  },
});

builder.scalarType("Hash", {
  description: "32 bytes in base64url, unpadded: a SHA-256 of the protocol, or random for what is still a draft.",
  serialize: (value) => value,
  parseValue: (value) => {
    if (typeof value !== "string" || !isBase64url32(value))
      throw new GraphQLError("A hash has 43 characters of base64url.");
    return value;
  },
});

builder.scalarType("JSON", {
  description: "A value of the protocol, as it stands in the log.",
  serialize: (value) => value,
});

export const RoleType = builder.enumType("Role", {
  description: "What a participant may do; each may all that the ones before it may.",
  values: {
    READER: { value: roles[0], description: "Reads." },
    COMMENTER: { value: roles[1], description: "Answers messages, and changes, locks and removes their own." },
    WRITER: {
      value: roles[2],
      description: "Adds messages, labels and participants up to WRITER; changes the subject and any message.",
    },
    ADMIN: { value: roles[3], description: "Everything: roles, removing anyone and anything, expiry, the lead." },
  },
});

export const MessageFormatType = builder.enumType("MessageFormat", {
  description: "How the text of a message is written.",
  values: {
    MARKDOWN: { value: messageFormats[0], description: "CommonMark, with tables and line breaks kept." },
    PLAIN: { value: messageFormats[1], description: "As it is." },
    HTML: { value: messageFormats[2], description: "HTML; shown without whatever is not safe." },
  },
});

/** A request that no client of ours would make; told as a top-level error. */
export function badInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: "BAD_USER_INPUT" } });
}

/** What connections take. */
export interface ConnectionArgs {
  readonly first?: number | null | undefined;
  readonly last?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly before?: string | null | undefined;
}

/** The page that a connection's arguments ask for. @throws GraphQLError BAD_USER_INPUT */
export function pageRequest<Cursor>(
  args: ConnectionArgs,
  decode: (cursor: string) => Cursor | null,
): PageRequest<Cursor> {
  const { first, last } = args;
  if (first != null && last != null) throw badInput("Ask for `first` or for `last`, not for both.");
  const limit = first ?? last ?? pageSizeDefault;
  if (limit < 1 || limit > pageSizeMax) throw badInput(`\`first\` and \`last\` go from 1 to ${pageSizeMax}.`);
  const place = (cursor: string | null | undefined): Cursor | null => {
    if (cursor == null) return null;
    const decoded = decode(Buffer.from(cursor, "base64url").toString());
    if (decoded === null) throw badInput("This cursor is not one of ours. Cursors come from `pageInfo` and `edges`.");
    return decoded;
  };
  return { limit, isBackward: last != null, after: place(args.after), before: place(args.before) };
}

export function seqPageRequest(args: ConnectionArgs): PageRequest<number> {
  return pageRequest(args, (text) => (/^\d{1,9}$/.test(text) ? Number(text) : null));
}

/** Something in a list, and its place there, which its cursor is made of. */
export interface Placed<Node> {
  readonly node: Node;
  readonly place: number | string;
}

/** What Relay's connections answer. */
export function connectionOf<Node>(page: Page<Placed<Node>>) {
  return new Connection(page);
}

// Cursors are made where they are asked for: a list of conversations has hundreds of participants, shown without them. By
// getters of classes, for those of object literals cost more to make than a cursor.
class Edge<Node> {
  readonly node: Node;
  readonly #place: number | string;

  constructor({ node, place }: Placed<Node>) {
    this.node = node;
    this.#place = place;
  }

  /** Opaque: base64url of the place. */
  get cursor(): string {
    return Buffer.from(String(this.#place)).toString("base64url");
  }
}

class Connection<Node> {
  readonly edges: readonly Edge<Node>[];
  readonly #page: Page<Placed<Node>>;

  constructor(page: Page<Placed<Node>>) {
    this.#page = page;
    this.edges = page.nodes.map((placed) => new Edge(placed));
  }

  get pageInfo() {
    const { hasNextPage, hasPreviousPage } = this.#page;
    const [startCursor, endCursor] = [this.edges[0]?.cursor ?? null, this.edges.at(-1)?.cursor ?? null];
    return { hasNextPage, hasPreviousPage, startCursor, endCursor };
  }
}
