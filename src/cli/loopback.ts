// Whether only this machine can reach an address.
import { isIP } from "node:net";

/** Whether only this machine can reach the address: then tokens may stand on the screen. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
