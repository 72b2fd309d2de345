// What the transports stand on: prepare a document, execute it, subscribe to it. One for POST, WebSocket and SSE, so that
// no bound and no error differs between them.
import {
  type DocumentNode,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  type OperationTypeNode,
} from "graphql";
import type { Viewer } from "../accounts/accounts.ts";
import type { Authenticate } from "../accounts/tokens.ts";
import type { Logger } from "../observe/logger.ts";
import { AnswerTooLargeError } from "../store/read/bounded-query.ts";
import { createPrepare, variablesFault } from "./bounds.ts";
import { createContext, type Platform } from "./context.ts";
import { createExecute } from "./execute.ts";
import { createSubscribe, type Subscribe } from "./live-execution.ts";
import { buildSchema } from "./schema.ts";

/** What a client sends, once it is known to have this shape. */
export interface OperationRequest {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
  readonly operationName?: string | undefined;
}

/** The document of a request, and what the operation is that it asks for. */
export type PreparedOperation =
  | { readonly document: DocumentNode; readonly type: `${OperationTypeNode}` }
  | { readonly errors: readonly GraphQLError[] };

export interface Gateway {
  readonly schema: GraphQLSchema;
  /** Parses, bounds and validates, and finds the operation. */
  prepare(request: OperationRequest): PreparedOperation;
  subscribe: Subscribe;
  /** Runs a query or mutation. */
  run(request: OperationRequest, document: DocumentNode, viewer: Viewer | null): Promise<ExecutionResult>;
  /** Whose token this is. @throws GraphQLError UNAUTHENTICATED where it is nobody's */
  signIn(token: string): Promise<Viewer>;
  /** The error as clients may see it: a fault of ours is logged and told as such, without its text. */
  mask(error: unknown): GraphQLError;
}

export interface GatewayOptions {
  readonly platform: Platform;
  readonly authenticate: Authenticate;
  readonly log: Logger;
}

export function createGateway({ platform, authenticate, log }: GatewayOptions): Gateway {
  const schema = buildSchema();
  /** @param noted what was logged of the same answer: several fields may fall to one fault */
  const mask = (error: unknown, noted: Set<string> = new Set()): GraphQLError => {
    const original = error instanceof GraphQLError ? error.originalError : error;
    // What GraphQL itself says, and what our code says in its words, is meant to be read.
    if (error instanceof GraphQLError && (original == null || original instanceof GraphQLError)) return coded(error);
    if (original instanceof AnswerTooLargeError) {
      return new GraphQLError("This is too much for one answer. Ask in several requests, or for smaller pages.", {
        extensions: { code: "ANSWER_TOO_LARGE" },
      });
    }
    const fault = String(original);
    if (!noted.has(fault)) log.error({ err: original }, "a request failed");
    noted.add(fault);
    const at = error instanceof GraphQLError ? { nodes: error.nodes ?? null, path: error.path ?? null } : {};
    return new GraphQLError("Something broke here. It has been noted; try again.", {
      ...at,
      extensions: { code: "INTERNAL_SERVER_ERROR" },
    });
  };
  const maskAll = (errors: readonly GraphQLError[]): readonly GraphQLError[] => {
    const noted = new Set<string>();
    return errors.map((error) => mask(error, noted));
  };
  const masked = (result: ExecutionResult): ExecutionResult =>
    result.errors ? { ...result, errors: maskAll(result.errors) } : result;
  const prepare = createPrepare(schema);
  const execute = createExecute(schema);
  return {
    schema,
    prepare: ({ query, variables, operationName }) => {
      const prepared = prepare(query);
      if ("errors" in prepared) return prepared;
      const type = getOperationAST(prepared.document, operationName)?.operation;
      if (!type) return { errors: [unknownOperation(operationName)] };
      const fault = variablesFault(variables, type === "subscription");
      return fault ? { errors: [fault] } : { document: prepared.document, type };
    },
    subscribe: createSubscribe(schema, execute, platform, masked),
    mask: (error) => mask(error),
    run: async ({ variables, operationName }, document, viewer) =>
      masked(
        await execute({ document, operationName, variables, createContext: () => createContext(platform, viewer) }),
      ),
    signIn: async (token) => {
      const viewer = await authenticate(token);
      if (viewer) return viewer;
      throw new GraphQLError("This token is not valid (any more). Get a new one.", {
        extensions: { code: "UNAUTHENTICATED" },
      });
    },
  };
}

/** GraphQL itself gives no codes: what it says is about variables and ids that do not fit. */
function coded(error: GraphQLError): GraphQLError {
  if (error.extensions["code"] !== undefined) return error;
  const { nodes, source, positions, path, extensions } = error;
  return new GraphQLError(error.message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    path: path ?? null,
    extensions: { ...extensions, code: "BAD_USER_INPUT" },
  });
}

function unknownOperation(operationName: string | undefined): GraphQLError {
  const message =
    operationName === undefined
      ? "The document has several operations, or none: say with `operationName` which one to run."
      : "The document has no operation of the name that `operationName` says.";
  return new GraphQLError(message, { extensions: { code: "OPERATION_UNKNOWN" } });
}

/** The token of an `Authorization` header (RFC 6750 §2.1); null where there is none. */
export function bearerToken(header: string | null | undefined): string | null {
  return /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(header ?? "")?.[1] ?? (header ? "" : null);
}
