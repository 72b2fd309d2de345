// A platform with PARLEY_SMTP_CERT and PARLEY_SMTP_KEY takes mails by TLS.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { afterAll, expect, test } from "vitest";
import { givenPlatform } from "../../graphql/given.ts";
import { certificateFor } from "../../support/certificate.ts";
import { freePort } from "../../support/free-port.ts";

const folder = await mkdtemp(join(tmpdir(), "parley-starttls-"));
afterAll(() => rm(folder, { recursive: true, force: true }));
const { cert, key } = certificateFor("localhost");
const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
await Promise.all([writeFile(certFile, cert), writeFile(keyFile, key)]);
const port = await freePort();
const given = givenPlatform({
  worker: false,
  settings: { PARLEY_SMTP_PORT: String(port), PARLEY_SMTP_CERT: certFile, PARLEY_SMTP_KEY: keyFile },
});

test("a mail comes in over a connection whose certificate is verified", async () => {
  const { alice } = await given.people("alice");
  const transport = createTransport({
    ...{ host: "127.0.0.1", port, requireTLS: true },
    tls: { ca: cert, servername: "localhost" },
  });
  const mail = { from: "bob@b.example", to: alice.address, subject: "by TLS", text: "words" };
  expect((await transport.sendMail(mail)).response).toBe("250 2.0.0 stored");
  transport.close();
  const { rows } = await given.platform.core.database.pool.query(
    "SELECT envelope->'to'->>0 AS recipient FROM inbound_mail",
  );
  expect(rows).toEqual([{ recipient: alice.address }]);
});
