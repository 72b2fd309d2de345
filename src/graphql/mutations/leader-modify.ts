// Mutation.leaderModify
import { appendMutation } from "./append-mutation.ts";

appendMutation("leaderModify", {
  description:
    "Takes the lead of the conversation to this platform: from then on it gives the events their places. For an ADMIN; the platform that leads has to agree, so it has to answer.",
  fields: () => ({}),
  command: (_, { platform }) => ({
    action: "modify",
    model: "leader",
    value: { leader: platform.signer.platform },
  }),
});
