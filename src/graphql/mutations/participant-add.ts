// Mutation.participantAdd
import { toAddress } from "../../accounts/accounts.ts";
import { reject } from "../../conversation/rejection.ts";
import { appendMutation } from "./append-mutation.ts";
import { personFields } from "./result.ts";

appendMutation("participantAdd", {
  description: "Adds somebody to the conversation. They see all of it, also what came before.",
  inputDescription: "Whom, and where.",
  item: "participant",
  fields: personFields,
  command: ({ address: typed, name, role }, { platform }) => {
    const address = toAddress(typed);
    if (address === null) return reject("INVALID_ADDRESS");
    return {
      action: "add",
      model: "participant",
      // Who speaks for them is looked up when it is performed.
      value: { role: role ?? "WRITER", via: platform.signer.platform, mail: false, imported: false },
      body: { address, name: name?.trim().normalize("NFC") || null },
    };
  },
});
