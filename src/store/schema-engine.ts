// Prisma's schema engine in this process: what `prisma migrate` runs, as WebAssembly over our own driver.
// Prisma's command fetches a native engine at install time; this one comes with npm and needs no download.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PrismaPg } from "@prisma/adapter-pg";
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  DriverAdapterError,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
  type SqlQuery,
  type SqlResultSet,
} from "@prisma/driver-adapter-utils";
import * as glue from "@prisma/schema-engine-wasm/schema_engine_bg";
import pg from "pg";

/** The engine is to see all tables and enums. */
export const noFilters: glue.SchemaFilter = { externalTables: [], externalEnums: [] };

// Declared by the DOM's types, of which nothing else is wanted here.
declare const WebAssembly: {
  instantiate(binary: Uint8Array, imports: object): Promise<{ instance: { exports: Record<string, unknown> } }>;
};

const schemaFile = fileURLToPath(new URL("../../prisma/schema.prisma", import.meta.url));

/** prisma/schema.prisma, as the engine wants it. */
const readSchema = async (): Promise<glue.SchemasContainer> => ({
  files: [{ path: "schema.prisma", content: await readFile(schemaFile, "utf8") }],
});

const panicRegistry = {
  set_message: (message: string): never => {
    throw new Error(`the schema engine panicked: ${message}`);
  },
};

// The glue is generated for bundlers, which resolve the binary and start it; under Node that is done by hand, once.
let instance: Promise<void> | undefined;

async function instantiate(): Promise<void> {
  const glueFile = createRequire(import.meta.url).resolve("@prisma/schema-engine-wasm/schema_engine_bg");
  const binary = await readFile(join(dirname(glueFile), "schema_engine_bg.wasm"));
  const { instance } = await WebAssembly.instantiate(binary, { "./schema_engine_bg.js": glue });
  // The glue tells this global why the engine panicked; without it, that fails on its own and hides why.
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: panicRegistry });
  glue.__wbg_set_wasm(instance.exports);
  const start = instance.exports["__wbindgen_start"];
  if (typeof start !== "function") throw new Error("the schema engine's binary lacks __wbindgen_start");
  start();
}

// https://www.postgresql.org/docs/18/datatype-character.html: "char" is the catalog's one-byte type, bpchar is char(n).
const catalogChar = 18;

/** The engine tells the reason of an error in this shape only. */
function rethrowForEngine(error: unknown): never {
  if (!(error instanceof pg.DatabaseError)) throw error;
  const { code = "", severity = "ERROR", message, detail, column, hint } = error;
  throw new DriverAdapterError({ kind: "postgres", code, severity, message, detail, column, hint });
}

/** Prisma's adapter, mended in two places where the engine asks more of it than Prisma's client does. */
function makeAdapterFactory(pool: pg.Pool): SqlMigrationAwareDriverAdapterFactory {
  const query = pool.query.bind(pool);
  const charColumns = new WeakMap<object, number[]>();
  // The adapter refuses "char", in which the catalog keeps what the engine reads of it: pass it off as another type
  // below the adapter, and name it to the engine above.
  const queryHidingChars = async (text: string, values?: unknown[]): Promise<pg.QueryResult> => {
    const result = await query(text, values);
    const chars = (result.fields ?? []).flatMap(({ dataTypeID }, index) => (dataTypeID === catalogChar ? [index] : []));
    for (const field of result.fields ?? []) {
      if (field.dataTypeID === catalogChar) field.dataTypeID = pg.types.builtins.BPCHAR;
    }
    if (chars.length > 0) charColumns.set(result.rows, chars);
    return result;
  };
  const prisma = new PrismaPg(Object.assign(pool, { query: queryHidingChars }));

  const connect = async (): Promise<SqlDriverAdapter> => {
    const adapter = await prisma.connect();
    const queryRaw = adapter.queryRaw.bind(adapter);
    return Object.assign(adapter, {
      queryRaw: async (request: SqlQuery): Promise<SqlResultSet> => {
        const result = await queryRaw(request);
        for (const index of charColumns.get(result.rows) ?? []) result.columnTypes[index] = ColumnTypeEnum.Character;
        return result;
      },
      // The adapter cuts a script at every semicolon, those in texts, comments and functions too. PostgreSQL takes it
      // whole, and as one transaction: of a migration that fails nothing stays.
      executeScript: async (script: string): Promise<void> => {
        await query(script).catch(rethrowForEngine);
      },
    });
  };

  return {
    provider: prisma.provider,
    adapterName: prisma.adapterName,
    connect,
    // With a connection string the adapter's would connect to the database itself and write there.
    connectToShadowDb: () => Promise.reject(new Error("no shadow databases here")),
  };
}

/**
 * Runs `use` with an engine connected to a database, and disconnects.
 * One connection at a time: what the engine sets for its session stays with it.
 */
export async function withSchemaEngine<Result>(
  databaseUrl: string,
  use: (engine: glue.SchemaEngine) => Promise<Result>,
): Promise<Result> {
  instance ??= instantiate();
  await instance;
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1, application_name: "parley migrate" });
  try {
    const { files } = await readSchema();
    using engine = await glue.SchemaEngine.new(
      // It takes from them which kind of database it talks to.
      { datamodels: files.map(({ path, content }) => [path, content]) },
      () => {},
      bindMigrationAwareSqlAdapterFactory(makeAdapterFactory(pool)),
    );
    return await use(engine);
  } finally {
    await pool.end();
  }
}

/** The SQL that brings a database to prisma/schema.prisma; empty if nothing is missing. */
export const diffFromDatabase = (databaseUrl: string): Promise<string> =>
  withSchemaEngine(databaseUrl, async (engine) => {
    const { files } = await readSchema();
    const { stdout } = await engine.diff({
      from: { tag: "schemaDatasource", files, configDir: "" },
      to: { tag: "schemaDatamodel", files },
      script: true,
      exitCode: null,
      filters: noFilters,
    });
    const sql = stdout?.trim() ?? "";
    return sql === "-- This is an empty migration." ? "" : sql;
  });
