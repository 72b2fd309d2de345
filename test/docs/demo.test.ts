// The demo, as a newcomer runs it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

test("the demo tells its story to the end, and leaves nothing behind", { timeout: 180_000 }, async () => {
  // A folder of its own: other demos may be running on this machine.
  await using temporary = await mkdtempDisposable(join(tmpdir(), "parley-story-"));
  const env = { ...process.env, TMPDIR: temporary.path };
  const child = spawn(process.execPath, ["demo/demo.ts"], { env, stdio: ["ignore", "pipe", "pipe"] });
  const [story, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  expect(errors).toBe("");
  expect(code).toBe(0);
  expect(story).toContain('bob, on birch: "I can bring my cart on Saturday." (waits for oak)');
  expect(story).toContain("LEADER_UNREACHABLE");
  expect(story).toMatch(/birch\.localhost +WAITING\n +willow\.localhost +DELIVERED/);
  expect(story).toContain("garden.json holds: 11 events");
  expect(story).toMatch(
    /\nAll three have the same log: 11 events, head [\w-]{43}\.\nTo do it yourself: README\.md, .*\n$/,
  );
  expect(await readdir(temporary.path)).toEqual([]);
});
