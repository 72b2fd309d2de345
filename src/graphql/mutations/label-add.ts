// Mutation.labelAdd
import { limits } from "../../conversation/limits.ts";
import { appendMutation } from "./append-mutation.ts";

appendMutation("labelAdd", {
  description: "Adds a label, which everybody in the conversation sees.",
  item: "label",
  fields: (t) => ({
    name: t.string({ required: true, description: `One line, at most ${limits.labelCharacters} characters.` }),
  }),
  command: ({ name }) => ({ action: "add", model: "label", body: { name: name.trim().normalize("NFC") } }),
});
