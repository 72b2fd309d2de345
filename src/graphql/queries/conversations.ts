// Query.conversations
import { toAddress } from "../../accounts/accounts.ts";
import { labelKey } from "../../conversation/body.ts";
import { isCanonicalText } from "../../protocol/canonical-json.ts";
import { isBase64url32 } from "../../protocol/encoding.ts";
import { everywhere, type ListFilter, type ListRow } from "../../store/read/conversation-list.ts";
import { pageOf, presentOf } from "../../store/read/page.ts";
import type { ListCursor } from "../../store/read/views.ts";
import { badInput, builder, connectionOf, type Placed, pageRequest } from "../builder.ts";
import type { ConversationSource } from "../find-conversation.ts";
import { asksOnly } from "../selected.ts";
import { ConversationType } from "../types/Conversation.ts";
import { shownEventFields } from "../types/Event.ts";
import { FolderFilterType } from "../types/Participation.ts";

const Filter = builder.inputType("ConversationFilter", {
  description: "Which conversations to list: those that fit all that is said here. What is left out does not matter.",
  fields: (t) => ({
    folder: t.field({
      type: FolderFilterType,
      description:
        "In this folder. Left out: in all but SPAM and TRASH. Of DRAFTS, of all else only `changedSince` can be asked.",
    }),
    label: t.string({
      description:
        "With a label of this name, whatever its case: the viewer's own, or one that all the conversation sees.",
    }),
    unread: t.boolean({ description: "With something unread; false: with nothing." }),
    person: t.string({ description: "In which this address takes or took part." }),
    changedSince: t.field({
      type: "DateTime",
      description:
        "With an event, or a change of the viewer's own, recorded since then by the platform's clock. Take some seconds before your last look: what was being written then is visible only now.",
    }),
    pinned: t.boolean({ description: "Pinned; false: not pinned." }),
    muted: t.boolean({ description: "Muted; false: not muted." }),
    hidden: t.boolean({ description: "Hidden ones alone. Default: false, which leaves them out." }),
  }),
});

type Asked = Partial<typeof Filter.$inferInput>;

builder.queryField("conversations", (t) =>
  t.connection({
    type: ConversationType,
    description:
      "What the viewer takes or took part in, latest words first. Pinned ones have no place of their own: ask for them with `pinned`.",
    args: {
      filter: t.arg({ type: Filter, description: "Which of them. Default: all but hidden ones, SPAM and TRASH." }),
    },
    resolve: async (_, { filter, ...args }, { reader, viewer }, info) => {
      const { accountId } = viewer;
      const request = pageRequest(args, decode);
      const asked = filter ?? {};
      const pageOfNodes = async <Row extends ListRow>(
        rows: readonly Row[],
        nodeOf: (row: Row) => Promise<ConversationSource | null>,
      ) => {
        const page = pageOf(rows, request);
        const placed = page.nodes.map(async (row): Promise<Placed<ConversationSource> | null> => {
          const node = await nodeOf(row);
          return node && { node, place: `${row.sort_us} ${row.id}` };
        });
        return connectionOf(presentOf(page, await Promise.all(placed)));
      };
      if (asked.folder === "DRAFTS") {
        const rows = await reader.draftRows(accountId, draftsChangedSince(asked), request);
        return pageOfNodes(rows, async ({ id }) => {
          const draft = await reader.draft(id);
          return draft && { id, draft };
        });
      }
      const rows = await reader.listRows(accountId, listFilter(asked), request, areLastEventsListed(info));
      return pageOfNodes(rows, (row) => reader.viewOfRow(accountId, row));
    },
  }),
);

/** Whether the last events are asked for, and nothing of them but what lists show. */
const areLastEventsListed = asksOnly(["edges", "node", "lastEvent"], shownEventFields);

function listFilter(asked: Asked): ListFilter {
  const { folder, label, person, ...others } = asked;
  const address = person == null ? null : toAddress(person);
  if (person != null && address === null) throw badInput("`person` is not an address. Write it as name@example.org.");
  return {
    ...everywhere,
    ...(folder != null && folder !== "SENT" && folder !== "DRAFTS" && { folders: [folder] }),
    hasSaid: folder === "SENT",
    label: label == null ? null : textOf(labelKey(label)),
    person: address,
    isUnread: others.unread ?? null,
    isPinned: others.pinned ?? null,
    isMuted: others.muted ?? null,
    isHidden: others.hidden ?? false,
    changedSince: others.changedSince ?? null,
  };
}

function draftsChangedSince({ folder: _, changedSince, ...others }: Asked): Date | null {
  if (Object.values(others).some((value) => value != null)) {
    throw badInput(
      "A draft has neither labels, people nor flags to list by: ask for DRAFTS with `changedSince` or alone.",
    );
  }
  return changedSince ?? null;
}

/** @throws GraphQLError BAD_USER_INPUT for what no text in a database can have */
function textOf(text: string): string {
  if (!isCanonicalText(text)) throw badInput("`label` is no text that a label can have.");
  return text;
}

function decode(text: string): ListCursor | null {
  const [sortUs = "", id = "", ...more] = text.split(" ");
  return more.length === 0 && /^\d{1,16}$/.test(sortUs) && isBase64url32(id) ? { sortUs: Number(sortUs), id } : null;
}
