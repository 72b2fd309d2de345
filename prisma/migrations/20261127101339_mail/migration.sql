-- CreateEnum
CREATE TYPE "MailKind" AS ENUM ('EVENTS', 'CONFIRM', 'CODE', 'NOTICE');

-- CreateEnum
CREATE TYPE "MailStatus" AS ENUM ('WAITING', 'SENDING', 'SENT', 'MAYBE_SENT', 'FAILED', 'BOUNCED', 'COMPLAINED', 'SUPPRESSED');

-- CreateEnum
CREATE TYPE "InboundStatus" AS ENUM ('WAITING', 'POSTED', 'HELD', 'KEPT', 'IGNORED', 'REFUSED');

-- AlterTable
ALTER TABLE "delivery" DROP CONSTRAINT "delivery_pkey",
DROP COLUMN "attempts",
DROP COLUMN "completed_at",
DROP COLUMN "destination",
DROP COLUMN "last_answer",
DROP COLUMN "last_code",
DROP COLUMN "next_attempt_at",
DROP COLUMN "status",
ADD COLUMN     "mail_id" UUID,
ADD COLUMN     "participant" TEXT COLLATE "C" NOT NULL,
ADD CONSTRAINT "delivery_pkey" PRIMARY KEY ("conversation_id", "participant", "seq");

-- CreateTable
CREATE TABLE "mail_participation" (
    "conversation_id" TEXT COLLATE "C" NOT NULL,
    "participant" TEXT COLLATE "C" NOT NULL,
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "secret" BYTEA NOT NULL,
    "begun_with" TEXT COLLATE "C",
    "subject" TEXT COLLATE "C",
    "is_muted" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "mail_participation_pkey" PRIMARY KEY ("conversation_id","participant")
);

-- CreateTable
CREATE TABLE "mail" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "secret" BYTEA NOT NULL,
    "conversation_id" TEXT COLLATE "C" NOT NULL,
    "participant" TEXT COLLATE "C" NOT NULL,
    "kind" "MailKind" NOT NULL,
    "up_to" INTEGER NOT NULL,
    "about" JSONB NOT NULL DEFAULT '{}',
    "message_id" TEXT COLLATE "C" NOT NULL,
    "status" "MailStatus" NOT NULL DEFAULT 'WAITING',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "provider" TEXT COLLATE "C",
    "provider_id" TEXT COLLATE "C",
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "tried_at" TIMESTAMPTZ(3),
    "changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "mail_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "mail_attempt" (
    "id" BIGSERIAL NOT NULL,
    "mail_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "code" TEXT COLLATE "C" NOT NULL,
    "answer" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "mail_attempt_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "suppression" (
    "address" TEXT NOT NULL,
    "reason" TEXT COLLATE "C" NOT NULL,
    "answer" TEXT COLLATE "C" NOT NULL,
    "mail_id" UUID,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "suppression_pkey" PRIMARY KEY ("address")
);

-- CreateTable
CREATE TABLE "inbound_mail" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "key" TEXT COLLATE "C" NOT NULL,
    "secret" BYTEA NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "envelope" JSONB NOT NULL,
    "status" "InboundStatus" NOT NULL DEFAULT 'WAITING',
    "reason" TEXT COLLATE "C",
    "authentication" JSONB,
    "conversation_id" TEXT COLLATE "C",
    "participant" TEXT COLLATE "C",
    "message" TEXT COLLATE "C",
    "kept_for" UUID,
    "message_id" TEXT COLLATE "C",
    "told" JSONB,
    "words" TEXT COLLATE "C",
    "proposals" JSONB,
    "has_original" BOOLEAN NOT NULL DEFAULT true,
    "changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "inbound_mail_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "mail_budget" (
    "key" TEXT COLLATE "C" NOT NULL,
    "window_at" TIMESTAMPTZ(3) NOT NULL,
    "spent" INTEGER NOT NULL,

    CONSTRAINT "mail_budget_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "mail_session" (
    "hash" TEXT COLLATE "C" NOT NULL,
    "conversation_id" TEXT COLLATE "C" NOT NULL,
    "participant" TEXT COLLATE "C" NOT NULL,
    "is_open" BOOLEAN NOT NULL DEFAULT false,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "mail_session_pkey" PRIMARY KEY ("hash")
);

-- CreateIndex
CREATE UNIQUE INDEX "mail_participation_id_key" ON "mail_participation"("id");

-- CreateIndex
CREATE UNIQUE INDEX "mail_message_id_key" ON "mail"("message_id");

-- CreateIndex
CREATE UNIQUE INDEX "mail_provider_id_key" ON "mail"("provider_id");

-- CreateIndex
CREATE INDEX "mail_conversation_id_participant_up_to_idx" ON "mail"("conversation_id", "participant", "up_to");

-- CreateIndex
CREATE INDEX "mail_status_changed_at_idx" ON "mail"("status", "changed_at");

-- CreateIndex
CREATE INDEX "mail_attempt_mail_id_id_idx" ON "mail_attempt"("mail_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "inbound_mail_key_key" ON "inbound_mail"("key");

-- CreateIndex
CREATE INDEX "inbound_mail_status_received_at_idx" ON "inbound_mail"("status", "received_at");

-- CreateIndex
CREATE INDEX "inbound_mail_kept_for_status_received_at_idx" ON "inbound_mail"("kept_for", "status", "received_at");

-- CreateIndex
CREATE INDEX "inbound_mail_conversation_id_message_idx" ON "inbound_mail"("conversation_id", "message");

-- CreateIndex
CREATE INDEX "inbound_mail_message_id_idx" ON "inbound_mail"("message_id");

-- CreateIndex
CREATE INDEX "mail_session_conversation_id_participant_idx" ON "mail_session"("conversation_id", "participant");

-- CreateIndex
CREATE INDEX "delivery_mail_id_idx" ON "delivery"("mail_id");
