-- AlterTable
ALTER TABLE "conversation" ADD COLUMN     "in_doubt" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "is_shared" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "event" ADD COLUMN     "erased_late" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "platform_key" ADD COLUMN     "place" SERIAL NOT NULL,
ALTER COLUMN "sealed" DROP NOT NULL;

-- CreateTable
CREATE TABLE "domain" (
    "domain" TEXT COLLATE "C" NOT NULL,
    "platform" TEXT COLLATE "C",
    "unclear_since" TIMESTAMPTZ(3),
    "checked_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "domain_pkey" PRIMARY KEY ("domain")
);

-- CreateTable
CREATE TABLE "peer" (
    "platform" TEXT COLLATE "C" NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "keys" JSONB,
    "fetched_at" TIMESTAMPTZ(3),
    "strange_keys" JSONB,
    "strange_since" TIMESTAMPTZ(3),
    "outcome" TEXT COLLATE "C" NOT NULL,
    "checked_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "peer_pkey" PRIMARY KEY ("platform")
);

-- CreateTable
CREATE TABLE "peer_key" (
    "platform" TEXT COLLATE "C" NOT NULL,
    "key" TEXT COLLATE "C" NOT NULL,
    "first_seen" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "peer_key_pkey" PRIMARY KEY ("platform","key")
);

-- CreateTable
CREATE TABLE "unindexed" (
    "conversation_id" TEXT COLLATE "C" NOT NULL,
    "seq" INTEGER NOT NULL,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "unindexed_pkey" PRIMARY KEY ("conversation_id","seq")
);

-- CreateTable
CREATE TABLE "peer_head" (
    "conversation_id" TEXT COLLATE "C" NOT NULL,
    "platform" TEXT COLLATE "C" NOT NULL,
    "owed_seq" INTEGER NOT NULL,
    "acked_seq" INTEGER NOT NULL DEFAULT 0,
    "is_sure" BOOLEAN NOT NULL DEFAULT true,
    "is_owed" BOOLEAN NOT NULL,
    "refusal" TEXT COLLATE "C",
    "changed_at" TIMESTAMPTZ(6) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "peer_head_pkey" PRIMARY KEY ("conversation_id","platform")
);

-- CreateTable
CREATE TABLE "destination" (
    "platform" TEXT COLLATE "C" NOT NULL,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "lost_at" TIMESTAMPTZ(3),
    "unsettled_at" TIMESTAMPTZ(3),
    "changed_at" TIMESTAMPTZ(6) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "destination_pkey" PRIMARY KEY ("platform")
);

-- CreateTable
CREATE TABLE "attempt" (
    "id" BIGSERIAL NOT NULL,
    "platform" TEXT COLLATE "C" NOT NULL,
    "at" TIMESTAMPTZ(6) NOT NULL DEFAULT clock_timestamp(),
    "code" TEXT COLLATE "C" NOT NULL,
    "answer" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "attempt_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "pending_proposal" (
    "id" TEXT COLLATE "C" NOT NULL,
    "conversation_id" TEXT COLLATE "C" NOT NULL,
    "account_id" UUID NOT NULL,
    "client_id" TEXT COLLATE "C",
    "proposal" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "position" BIGSERIAL NOT NULL,
    "rejection" JSONB,

    CONSTRAINT "pending_proposal_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "owed_receipt" (
    "platform" TEXT COLLATE "C" NOT NULL,
    "conversation_id" TEXT COLLATE "C" NOT NULL,
    "participant" TEXT COLLATE "C" NOT NULL,
    "seq" INTEGER NOT NULL,

    CONSTRAINT "owed_receipt_pkey" PRIMARY KEY ("platform","conversation_id","participant")
);

-- CreateTable
CREATE TABLE "loss" (
    "platform" TEXT COLLATE "C" NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "ask_at" TIMESTAMPTZ(3) NOT NULL,
    "wait_until" TIMESTAMPTZ(3) NOT NULL,
    "is_told" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "loss_pkey" PRIMARY KEY ("platform")
);

-- CreateTable
CREATE TABLE "database_copy" (
    "id" INTEGER NOT NULL,
    "marks" JSONB NOT NULL,

    CONSTRAINT "database_copy_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "owed_erasure" (
    "platform" TEXT COLLATE "C" NOT NULL,
    "conversation_id" TEXT COLLATE "C" NOT NULL,
    "seq" INTEGER NOT NULL,
    "tried_at" TIMESTAMPTZ(6) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "owed_erasure_pkey" PRIMARY KEY ("platform","conversation_id","seq")
);

-- CreateTable
CREATE TABLE "fork_proof" (
    "conversation_id" TEXT COLLATE "C" NOT NULL,
    "seq" INTEGER NOT NULL,
    "one" JSONB NOT NULL,
    "other" JSONB NOT NULL,
    "at" TIMESTAMPTZ(6) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "fork_proof_pkey" PRIMARY KEY ("conversation_id","seq")
);

-- CreateIndex
CREATE INDEX "domain_platform_expires_at_idx" ON "domain"("platform", "expires_at");

-- CreateIndex
CREATE INDEX "peer_fetched_at_expires_at_idx" ON "peer"("fetched_at", "expires_at");

-- CreateIndex
CREATE INDEX "unindexed_recorded_at_idx" ON "unindexed"("recorded_at");

-- CreateIndex
CREATE INDEX "peer_head_platform_is_owed_changed_at_idx" ON "peer_head"("platform", "is_owed", "changed_at");

-- CreateIndex
CREATE INDEX "attempt_platform_at_idx" ON "attempt"("platform", "at");

-- CreateIndex
CREATE INDEX "pending_proposal_conversation_id_position_idx" ON "pending_proposal"("conversation_id", "position");

-- CreateIndex
CREATE UNIQUE INDEX "pending_proposal_account_id_client_id_key" ON "pending_proposal"("account_id", "client_id");

-- CreateIndex
CREATE INDEX "owed_erasure_platform_tried_at_idx" ON "owed_erasure"("platform", "tried_at");

-- CreateIndex
CREATE INDEX "participant_via_conversation_id_idx" ON "participant"("via", "conversation_id");

-- CreateIndex
CREATE UNIQUE INDEX "platform_key_place_key" ON "platform_key"("place");
