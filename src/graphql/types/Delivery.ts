// Event.deliveries: where an event has to go, to other platforms, to people here and by mail, and how far that is.
import { type MailDelivery, mailDeliveriesMost, readMailDeliveries } from "../../mail/out/mail-deliveries.ts";
import {
  attemptDays,
  type LocalDelivery,
  localDeliveriesMost,
  type PeerDelivery,
  readLocalDeliveries,
  readPeerDeliveries,
} from "../../store/deliveries.ts";
import type { Attempt } from "../../store/peer-store.ts";
import type { EventView, ParticipantView } from "../../store/read/views.ts";
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { EventType } from "./Event.ts";
import { ParticipantType } from "./Participant.ts";

/** A delivery, and of which event: to a platform, or to one participant. */
type DeliverySource = Pick<EventView, "of" | "seq"> & {
  readonly delivery: PeerDelivery | LocalDelivery | MailDelivery;
};

const StatusType = builder.enumType("DeliveryStatus", {
  description: "How far a delivery is.",
  values: {
    DELIVERED: {
      description: "The platform has the event; it stands in the participant's list; or the mail went out.",
    },
    WAITING: {
      description:
        "It is sent as soon as the platform answers; it will stand in their list in a moment; or it goes with the next mail.",
    },
    REFUSED: {
      description:
        "The platform will not take it: it is offered again when the platform says that it is there. Or the mail was not taken.",
    },
    MAYBE_SENT: { description: "By mail: nobody can say whether it went out. An operator may have it sent again." },
    BOUNCED: { description: "By mail: it came back." },
    COMPLAINED: { description: "By mail: they said that it is unwanted." },
    SUPPRESSED: { description: "By mail: it is not sent, for an earlier mail came back, or was complained about." },
  } as const,
});

const AttemptType = builder.objectRef<Attempt>("DeliveryAttempt").implement({
  description: "One try at the destination while the event was owed to it.",
  fields: (t) => ({
    at: t.field({ type: "DateTime", description: "When.", resolve: ({ at }) => new Date(at).toISOString() }),
    code: t.string({
      description:
        "The HTTP status, or what kept it from one: `timeout`, `refused`, `tls` …; by mail, what the provider said.",
      resolve: ({ code }) => code,
    }),
    answer: t.string({
      description: "The first 512 bytes of an answer that was no good.",
      resolve: ({ answer }) => answer,
    }),
  }),
});

// The reader is taken only where there is something to read (see `watched`).
async function participantOf({ of, delivery }: DeliverySource, context: Context): Promise<ParticipantView | null> {
  return "participant" in delivery ? context.reader.participant(of, delivery.participant) : null;
}

const DeliveryType = builder.objectRef<DeliverySource>("Delivery").implement({
  description: "An event that goes to another platform, to somebody who has their account on this one, or out by mail.",
  fields: (t) => ({
    destination: t.string({
      description:
        "The platform that it goes to, by its name; this one, where it goes to a participant here; by mail their address, empty once that is erased.",
      resolve: ({ delivery }, _, { platform }) => {
        if ("address" in delivery) return delivery.address ?? "";
        return "platform" in delivery ? delivery.platform : platform.signer.platform;
      },
    }),
    participant: t.field({
      type: ParticipantType,
      nullable: true,
      description: "Whom it goes to; null where it goes to a platform, which tells its own people.",
      resolve: (source, _, context) => participantOf(source, context),
    }),
    status: t.field({
      type: StatusType,
      description: "How far it is.",
      resolve: ({ delivery }) => delivery.status,
    }),
    isRead: t.boolean({
      nullable: true,
      description:
        "Whether the participant says that they have read up to it: false too of who does not say. Null where it goes to a platform.",
      resolve: async (source, _, context) => {
        const participant = await participantOf(source, context);
        if (!participant) return null;
        const readUpTo = await context.reader.readUpTo(await context.reader.standingOf(participant));
        return readUpTo >= source.seq;
      },
    }),
    refusal: t.string({
      nullable: true,
      description: "Why it was refused: a code.",
      resolve: ({ delivery }) => ("refusal" in delivery ? delivery.refusal : null),
    }),
    attempts: t.field({
      type: [AttemptType],
      description: `The latest tries to hand it to a platform, or the mail over, oldest first. Kept for ${attemptDays} days.`,
      resolve: ({ delivery }) => ("attempts" in delivery ? delivery.attempts : []),
    }),
  }),
});

builder.objectField(EventType, "deliveries", (t) =>
  t.field({
    type: [DeliveryType],
    description: `Where it goes: to other platforms, if this one leads the conversation, then to those who have their account here, but for whoever did it, at most ${localDeliveriesMost}, and by mail to those who take part so through this one, at most ${mailDeliveriesMost}.`,
    resolve: async ({ of, seq }, _, { platform }) => {
      const { pool } = platform.database;
      const deliveries = await Promise.all([
        readPeerDeliveries(pool, of.id, seq),
        readLocalDeliveries(pool, of.id, seq, of.horizon),
        readMailDeliveries(pool, of.id, seq),
      ]);
      return deliveries.flat().map((delivery): DeliverySource => ({ of, seq, delivery }));
    },
  }),
);
