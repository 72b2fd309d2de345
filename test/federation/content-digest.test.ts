import { expect, test } from "vitest";
import { contentDigest } from "../../src/federation/content-digest.ts";

test.each([
  // RFC 9530 appendix B.1 (its Content-Length counts a line feed) and B.2
  ['{"hello": "world"}\n', "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"],
  ["", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"],
  ['"world"}\n', "sha-256=:jjcgBDWNAtbYUXI37CVG3gRuGOAjaaDRGpIUFsdyepQ=:"],
])("the digest of %j is that of RFC 9530", (body, digest) => {
  expect(contentDigest(Buffer.from(body))).toBe(digest);
});

test("bytes that are a part of others have their own digest", () => {
  const all = Buffer.from('{"hello": "world"}\n');
  expect(contentDigest(all.subarray(10))).toBe(contentDigest(Buffer.from('"world"}\n')));
});
