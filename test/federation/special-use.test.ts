import { expect, test } from "vitest";
import { isSpecialUse } from "../../src/federation/special-use.ts";

test.each([
  ...["test", "a.test", "localhost", "b.localhost", "invalid", "nobody.invalid", "a.example", "example.com"],
  ...[
    "www.example.org",
    "printer.local",
    "x.onion",
    "home.arpa",
    "1.0.10.in-addr.arpa",
    "db.internal",
    "x.alt",
    "com",
    "intranet",
  ],
])("%s stands for nothing on the internet", (name) => expect(isSpecialUse(name)).toBe(true));

test.each(["example.de", "myexample.com", "test.de", "latest.org", "localhost.run", "arpa.io", "parley.chat"])(
  "%s is looked up",
  (name) => expect(isSpecialUse(name)).toBe(false),
);
