// The schema that clients rely on: what is committed, what it is called, and what it says of itself.
import { readFile } from "node:fs/promises";
import {
  type GraphQLArgument,
  type GraphQLNamedType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isSpecifiedScalarType,
  isUnionType,
  parse,
  printSchema,
  validate,
} from "graphql";
import { expect, test } from "vitest";
import { generate } from "../../codegen.ts";
import { rejectionCodes } from "../../src/conversation/rejection.ts";
import { buildSchema } from "../../src/graphql/schema.ts";

const schema = buildSchema();

test("what is committed is what the code generates, each time the same", async () => {
  const generated = await generate();
  expect(generated.get("schema.graphql")).toBe(`${printSchema(schema)}\n`);
  for (const [name, content] of generated) {
    const committed = await readFile(new URL(`../../${name}`, import.meta.url), "utf8");
    expect(committed, `run \`npm run codegen\`, and commit ${name}`).toBe(content);
  }
  expect(await generate()).toEqual(generated);
});

/** What an issue after this one brings is not in the lists. */
const names: Readonly<Record<string, string>> = {
  Query: "node nodes viewer conversation conversations",
  Conversation: `id hash draftHash subject creator createdAt expiresAt lastEvent unread reference status leader
    participants messages events attachments labels`,
  ConversationStatus: "DRAFT OPEN EXPIRED FROZEN",
  Participant: `recipient displayName role status readUpTo via isImported
    folder isMuted isHidden personalLabels notes`,
  Folder: "INBOX ARCHIVE SPAM TRASH REQUESTS",
  FolderFilter: "INBOX ARCHIVE SPAM TRASH REQUESTS DRAFTS SENT",
  ConversationFilter: "folder label unread person changedSince",
  ParticipationUpdateInput: "conversation clientId folder isMuted isPinned isHidden personalLabels notes",
  ParticipantStatus: "ACTIVE LEFT REMOVED",
  Role: "READER COMMENTER WRITER ADMIN",
  Event: "hash seq timestamp actor action model item value follows ref body isLocal signatures deliveries",
  Message: "hash author editors parent body bodyHtml format createdAt editedAt lock attachments replies pending",
  MessageFormat: "MARKDOWN PLAIN HTML",
  Attachment: "hash message title type size sha256",
  Recipient: "address kind platform name",
  RecipientKind: "LOCAL PLATFORM EMAIL",
  Mutation: `conversationCreate conversationPublish conversationDiscard conversationLeave conversationRead
    subjectModify expiryModify labelAdd labelRemove participantAdd participantRemove participantModify participationUpdate
    messageAdd messageRemove messageLock messageModify messageRelease`,
  Subscription: "events",
  Rejection: "code message",
};

test.each(Object.entries(names))("%s has the names that clients can rely on", (name, listed) => {
  const type = schema.getType(name);
  const has = isEnumType(type) ? type.getValues().map((value) => value.name) : Object.keys(fieldsOf(type));
  expect(has).toEqual(expect.arrayContaining(listed.split(/\s+/)));
});

test("what the stream tells of is an event, a receipt, what is one's own, what waits, or a gap", () => {
  expect(membersOf("StreamItem")).toEqual([
    ...["EventAdded", "Gap", "ParticipationChanged"],
    ...["ProposalPending", "ProposalRejected", "ReceiptMoved"],
  ]);
});

test("a conversation is named by hash, by draft hash or by id", () => {
  const found = schema
    .getQueryType()
    ?.getFields()
    ["conversation"]?.args.map(({ name }) => name);
  expect(found).toEqual(expect.arrayContaining(["hash", "draftHash", "id"]));
});

test("the rejection codes are the core's", () => {
  const type = schema.getType("RejectionCode");
  expect(isEnumType(type) && type.getValues().map(({ name }) => name)).toEqual(rejectionCodes.toSorted());
});

test("every list is a connection, or says how long it can get", () => {
  const lists = Object.values(schema.getTypeMap())
    .filter((type) => !type.name.startsWith("__") && !/(Edge|Connection)$/.test(type.name) && isObjectType(type))
    .flatMap((type) =>
      Object.values(fieldsOf(type))
        .filter((field) => String(field.type).startsWith("["))
        .map((field) => `${type.name}.${field.name}`),
    );
  // At most as many as there are participants, platforms or folders; or 100.
  expect(lists.toSorted()).toEqual([
    "Conversation.pending",
    "Conversation.personalLabels",
    "Delivery.attempts",
    "Event.deliveries",
    "Message.editors",
    "Participant.personalLabels",
    "Query.nodes",
    "SearchHit.snippet",
    "SearchResult.hits",
    "Viewer.folders",
    "Viewer.personalLabels",
  ]);
});

const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});

test.each(mutations)("$name takes one input, and answers with a payload or a rejection", ({ name, args, type }) => {
  const title = `${name[0]?.toUpperCase()}${name.slice(1)}`;
  expect(args.map((arg) => `${arg.name}: ${arg.type}`)).toEqual([`input: ${title}Input!`]);
  expect(String(type)).toBe(`${title}Result!`);
  expect(membersOf(`${title}Result`)).toEqual(expect.arrayContaining([`${title}Payload`, "RuleRejection"]));
});

test("every mutation that appends takes a clientId", () => {
  // A draft is thrown away at most once, a receipt never goes back, a label is set to what it is,
  // a mail is decided about once: nothing to do twice.
  const others = [
    "ConversationDiscardInput",
    "ConversationReadInput",
    "KeptMailAcceptInput",
    "KeptMailDiscardInput",
    "PersonalLabelRemoveInput",
    "PersonalLabelSetInput",
  ];
  const without = mutations
    .map(({ name }) => `${name[0]?.toUpperCase()}${name.slice(1)}Input`)
    .filter((name) => !("clientId" in fieldsOf(schema.getType(name))));
  expect(without).toEqual(others);
});

test("everything has a description: types, fields, arguments, inputs and values", () => {
  expect(Object.values(schema.getTypeMap()).flatMap(silent)).toEqual([]);
});

test.each(mutations)(
  "one document can ask for everything that $name answers, whatever that turns out to be",
  ({ name }) => {
    const title = `${name[0]?.toUpperCase()}${name.slice(1)}`;
    const parts = membersOf(`${title}Result`).map((member) => {
      const fields = Object.values(fieldsOf(schema.getType(member)));
      const asked = fields.map(
        (field) => `${field.name}${isObjectType(getNamedType(field.type)) ? " { __typename }" : ""}`,
      );
      return `... on ${member} { ${asked.join(" ")} }`;
    });
    const document = parse(`mutation ($input: ${title}Input!) { ${name}(input: $input) { ${parts.join(" ")} } }`);
    expect(validate(schema, document)).toEqual([]);
  },
);

function fieldsOf(type: GraphQLNamedType | undefined) {
  return isObjectType(type) || isInterfaceType(type) || isInputObjectType(type) ? type.getFields() : {};
}

/** Names of the types of a union. */
function membersOf(name: string): readonly string[] {
  const type = schema.getType(name);
  return isUnionType(type) ? type.getTypes().map((member) => member.name) : [];
}

/** Paths below `type` that nothing is said about. */
function silent(type: GraphQLNamedType): readonly string[] {
  if (type.name.startsWith("__") || isSpecifiedScalarType(type)) return [];
  const below = isEnumType(type) ? type.getValues() : Object.values(fieldsOf(type));
  return [
    ...(type.description ? [] : [type.name]),
    ...below.flatMap((one) => [
      ...(one.description ? [] : [`${type.name}.${one.name}`]),
      ...argumentsOf(one).flatMap(({ name, description }) =>
        description ? [] : [`${type.name}.${one.name}(${name})`],
      ),
    ]),
  ];
}

function argumentsOf(one: object): readonly GraphQLArgument[] {
  return "args" in one && Array.isArray(one.args) ? one.args : [];
}
