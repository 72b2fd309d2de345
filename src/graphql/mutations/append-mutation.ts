// The shape of a mutation that appends: one input, whose command is performed, and a payload or a rejection.
import type { InputFieldMap, InputShapeFromFields } from "@pothos/core";
import type { Command } from "../../conversation/accept.ts";
import type { Rejection } from "../../conversation/rejection.ts";
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { type AppendInput, perform } from "./perform.ts";
import { appendInputFields, appendResult, type InputFields, type Item } from "./result.ts";

interface AppendMutation<Fields extends InputFieldMap> {
  readonly description: string;
  /** Of the argument. */
  readonly inputDescription?: string;
  /** What the payload shows beside conversation and event. */
  readonly item?: Item;
  /** What the input has beside the conversation and a client's id. */
  fields(t: InputFields): Fields;
  command(input: InputShapeFromFields<Fields>, context: Context): Command | Rejection;
}

/** Adds the mutation `name`, with the types `NameInput`, `NamePayload` and `NameResult`. */
export function appendMutation<Fields extends InputFieldMap>(name: string, mutation: AppendMutation<Fields>): void {
  const { description, inputDescription = "What to do, and where.", item, fields, command } = mutation;
  const typeName = `${name[0]?.toUpperCase()}${name.slice(1)}`;
  const Input = builder.inputType(`${typeName}Input`, {
    description,
    fields: (t): InputFieldMap => ({ ...appendInputFields(t), ...fields(t) }),
  });
  builder.mutationField(name, (t) =>
    t.field({
      type: appendResult(typeName, item),
      description,
      args: { input: t.arg({ type: Input, required: true, description: inputDescription }) },
      resolve: (_, args, context) => {
        // What Pothos has parsed by the fields above; of fields that are a parameter TypeScript does not work out the shape.
        const input = args.input as AppendInput & InputShapeFromFields<Fields>;
        const asked = command(input, context);
        return "code" in asked ? { rejection: asked } : perform(context, input, asked);
      },
    }),
  );
}
