// What the command says of itself.
import { settingsSchema } from "../config/config.ts";

/** The command was called in a way that it does not know. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const usage = `parley: a conversation platform

  parley start                       API and worker in one process; with no settings, all that they need too
  parley api                         serve GraphQL only; as many as you like on one database and one Redis
  parley worker                      work through jobs only; as many as you like
  parley account create ADDRESS      make an account          [--token] make a token for it  [--json] for programs

Settings, from the environment:

${Object.entries(settingsSchema.shape)
  .map(([name, setting]) => `  ${name.padEnd(21)} ${setting.description}`)
  .join("\n")}`;
