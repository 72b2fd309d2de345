// Loading what is in conversations by its id: one query for all that is asked for in one tick.
import DataLoader from "dataloader";
import type { Hash } from "../../protocol/hash.ts";
import type { ConversationView } from "./views.ts";

export interface Key {
  readonly of: ConversationView;
  readonly id: Hash;
}

export const keyOf = ({ of, id }: Key) => `${of.id} ${of.horizon} ${id}`;

/** For `unnest($1::text[], $2::text[]) AS k(conversation_id, id)`. */
export function idsOf(keys: readonly Key[]): readonly [readonly Hash[], readonly Hash[]] {
  return [keys.map(({ of }) => of.id), keys.map(({ id }) => id)];
}

/**
 * Loads by key, each once.
 * @param read the rows of these conversations and ids, in any order
 */
export function byKey<Row extends { readonly conversation_id: Hash; readonly id: Hash }, View>(
  read: (ids: ReturnType<typeof idsOf>) => Promise<readonly Row[]>,
  toView: (row: Row, of: ConversationView) => View | null | Promise<View | null>,
) {
  return new DataLoader<Key, View | null, string>(
    async (keys) => {
      const rows = new Map((await read(idsOf(keys))).map((row) => [`${row.conversation_id} ${row.id}`, row]));
      return Promise.all(
        keys.map(({ of, id }) => {
          const row = rows.get(`${of.id} ${id}`);
          return row ? toView(row, of) : null;
        }),
      );
    },
    { cacheKeyFn: keyOf },
  );
}
