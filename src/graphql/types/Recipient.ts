// An address that takes part, and how it is reached.
import type { RecipientView } from "../../store/read/views.ts";
import { builder } from "../builder.ts";

const RecipientKindType = builder.enumType("RecipientKind", {
  description: "How a recipient is reached.",
  values: {
    LOCAL: { description: "An account of this platform." },
    PLATFORM: { description: "An account of another platform." },
    EMAIL: { description: "By email: the address has no platform." },
  } as const,
});

// No node: an id would show an address also to whoever shares no conversation with it (any more).
export const RecipientType = builder.objectRef<RecipientView>("Recipient").implement({
  description: "An address, and how it is reached.",
  fields: (t) => ({
    address: t.exposeString("address", { description: "`alice@a.example`: lower case, the domain in A-labels." }),
    kind: t.expose("kind", { type: RecipientKindType, description: "How the recipient is reached." }),
    platform: t.exposeString("platform", {
      nullable: true,
      description: "The platform that serves the address; null by email.",
    }),
    name: t.exposeString("name", { nullable: true, description: "The name that the recipient goes by." }),
  }),
});
