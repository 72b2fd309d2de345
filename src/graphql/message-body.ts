// The body of a message from what a mutation says.
import type { MessageBody, MessageFormat } from "../protocol/event.ts";
import { hashOf } from "./mutations/perform.ts";

export interface MessageInput {
  readonly body: string;
  readonly format?: MessageFormat | null | undefined;
  readonly mentions?: readonly string[] | null | undefined;
}

export function messageBody({ body, format, mentions }: MessageInput): MessageBody {
  const ids = (mentions ?? []).map((named) => hashOf(named, "mentions"));
  return { format: format ?? "MARKDOWN", text: body, mentions: [...new Set(ids)], mail: null };
}
