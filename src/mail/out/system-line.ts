// What happened to a conversation beside its messages, as a line for people.
import { nameOf, timeOf } from "./lines.ts";
import type { ToldEvent } from "./read-mail.ts";

const roleNames = { READER: "a reader", COMMENTER: "a commenter", WRITER: "a writer", ADMIN: "an admin" } as const;

/** Null of what is not told. */
export function systemLine(event: ToldEvent): string | null {
  const { model, action, value, actor, item } = event;
  const by = nameOf(event.actorName);
  const field = (name: string): string | null => {
    const text = event.body?.[name];
    return typeof text === "string" ? `“${nameOf(text, "…")}”` : null;
  };
  switch (`${action} ${model}`) {
    case "modify subject":
      return field("subject") === null
        ? `${by} changed the subject.`
        : `${by} changed the subject to ${field("subject")}.`;
    case "modify expiry":
      return typeof value === "object" && value !== null && "expiresAt" in value
        ? `${by} lets the conversation end at ${timeOf(new Date(value.expiresAt))}.`
        : `${by} lets the conversation go on without an end.`;
    case "add participant":
      return `${by} added ${nameOf(event.itemName)}.`;
    case "modify participant": {
      const role =
        typeof value === "object" && value !== null && "role" in value ? roleNames[value.role] : "something else";
      return `${by} made ${nameOf(event.itemName)} ${role}.`;
    }
    case "remove participant":
      if (value === "ERASE") return "Somebody left, and took their words back.";
      return actor === item ? `${by} left.` : `${by} removed ${nameOf(event.itemName)}.`;
    case "add label":
      return field("name") && `${by} added the label ${field("name")}.`;
    case "remove label":
      return `${by} removed a label.`;
    case "add attachment":
      return field("title") && `${by} attached ${field("title")}.`;
    case "remove attachment":
      return `${by} removed a file.`;
    case "modify leader":
      return typeof value === "object" && value !== null && "leader" in value
        ? `The conversation is led by ${value.leader} now.`
        : null;
    default:
      return null;
  }
}
