CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- CreateEnum
CREATE TYPE "RecipientKind" AS ENUM ('LOCAL', 'PLATFORM', 'EMAIL');

-- CreateEnum
CREATE TYPE "Role" AS ENUM ('READER', 'COMMENTER', 'WRITER', 'ADMIN');

-- CreateEnum
CREATE TYPE "ParticipantStatus" AS ENUM ('ACTIVE', 'LEFT', 'REMOVED');

-- CreateEnum
CREATE TYPE "Folder" AS ENUM ('INBOX', 'ARCHIVE', 'SPAM', 'TRASH', 'REQUESTS');

-- CreateTable
CREATE TABLE "recipient" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "address" TEXT NOT NULL,
    "kind" "RecipientKind" NOT NULL,
    "platform" TEXT COLLATE "C",
    "name" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "recipient_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "account" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "recipient_id" UUID NOT NULL,
    "tells_receipts" BOOLEAN NOT NULL DEFAULT true,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "token" (
    "hash" TEXT COLLATE "C" NOT NULL,
    "account_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),

    CONSTRAINT "token_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "platform_key" (
    "key" TEXT COLLATE "C" NOT NULL,
    "platform" TEXT COLLATE "C" NOT NULL,
    "sealed" BYTEA NOT NULL,
    "nbf" TIMESTAMPTZ(3) NOT NULL,
    "exp" TIMESTAMPTZ(3),
    "by" TEXT COLLATE "C",
    "signature" TEXT COLLATE "C" NOT NULL,
    "revoked" TIMESTAMPTZ(3),

    CONSTRAINT "platform_key_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "draft" (
    "hash" TEXT COLLATE "C" NOT NULL,
    "account_id" UUID NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "content" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "draft_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "conversation" (
    "id" TEXT COLLATE "C" NOT NULL,
    "seq" INTEGER NOT NULL,
    "head" TEXT COLLATE "C" NOT NULL,
    "timestamp" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "leader" TEXT COLLATE "C" NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "participants" INTEGER NOT NULL,
    "admins" INTEGER NOT NULL,
    "subject_latest" TEXT COLLATE "C",
    "expiry_latest" TEXT COLLATE "C",
    "leader_latest" TEXT COLLATE "C",
    "subject_seq" INTEGER,
    "draft_hash" TEXT COLLATE "C",
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT clock_timestamp(),
    "frozen_at" TIMESTAMPTZ(3),

    CONSTRAINT "conversation_pkey" PRIMARY KEY ("id")
) WITH (fillfactor = 70);

-- CreateTable
CREATE TABLE "event" (
    "conversation_id" TEXT COLLATE "C" NOT NULL,
    "seq" INTEGER NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "parent" TEXT COLLATE "C",
    "timestamp" TIMESTAMPTZ(3) NOT NULL,
    "leader" TEXT COLLATE "C" NOT NULL,
    "key" TEXT COLLATE "C" NOT NULL,
    "signature" TEXT COLLATE "C" NOT NULL,
    "platform" TEXT COLLATE "C" NOT NULL,
    "platform_key" TEXT COLLATE "C" NOT NULL,
    "platform_signature" TEXT COLLATE "C",
    "actor" TEXT COLLATE "C",
    "sent_at" TIMESTAMPTZ(3) NOT NULL,
    "action" TEXT COLLATE "C" NOT NULL,
    "model" TEXT COLLATE "C" NOT NULL,
    "item" TEXT COLLATE "C",
    "value" JSONB,
    "follows" TEXT COLLATE "C",
    "ref" TEXT COLLATE "C",
    "body" JSONB,
    "salt" TEXT COLLATE "C",
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "event_pkey" PRIMARY KEY ("conversation_id","seq")
);

-- CreateTable
CREATE TABLE "participant" (
    "conversation_id" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "seq" INTEGER NOT NULL,
    "recipient_id" UUID,
    "account_id" UUID,
    "name" TEXT,
    "role" "Role" NOT NULL,
    "status" "ParticipantStatus" NOT NULL,
    "via" TEXT COLLATE "C" NOT NULL,
    "mail" BOOLEAN NOT NULL,
    "imported" BOOLEAN NOT NULL,
    "latest" TEXT COLLATE "C" NOT NULL,
    "removed_seq" INTEGER,
    "is_erased" BOOLEAN NOT NULL,
    "read_up_to" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "participant_pkey" PRIMARY KEY ("conversation_id","id")
);

-- CreateTable
CREATE TABLE "participation" (
    "conversation_id" TEXT COLLATE "C" NOT NULL,
    "account_id" UUID NOT NULL,
    "sort_at" TIMESTAMPTZ(6) NOT NULL,
    "folder" "Folder" NOT NULL DEFAULT 'INBOX',
    "is_muted" BOOLEAN NOT NULL DEFAULT false,
    "is_pinned" BOOLEAN NOT NULL DEFAULT false,
    "is_hidden" BOOLEAN NOT NULL DEFAULT false,
    "notes" TEXT NOT NULL DEFAULT '',
    "filed_seq" INTEGER NOT NULL DEFAULT 0,
    "words_seq" INTEGER NOT NULL DEFAULT 0,
    "may_be_unread" BOOLEAN NOT NULL DEFAULT true,
    "has_said" BOOLEAN NOT NULL DEFAULT false,
    "changed_at" TIMESTAMPTZ(6) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "participation_pkey" PRIMARY KEY ("conversation_id","account_id")
) WITH (fillfactor = 70);

-- CreateTable
CREATE TABLE "personal_label" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "account_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "key" TEXT COLLATE "C" NOT NULL,
    "color" TEXT COLLATE "C",

    CONSTRAINT "personal_label_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "participation_label" (
    "conversation_id" TEXT COLLATE "C" NOT NULL,
    "account_id" UUID NOT NULL,
    "label_id" UUID NOT NULL,

    CONSTRAINT "participation_label_pkey" PRIMARY KEY ("conversation_id","account_id","label_id")
);

-- CreateTable
CREATE TABLE "message" (
    "conversation_id" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "seq" INTEGER NOT NULL,
    "author" TEXT COLLATE "C" NOT NULL,
    "parent" TEXT COLLATE "C",
    "latest" TEXT COLLATE "C" NOT NULL,
    "words_seq" INTEGER NOT NULL,
    "words_by" TEXT COLLATE "C" NOT NULL,
    "removed_seq" INTEGER,
    "lock_holder" TEXT COLLATE "C",
    "lock_until" TIMESTAMPTZ(3),

    CONSTRAINT "message_pkey" PRIMARY KEY ("conversation_id","id")
);

-- CreateTable
CREATE TABLE "label" (
    "conversation_id" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "seq" INTEGER NOT NULL,
    "added_by" TEXT COLLATE "C" NOT NULL,
    "latest" TEXT COLLATE "C" NOT NULL,
    "removed_seq" INTEGER,

    CONSTRAINT "label_pkey" PRIMARY KEY ("conversation_id","id")
);

-- CreateTable
CREATE TABLE "attachment" (
    "conversation_id" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "seq" INTEGER NOT NULL,
    "message" TEXT COLLATE "C",
    "added_by" TEXT COLLATE "C" NOT NULL,
    "latest" TEXT COLLATE "C" NOT NULL,
    "removed_seq" INTEGER,

    CONSTRAINT "attachment_pkey" PRIMARY KEY ("conversation_id","id")
);

-- CreateTable
CREATE TABLE "searchable" (
    "conversation_id" TEXT COLLATE "C" NOT NULL,
    "seq" INTEGER NOT NULL,
    "kind" TEXT COLLATE "C" NOT NULL,
    "item" TEXT COLLATE "C" NOT NULL,
    "words_seq" INTEGER NOT NULL,
    "author" TEXT COLLATE "C",
    "at" TIMESTAMPTZ(3) NOT NULL,
    "language" TEXT COLLATE "C" NOT NULL,
    "words" tsvector NOT NULL,
    "folded" TEXT NOT NULL,

    CONSTRAINT "searchable_pkey" PRIMARY KEY ("conversation_id","seq")
);

-- CreateTable
CREATE TABLE "outbox" (
    "conversation_id" TEXT COLLATE "C" NOT NULL,
    "seq" INTEGER NOT NULL,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("conversation_id","seq")
);

-- CreateTable
CREATE TABLE "client_request" (
    "account_id" UUID NOT NULL,
    "client_id" TEXT COLLATE "C" NOT NULL,
    "conversation_id" TEXT COLLATE "C" NOT NULL,
    "seq" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "client_request_pkey" PRIMARY KEY ("account_id","client_id")
);

-- CreateTable
CREATE TABLE "delivery" (
    "conversation_id" TEXT COLLATE "C" NOT NULL,
    "seq" INTEGER NOT NULL,
    "destination" TEXT COLLATE "C" NOT NULL,
    "status" TEXT COLLATE "C" NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3),
    "last_code" TEXT COLLATE "C",
    "last_answer" TEXT,
    "completed_at" TIMESTAMPTZ(3),

    CONSTRAINT "delivery_pkey" PRIMARY KEY ("conversation_id","seq","destination")
);

-- CreateIndex
CREATE UNIQUE INDEX "recipient_address_key" ON "recipient"("address");

-- CreateIndex
CREATE UNIQUE INDEX "account_recipient_id_key" ON "account"("recipient_id");

-- CreateIndex
CREATE INDEX "token_account_id_idx" ON "token"("account_id");

-- CreateIndex
CREATE INDEX "draft_account_id_updated_at_hash_idx" ON "draft"("account_id", "updated_at", "hash");

-- CreateIndex
CREATE UNIQUE INDEX "conversation_draft_hash_key" ON "conversation"("draft_hash");

-- CreateIndex
CREATE INDEX "event_conversation_id_item_seq_idx" ON "event"("conversation_id", "item", "seq");

-- CreateIndex
CREATE INDEX "event_recorded_at_idx" ON "event" USING BRIN ("recorded_at") WITH (pages_per_range = 16, autosummarize = on);

-- CreateIndex
CREATE UNIQUE INDEX "event_conversation_id_id_key" ON "event"("conversation_id", "id");

-- CreateIndex
CREATE INDEX "participant_conversation_id_account_id_idx" ON "participant"("conversation_id", "account_id");

-- CreateIndex
CREATE INDEX "participant_recipient_id_conversation_id_idx" ON "participant"("recipient_id", "conversation_id");

-- CreateIndex
CREATE UNIQUE INDEX "participant_conversation_id_seq_key" ON "participant"("conversation_id", "seq");

-- CreateIndex
CREATE INDEX "participation_lane_idx" ON "participation"("account_id", "folder", "is_hidden", "is_pinned", "may_be_unread", "has_said", "sort_at", "conversation_id");

-- CreateIndex
CREATE UNIQUE INDEX "personal_label_account_id_key_key" ON "personal_label"("account_id", "key");

-- CreateIndex
CREATE INDEX "participation_label_label_id_idx" ON "participation_label"("label_id");

-- CreateIndex
CREATE INDEX "message_conversation_id_parent_seq_idx" ON "message"("conversation_id", "parent", "seq");

-- CreateIndex
CREATE UNIQUE INDEX "message_conversation_id_seq_key" ON "message"("conversation_id", "seq");

-- CreateIndex
CREATE INDEX "attachment_conversation_id_message_idx" ON "attachment"("conversation_id", "message");

-- CreateIndex
CREATE INDEX "searchable_words_idx" ON "searchable" USING GIN ("words" tsvector_ops);

-- CreateIndex
CREATE INDEX "searchable_folded_idx" ON "searchable" USING GIN ("folded" gin_trgm_ops);

-- AddForeignKey
ALTER TABLE "account" ADD CONSTRAINT "account_recipient_id_fkey" FOREIGN KEY ("recipient_id") REFERENCES "recipient"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "token" ADD CONSTRAINT "token_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "draft" ADD CONSTRAINT "draft_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "participant" ADD CONSTRAINT "participant_recipient_id_fkey" FOREIGN KEY ("recipient_id") REFERENCES "recipient"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "personal_label" ADD CONSTRAINT "personal_label_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "participation_label" ADD CONSTRAINT "participation_label_label_id_fkey" FOREIGN KEY ("label_id") REFERENCES "personal_label"("id") ON DELETE CASCADE ON UPDATE CASCADE;
