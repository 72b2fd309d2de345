// Every rejection code that a client can meet, met.
import { expect, test } from "vitest";
import { isRejection, type RejectionCode } from "../../sdk/src/index.ts";
import { rejectionCodes } from "../../src/conversation/rejection.ts";
import {
  addImported,
  conversationOf,
  done,
  givenPlatform,
  participantOf,
  type Somebody,
  said,
  timePasses,
} from "./given.ts";

const given = givenPlatform();
const day = 24 * 3600 * 1000;

interface Scene {
  readonly admin: Somebody;
  readonly bob: Somebody;
  readonly stranger: Somebody;
  readonly conversation: string;
  readonly message: string;
}
type Way = (scene: Scene) => Promise<{ readonly __typename: string }>;

const ways: Partial<Record<RejectionCode, Way>> = {
  INVALID_BODY: ({ admin, conversation }) => admin.parley.messageAdd({ conversation, body: "" }),
  INVALID_ADDRESS: ({ admin, conversation }) => admin.parley.participantAdd({ conversation, address: "bob" }),
  // The platform's clock was wrong by more than a week, and was set right: the log's times do not run backwards.
  INVALID_TIME: async ({ admin, conversation }) => {
    {
      using _ = timePasses(8 * day);
      await said(admin, conversation, "From the future");
    }
    return admin.parley.messageAdd({ conversation, body: "From now" });
  },
  INVALID_ROLE: async ({ admin, conversation }) => {
    const participant = await addImported(given.platform, admin, conversation, "old@elsewhere.example");
    return admin.parley.participantModify({ conversation, participant, role: "ADMIN" });
  },
  NOT_PARTICIPANT: async ({ bob, conversation }) => {
    await done(bob.parley.conversationLeave({ conversation }));
    return bob.parley.messageAdd({ conversation, body: "Still here?" });
  },
  NOT_FOUND: ({ stranger, conversation }) => stranger.parley.messageAdd({ conversation, body: "Hello?" }),
  FORBIDDEN: ({ bob, conversation }) => bob.parley.expiryModify({ conversation, expiresAt: null }),
  EXPIRED: async ({ admin, conversation }) => {
    await done(admin.parley.expiryModify({ conversation, expiresAt: "2020-01-01T00:00:00Z" }));
    return admin.parley.messageAdd({ conversation, body: "Late" });
  },
  // Its leader was seen to have signed two histories: what federation will find out, written here by hand.
  FROZEN: async ({ admin, conversation }) => {
    const { pool } = given.platform.core.database;
    await pool.query("UPDATE conversation SET frozen_at = now() WHERE id = $1", [conversation]);
    expect((await admin.parley.conversation({ hash: conversation }))?.status).toBe("FROZEN");
    return admin.parley.messageAdd({ conversation, body: "Anybody?" });
  },
  REMOVED: async ({ admin, conversation, message }) => {
    await done(admin.parley.messageRemove({ conversation, message }));
    return admin.parley.messageModify({ conversation, message, body: "New" });
  },
  LAST_ADMIN: async ({ admin, conversation }) => {
    const participant = await participantOf(admin, conversation);
    return admin.parley.participantModify({ conversation, participant, role: "READER" });
  },
  LIMIT_EXCEEDED: ({ admin }) =>
    admin.parley.conversationCreate({ labels: Array.from({ length: 51 }, (_, index) => `label ${index}`) }),
  LOCKED: async ({ admin, bob, conversation, message }) => {
    await done(admin.parley.messageLock({ conversation, message }));
    return bob.parley.messageModify({ conversation, message, body: "New" });
  },
  CONFLICT: ({ admin, conversation, message }) =>
    admin.parley.messageModify({ conversation, message, body: "New", follows: conversation }),
  ALREADY_PARTICIPANT: ({ admin, bob, conversation }) =>
    admin.parley.participantAdd({ conversation, address: bob.address }),
  LABEL_EXISTS: async ({ admin, conversation }) => {
    await done(admin.parley.labelAdd({ conversation, name: "food" }));
    return admin.parley.labelAdd({ conversation, name: "food" });
  },
  RECIPIENT_UNKNOWN: ({ admin, conversation }) =>
    admin.parley.participantAdd({ conversation, address: "nobody@localhost" }),
};

/** What only another platform meets, or its silence gives: clients ask in a form that is right, and of their own platform. */
const unreachable: readonly RejectionCode[] = [
  "INVALID_ACTION",
  "WRONG_PLATFORM",
  "RECIPIENT_UNREACHABLE",
  "LEADER_UNREACHABLE",
];

test.each(Object.entries(ways))("%s", async (code, way) => {
  const { admin, bob, stranger } = await given.people("admin", "bob", "stranger");
  const conversation = await conversationOf(admin, [[bob, "WRITER"]]);
  const result = await way({ admin, bob, stranger, conversation, message: await said(admin, conversation) });
  expect(isRejection(result)).toBe(true);
  expect(result).toMatchObject({ code, message: expect.stringMatching(/^[A-Z].+\.$/) });
});

test("every code is met, or only another platform can meet it", () => {
  expect([...Object.keys(ways), ...unreachable].toSorted()).toEqual(rejectionCodes.toSorted());
});
