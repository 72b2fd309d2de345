// Reads the vectors of this folder: JSON, so that other implementations can use them too.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { z } from "zod";

/** @throws ZodError where the file does not have the shape of `schema` */
export function readVectors<T>(file: string, schema: z.ZodType<T>): T {
  return schema.parse(JSON.parse(readFileSync(fileURLToPath(new URL(file, import.meta.url)), "utf8")));
}
