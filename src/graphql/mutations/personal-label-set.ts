// Mutation.personalLabelSet
import { bodyFault } from "../../conversation/body.ts";
import { reject } from "../../conversation/rejection.ts";
import { type PersonalLabel, participationLimits, setPersonalLabel } from "../../store/participation.ts";
import { builder } from "../builder.ts";
import { PersonalLabelType } from "../types/Participation.ts";
import { type RejectionSource, RuleRejectionType } from "../types/Rejection.ts";

const { labels: labelsMax, labelCharacters } = participationLimits;

const Input = builder.inputType("PersonalLabelSetInput", {
  description: "One of the viewer's own labels. What is left out stays as it is.",
  fields: (t) => ({
    name: t.string({
      required: true,
      description: `Its name, at most ${labelCharacters} characters. One that is not there is made; an account has ${labelsMax} at most.`,
    }),
    newName: t.string({ description: "What to call it from now on." }),
    color: t.string({ description: "Its colour, as `#rrggbb`; empty: none." }),
  }),
});

interface Set {
  readonly label: PersonalLabel;
}

const PayloadType = builder.objectRef<Set>("PersonalLabelSetPayload").implement({
  description: "It is kept.",
  fields: (t) => ({
    label: t.field({ type: PersonalLabelType, description: "The label, as it is now.", resolve: ({ label }) => label }),
  }),
});

const ResultType = builder.unionType("PersonalLabelSetResult", {
  description: "Done, or why not.",
  types: [PayloadType, RuleRejectionType],
  resolveType: (source: Set | RejectionSource) => ("label" in source ? PayloadType : RuleRejectionType),
});

builder.mutationField("personalLabelSet", (t) =>
  t.field({
    type: ResultType,
    description:
      "Makes one of the viewer's own labels, or changes its name or colour, on all conversations that have it.",
    args: { input: t.arg({ type: Input, required: true, description: "Which, and what." }) },
    resolve: async (_, { input }, { platform, viewer }): Promise<Set | RejectionSource> => {
      const name = input.name.trim().normalize("NFC");
      const newName = input.newName?.trim().normalize("NFC");
      const fault =
        bodyFault("label", { name }) ?? (newName === undefined ? null : bodyFault("label", { name: newName }));
      if (fault) return { rejection: fault };
      const color = input.color?.toLowerCase();
      if (color && !/^#[0-9a-f]{6}$/.test(color)) {
        return { rejection: reject("INVALID_BODY", "Write a colour as #rrggbb, say #1e90ff.") };
      }
      const label = await setPersonalLabel(platform.database, viewer.accountId, name, {
        ...(newName !== undefined && { name: newName }),
        ...(color !== undefined && { color: color === "" ? null : color }),
      });
      return "code" in label ? { rejection: label } : { label };
    },
  }),
);
