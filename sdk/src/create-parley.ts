// A client of one platform, for one account: every operation as a method, and what happens.
import { type Connection, connect, type ParleyOptions } from "./connect.ts";
import { type Operations, operationsWith } from "./operations.ts";

export interface Parley extends Connection, Operations {}

/**
 * Makes a client. Connects when it is first asked for something; disposing closes its socket.
 *
 * Each method answers with data or throws a `ParleyError`. A mutation's answer may be a rejection: `isRejection` tells.
 * Queries, and mutations that take a `clientId`, are sent again where no answer came: the platform does them once.
 * @throws ParleyError BAD_URL where `url` cannot be a platform's
 */
export function createParley(options: ParleyOptions): Parley {
  const connection = connect(options);
  return { ...operationsWith(connection.request), ...connection };
}
