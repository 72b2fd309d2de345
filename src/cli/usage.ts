// What the command says of itself.

/** The command was called in a way that it does not know. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const usage = `parley: a conversation platform

  parley start                       API and worker in one process; with no settings, all that they need too
  parley api                         serve GraphQL only; as many as you like on one database and one Redis
  parley worker                      work through jobs only; as many as you like
  parley account create ADDRESS      make an account          [--token] make a token for it  [--json] for programs

Settings come from the environment; CONTRIBUTING.md lists them. DATABASE_URL and REDIS_URL name real servers.`;
