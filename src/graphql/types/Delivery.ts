// Event.deliveries: where an event has to go beyond this platform, and how far that is.
import { attemptDays, type PeerDelivery, readPeerDeliveries } from "../../store/deliveries.ts";
import type { Attempt } from "../../store/peer-store.ts";
import { builder } from "../builder.ts";
import { EventType } from "./Event.ts";

const StatusType = builder.enumType("DeliveryStatus", {
  description: "How far a delivery is.",
  values: {
    DELIVERED: { description: "The platform has the event." },
    WAITING: { description: "It is sent as soon as the platform answers." },
    REFUSED: {
      description: "The platform will not take it. It is offered again when the platform says that it is there.",
    },
  } as const,
});

const AttemptType = builder.objectRef<Attempt>("DeliveryAttempt").implement({
  description: "One try at the destination while the event was owed to it.",
  fields: (t) => ({
    at: t.field({ type: "DateTime", description: "When.", resolve: ({ at }) => new Date(at).toISOString() }),
    code: t.string({
      description: "The HTTP status, or what kept it from one: `timeout`, `refused`, `tls` …",
      resolve: ({ code }) => code,
    }),
    answer: t.string({
      description: "The first 512 bytes of an answer that was no good.",
      resolve: ({ answer }) => answer,
    }),
  }),
});

const DeliveryType = builder.objectRef<PeerDelivery>("Delivery").implement({
  description: "An event that is owed to another platform.",
  fields: (t) => ({
    destination: t.string({ description: "The platform's name.", resolve: ({ platform }) => platform }),
    status: t.field({ type: StatusType, description: "How far it is.", resolve: ({ status }) => status }),
    refusal: t.string({
      nullable: true,
      description: "Why it was refused: a code.",
      resolve: ({ refusal }) => refusal,
    }),
    attempts: t.field({
      type: [AttemptType],
      description: `The latest tries, oldest first. Kept for ${attemptDays} days.`,
      resolve: ({ attempts }) => attempts,
    }),
  }),
});

builder.objectField(EventType, "deliveries", (t) =>
  t.field({
    type: [DeliveryType],
    description: "Where it has to go beyond this platform, if this one leads the conversation, and how far that is.",
    resolve: ({ of, seq }, _, { platform }) => readPeerDeliveries(platform.database.pool, of.id, seq),
  }),
);
