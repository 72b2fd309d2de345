// Certificates for TLS in tests: self-signed, for one DNS name, made anew each time.
import { generateKeyPairSync, randomBytes, randomUUID, sign } from "node:crypto";

export interface Certificate {
  /** Both PEM. */
  readonly cert: string;
  readonly key: string;
}

/** A certificate (RFC 5280) for `name`, valid from yesterday until `daysLeft` days from now. */
export function certificateFor(name: string, daysLeft = 30): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  // Of its own, for an issuer is looked for by name.
  const subject = sequence(der(0x31, sequence(objectId("550403"), der(0x0c, Buffer.from(randomUUID())))));
  const names = der(0x04, sequence(der(0x82, Buffer.from(name))));
  const statement = sequence(
    der(0xa0, integer(2)),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    subject,
    sequence(utcTime(-1 + Math.min(daysLeft, 0)), utcTime(daysLeft)),
    subject,
    publicKey.export({ format: "der", type: "spki" }),
    der(0xa3, sequence(sequence(objectId("551d11"), names))),
  );
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign("sha256", statement, privateKey)]));
  const certificate = sequence(statement, ecdsaWithSha256, signature).toString("base64");
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
  };
}

// DER (X.690): tag, length, content.
function der(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const header = length < 128 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, Buffer.concat(parts));
const integer = (value: number): Buffer => der(0x02, Buffer.from([value]));
const objectId = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));
const ecdsaWithSha256 = sequence(objectId("2a8648ce3d040302"));

function utcTime(days: number): Buffer {
  const time = new Date(Date.now() + days * 86_400_000).toISOString().replace(/[-:T]|\.\d+/g, "");
  return der(0x17, Buffer.from(time.slice(2)));
}
