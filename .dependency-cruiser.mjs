// Which part of the house may import which. Each rule is an error; `test/architecture` proves that they are looked at.
//
// dependency-cruiser reads TypeScript through @swc/core: with TypeScript 7 alone it sees no module, and so no violation.
// And the walker over swc's tree, which swc no longer keeps up, does not know `using`: it is taught to here.
import swc from "@swc/core/Visitor.js";

const { visitStatement } = swc.Visitor.prototype;
swc.Visitor.prototype.visitStatement = function visit(statement) {
  if (statement.type !== "UsingDeclaration") return visitStatement.call(this, statement);
  for (const { init } of statement.decls) this.visitOptionalExpression(init);
  return statement;
};

const pure = "^src/(conversation|protocol)/";
const anyCoreModule = { dependencyTypes: ["core"] };
const anyPackage = { dependencyTypes: ["npm", "npm-dev", "npm-optional", "npm-peer", "npm-no-pkg", "npm-unknown"] };

const forbid = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });

export default {
  forbidden: [
    forbid(
      "conversation-does-no-io",
      "The rules are a function of what they are handed: no input, no output, no clock, no randomness.",
      { path: "^src/conversation/" },
      anyCoreModule,
    ),
    forbid(
      "protocol-does-no-io",
      "The protocol computes hashes and signatures, and does nothing else with the outside.",
      { path: "^src/protocol/" },
      { ...anyCoreModule, pathNot: "^(node:)?crypto$" },
    ),
    forbid(
      "pure-parts-use-no-packages-but-zod",
      "What checks events has to mean the same for as long as they are kept.",
      { path: pure },
      { ...anyPackage, pathNot: "(^|/)node_modules/zod/" },
    ),
    forbid(
      "protocol-stands-alone",
      "The protocol knows bytes and forms, not the rules.",
      { path: "^src/protocol/" },
      { path: "^src/", pathNot: "^src/protocol/" },
    ),
    forbid(
      "conversation-knows-only-the-protocol",
      "The rules are below all other parts.",
      { path: "^src/conversation/" },
      { path: "^src/", pathNot: pure },
    ),
    forbid(
      "proof-does-no-io",
      "A proof needs no server, no database, no network and no file: what it reads is handed to it.",
      { path: "^src/proof/" },
      anyCoreModule,
    ),
    forbid(
      "proof-knows-only-the-rules",
      "What a log proves follows from the log.",
      { path: "^src/proof/" },
      { path: "^src/", pathNot: "^src/(proof|conversation|protocol|html)/" },
    ),
    forbid(
      "conformance-knows-only-the-protocol",
      "What tries another platform stands where that one stands: it has the protocol, and nothing of a platform's inside.",
      { path: "^src/conformance/" },
      { path: "^src/", pathNot: "^src/(conformance|conversation|protocol|federation|observe)/" },
    ),
    forbid(
      "federation-and-mail-do-not-know-each-other",
      "Both are ways in and out; what they share lies below them.",
      { path: "^src/(federation|mail)/" },
      { path: "^src/(federation|mail)/", pathNot: "^src/$1/" },
    ),
    forbid(
      "federation-and-mail-do-not-know-graphql",
      "Both are ways in and out; what they share lies below them.",
      { path: "^src/(federation|mail)/" },
      { path: "^src/graphql/" },
    ),
    forbid(
      "only-net-reaches-outside",
      "What is asked of others goes through the guarded client (src/net); src/http serves, and src/conformance plays a peer, also a bad one.",
      { path: "^(src|workers)/", pathNot: "^src/(net|http|conformance)/" },
      { path: "(^(node:)?(https?|http2|tls|dns|dgram)(/promises)?$)|((^|/)node_modules/undici/)" },
    ),
    forbid(
      "net-stands-alone",
      "The guarded client knows names, addresses and how to log, and nothing of who asks for what.",
      { path: "^src/net/" },
      { path: "^src/", pathNot: "^src/(net|protocol|observe)/" },
    ),
    forbid(
      "graphql-is-thin",
      "GraphQL writes through the store, accounts and files, and holds no connections. Types of Prisma's client are fine.",
      { path: "^src/graphql/" },
      {
        path: ["^src/store/prisma/client\\.ts$", "(^|/)node_modules/(pg|@prisma|ioredis|graphile-worker)/"],
        dependencyTypesNot: ["type-only"],
      },
    ),
    forbid(
      "nothing-below-knows-graphql",
      "GraphQL is one way in; only what mounts it and puts the parts together knows it.",
      { path: "^src/", pathNot: "^src/(graphql|http|cli)/" },
      { path: "^src/graphql/" },
    ),
    forbid(
      "only-the-cli-knows-the-workers",
      "The tasks call the parts; the command puts both together.",
      { path: "^src/", pathNot: "^src/cli/" },
      { path: "^workers/" },
    ),
    forbid(
      "nothing-knows-the-cli",
      "The command is the composition root; a part that needs something of it is handed it.",
      { path: "^(src|workers|sdk)/", pathNot: "^src/cli/" },
      { path: "^src/cli/" },
    ),
    forbid(
      "nothing-imports-tests-bench-or-demo",
      "Tests, bench and demo stand on the rest; nothing stands on them.",
      { path: "^(src|workers|sdk|web|prisma)/" },
      { path: "^(test|bench|demo)/" },
    ),
    forbid(
      "nothing-imports-web",
      "The reference client is a client.",
      { path: ".", pathNot: "^web/" },
      { path: "^web/" },
    ),
    forbid(
      "clients-know-only-the-schema",
      "The SDK and the reference client talk to a platform over the wire.",
      { path: "^(sdk|web)/" },
      { path: "^(src|workers|prisma)/" },
    ),
    forbid(
      "only-config-reads-the-environment",
      "Settings are read once and told all at once when wrong. (The lint rule noProcessEnv sees process.env itself.)",
      { path: "^(src|workers)/", pathNot: "^src/config/" },
      { path: "^(node:)?process$" },
    ),
    forbid(
      "what-runs-needs-no-dev-dependency",
      "Move the package to dependencies.",
      { path: "^(src|workers)/" },
      { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] },
    ),
    forbid("every-import-resolves", "A missing file or package.", {}, { couldNotResolve: true }),
    forbid("no-cycles", "Take out what both need.", {}, { circular: true }),
  ],
  options: {
    parser: "swc",
    tsPreCompilationDeps: true,
    doNotFollow: { path: ["node_modules", "^src/store/prisma/"] },
    // Of what Prisma generates, cycles among its own files are its business.
    exclude: { path: ["^src/store/prisma/(?!client\\.ts|enums\\.ts|pothos\\.ts)", "^sdk/dist/"] },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      mainFields: ["module", "main", "types", "typings"],
    },
  },
};
