import { expect, test } from "vitest";
import { createLogger } from "../../src/observe/logger.ts";
import { terminalLines } from "../../src/observe/terminal-lines.ts";

test("a line is one JSON object with the part's name, the time and the error with its causes", () => {
  const lines: string[] = [];
  const log = createLogger({ level: "info", destination: { write: (line) => void lines.push(line) } });
  log("store").debug("not important enough");
  log("store").error({ err: new Error("outer", { cause: new Error("inner") }), seq: 3 }, "could not append");
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      level: 50,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      name: "store",
      seq: 3,
      msg: "could not append",
      err: {
        type: "Error",
        message: expect.stringContaining("inner"),
        stack: expect.stringContaining("logger.test.ts"),
      },
    },
  ]);
});

test("at a terminal a line is text, with what it carries and the error's stack below", () => {
  let written = "";
  const terminal = terminalLines({ write: (text: string) => (written += text) });
  const log = createLogger({ level: "info", destination: terminal });
  log("http").info({ port: 4000 }, "listens");
  expect(written).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info {2}http {5}listens port=4000\n$/);
  written = "";
  log("http").error({ err: new Error("broken") }, "failed");
  expect(written).toMatch(/ error http {5}failed\n {2}Error: broken\n {6}at /);
});
