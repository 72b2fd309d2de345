// Tries of section 2: what the platform shows of itself.
import { domainOf } from "../../conversation/address.ts";
import { readWellKnown, wellKnownBytesMax } from "../../protocol/well-known.ts";
import { LeftOut } from "../left-out.ts";
import { needsAddress } from "../stage.ts";
import { type Try, tryOf } from "../try.ts";

export const discoveryTries: readonly Try[] = [
  tryOf(
    "M33",
    "GET /.well-known/parley",
    "its name, domains, versions and keys",
    async ({ shown: { answer }, tested }) => {
      if (answer.status !== 200) return String(answer.status);
      const bytes = Buffer.from(JSON.stringify(answer.json) ?? "");
      if (bytes.length > wellKnownBytesMax) return `${bytes.length} bytes`;
      const read = readWellKnown(bytes);
      if (!read || !("keys" in read)) return "a document that is not of this form, or whose key list does not hold";
      if (read.platform !== tested.name) return `the name ${read.platform}`;
      return read.versions.includes(1) ? "its name, domains, versions and keys" : "no version 1";
    },
  ),
  tryOf("M34", "the domain of the address", "listed", async ({ shown: { domains }, address }) => {
    if (address === null) throw new LeftOut(needsAddress);
    return domains.includes(domainOf(address)) ? "listed" : `not among ${domains.join(", ")}`;
  }),
];
