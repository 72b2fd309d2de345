// Mutation.participantAdd
import { toAddress } from "../../accounts/accounts.ts";
import { domainOf } from "../../conversation/address.ts";
import { builder, RoleType } from "../builder.ts";
import { perform, rejected, unknownRecipient } from "./perform.ts";
import { appendInputFields, appendResult } from "./result.ts";

const Input = builder.inputType("ParticipantAddInput", {
  description: "Adds somebody to the conversation. They see all of it, also what came before.",
  fields: (t) => ({
    ...appendInputFields(t),
    address: t.string({ required: true, description: "Whom: `bob@a.example`." }),
    name: t.string({ description: "What to call them. Default: what they call themselves." }),
    role: t.field({ type: RoleType, description: "What they may do. Default: WRITER." }),
  }),
});

builder.mutationField("participantAdd", (t) =>
  t.field({
    type: appendResult("ParticipantAdd", "participant"),
    description: "Adds somebody to the conversation. They see all of it, also what came before.",
    args: { input: t.arg({ type: Input, required: true, description: "Whom, and where." }) },
    resolve: async (_, { input }, context) => {
      const { domains, signer } = context.platform;
      const address = toAddress(input.address);
      if (address === null) return rejected("INVALID_ADDRESS");
      // Other platforms and email come with their own issues; until then only accounts here can be reached.
      if (!domains.includes(domainOf(address))) return { rejection: unknownRecipient(address) };
      return perform(context, input, {
        action: "add",
        model: "participant",
        value: { role: input.role ?? "WRITER", via: signer.platform, mail: false, imported: false },
        body: { address, name: input.name?.trim().normalize("NFC") || null },
      });
    },
  }),
);
