// Query.search

import { GraphQLError } from "graphql";
import { isCanonicalText } from "../../protocol/canonical-json.ts";
import { isBase64url32 } from "../../protocol/encoding.ts";
import { parseSearch } from "../../search/grammar.ts";
import { type SnippetPart, snippetOf } from "../../search/snippet.ts";
import type { SearchHitRow } from "../../store/read/search.ts";
import { hitsMax, type SearchCursor } from "../../store/read/search-statement.ts";
import type { ConversationView } from "../../store/read/views.ts";
import { badInput, builder, connectionOf, type Placed, pageRequest } from "../builder.ts";
import { AttachmentType } from "../types/Attachment.ts";
import { ConversationType } from "../types/Conversation.ts";
import { MessageType } from "../types/Message.ts";
import { ParticipantType } from "../types/Participant.ts";

interface HitSource {
  readonly of: ConversationView;
  readonly hit: SearchHitRow;
}

interface FoundSource {
  readonly of: ConversationView;
  readonly hits: readonly HitSource[];
}

const HitKindType = builder.enumType("SearchHitKind", {
  description: "What kind of text it is.",
  values: {
    MESSAGE: { description: "The words of a message." },
    SUBJECT: { description: "The subject." },
    FILE: { description: "A file's title." },
    PERSON: { description: "Name and address of somebody who takes or took part." },
  } satisfies Record<SearchHitRow["kind"], { description: string }>,
});

/** Made once, however many aliases ask for it: texts are long. */
const snippets = new WeakMap<SearchHitRow, SnippetPart[]>();

function snippetOnce(hit: SearchHitRow): SnippetPart[] {
  const snippet = snippets.get(hit) ?? [...snippetOf(hit.text, hit.needles)];
  snippets.set(hit, snippet);
  return snippet;
}

const SnippetPartType = builder.objectRef<SnippetPart>("SnippetPart").implement({
  description: "A part of a snippet. Plain text: whoever shows it as HTML escapes it.",
  fields: (t) => ({
    text: t.exposeString("text", { description: "Its text." }),
    isHit: t.exposeBoolean("isHit", { description: "Whether it is to be marked." }),
  }),
});

const HitType = builder.objectRef<HitSource>("SearchHit").implement({
  description: "A text in which it was found.",
  fields: (t) => ({
    kind: t.field({ type: HitKindType, description: "What kind of text it is.", resolve: ({ hit }) => hit.kind }),
    at: t.field({
      type: "DateTime",
      description: "When it was said; of an imported mail, its date.",
      resolve: ({ hit }) => hit.at,
    }),
    message: t.field({
      type: MessageType,
      nullable: true,
      description: "The message, where it is one's words.",
      resolve: ({ of, hit }) => (hit.kind === "MESSAGE" ? { of, named: hit.item } : null),
    }),
    attachment: t.field({
      type: AttachmentType,
      nullable: true,
      description: "The file, where it is one's title.",
      resolve: ({ of, hit }, _, { reader }) => (hit.kind === "FILE" ? reader.attachment(of, hit.item) : null),
    }),
    participant: t.field({
      type: ParticipantType,
      nullable: true,
      description: "Who it is, where it is somebody's name or address.",
      resolve: ({ of, hit }, _, { reader }) => (hit.kind === "PERSON" ? reader.participant(of, hit.item) : null),
    }),
    snippet: t.field({
      type: [SnippetPartType],
      description: "The part of the text in which it was found, in parts to be put together.",
      resolve: ({ hit }) => snippetOnce(hit),
    }),
  }),
});

const FoundType = builder.objectRef<FoundSource>("SearchResult").implement({
  description: "A conversation in which it was found.",
  fields: (t) => ({
    conversation: t.field({ type: ConversationType, description: "The conversation.", resolve: ({ of }) => of }),
    hits: t.field({
      type: [HitType],
      description: `Where it was found: the best ${hitsMax} of it, best first.`,
      resolve: ({ hits }) => [...hits],
    }),
  }),
});

builder.queryField("search", (t) =>
  t.connection({
    type: FoundType,
    description:
      "Conversations with what people type: words, parts of words and `\"exact words\"`, `from:alice to:bob subject:lunch has:attachment before:2026-01-31 after:2026 is:unread label:work in:archive`; a hyphen leaves out (`-word`), OR and brackets choose. All of it is asked of one text at a time: a message, a subject, a file's title, somebody's name. Best first, then latest first. Not in hidden ones, SPAM and TRASH, unless `in:` or `is:hidden` says so. Signs alone between words are passed over. What cannot be understood is BAD_USER_INPUT, whose extensions say where: `start` and `end`, in UTF-16 units of `query`.",
    args: { query: t.arg.string({ required: true, description: "What to look for." }) },
    resolve: async (_, { query, ...args }, { reader, viewer }) => {
      const request = pageRequest(args, decode);
      if (!isCanonicalText(query)) throw badInput("`query` has half of a character in it, or U+0000. Take it out.");
      const parsed = parseSearch(query);
      if ("fault" in parsed) {
        const { message, start, end } = parsed.fault;
        throw new GraphQLError(message, { extensions: { code: "BAD_USER_INPUT", start, end } });
      }
      const page = await reader.search(viewer.accountId, parsed.node, request);
      const found = await Promise.all(
        page.nodes.map(async ({ cursor, row, hits }): Promise<Placed<FoundSource> | null> => {
          const of = await reader.viewOfRow(viewer.accountId, row);
          const node = of && { of, hits: hits.map((hit) => ({ of, hit })) };
          return node && { node, place: `${cursor.rank} ${cursor.at} ${cursor.id}` };
        }),
      );
      return connectionOf({ ...page, nodes: found.filter((node) => node !== null) });
    },
  }),
);

function decode(text: string): SearchCursor | null {
  const [rank = "", at = "", id = "", ...more] = text.split(" ");
  // A higher rank than there is has no room in a bigint beside the time.
  const isOurs = more.length === 0 && /^\d{1,4}$/.test(rank) && /^-?\d{1,16}$/.test(at) && isBase64url32(id);
  return isOurs ? { rank: Number(rank), at: Number(at), id } : null;
}
