// Who is signed in.
import type { Viewer } from "../../accounts/accounts.ts";
import { databaseTimeUs } from "../../announce/feed.ts";
import { builder } from "../builder.ts";
import { encodeCursor } from "../stream-cursor.ts";
import { RecipientType } from "./Recipient.ts";

export const ViewerType = builder.objectRef<Viewer>("Viewer").implement({
  description: "The account that the token is of.",
  fields: (t) => ({
    address: t.exposeString("address", { description: "Its address." }),
    recipient: t.field({
      type: RecipientType,
      nullable: true,
      description: "As others see it.",
      resolve: ({ recipientId }, _, { reader }) => reader.recipient(recipientId),
    }),
    cursor: t.string({
      description: "Now, for `events(after:)`: ask for it before what you show, and nothing falls between.",
      resolve: async (_, __, { platform }) => encodeCursor(await databaseTimeUs(platform.database.pool)),
    }),
  }),
});
