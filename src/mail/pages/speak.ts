// What somebody without an account does in a conversation: signed by this platform, which speaks for them.
import { type Command, propose } from "../../conversation/accept.ts";
import { isBlank } from "../../conversation/body.ts";
import { type Rejection, reject } from "../../conversation/rejection.ts";
import type { Hash } from "../../protocol/hash.ts";
import type { Signer } from "../../protocol/seal.ts";
import type { AppendAnywhere } from "../../store/conversation-store.ts";
import { signed } from "../in/post.ts";
import type { LinkedMail } from "./linked-mail.ts";
import { type Stamp, stampOfAct } from "./stamp.ts";

export interface SpeakOptions {
  readonly signer: Signer;
  readonly append: AppendAnywhere;
}

type Whose = Pick<LinkedMail, "conversation" | "participant" | "participationId" | "latest">;

/** `waits`: for who leads the conversation, and it is asked of them again. */
export type Spoken = "done" | "waits" | Rejection;

export type Speak = ReturnType<typeof createSpeak>;

export function createSpeak({ signer, append }: SpeakOptions) {
  const speak = async (whose: Whose, command: Command, latest: Hash | null, stamp: Stamp): Promise<Spoken> => {
    const { conversation, participant, participationId } = whose;
    const occasion = { signer, sentAt: stamp.at, salt: () => stamp.salt };
    const proposal = signed(propose(command, conversation, participant, latest, occasion), signer);
    const client = { accountId: participationId, clientId: stamp.clientId };
    const answer = await append({ conversation, proposals: [proposal], client });
    if ("rejection" in answer) return answer.rejection;
    return "pending" in answer ? "waits" : "done";
  };

  return {
    /** @param item the message that is answered */
    say: async (whose: Whose, text: string, item: Hash | null, stamp: Stamp): Promise<Spoken> => {
      if (isBlank(text)) return reject("INVALID_BODY", "There are no words in it yet.");
      const body = { format: "MARKDOWN", text, mentions: [], mail: null } as const;
      return speak(whose, { action: "add", model: "message", item, body }, null, stampOfAct(stamp, "say", item, text));
    },
    leave: (whose: Whose, stamp: Stamp): Promise<Spoken> =>
      speak(
        whose,
        { action: "remove", model: "participant", item: whose.participant },
        whose.latest,
        stampOfAct(stamp, "leave"),
      ),
  };
}
