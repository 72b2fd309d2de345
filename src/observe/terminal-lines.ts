// Log lines for a person at a terminal: the time, the level, the part and the message, then what else the line carries.
import { z } from "zod";

const names: Readonly<Record<number, string>> = {
  10: "trace",
  20: "debug",
  30: "info",
  40: "warn",
  50: "error",
  60: "fatal",
};

const lineSchema = z.looseObject({
  level: z.number(),
  time: z.string(),
  name: z.string().optional(),
  msg: z.string().optional(),
  err: z.looseObject({ stack: z.string().optional() }).optional(),
});

function format(line: string): string {
  const parsed = lineSchema.safeParse(JSON.parse(line));
  if (!parsed.success) return line;
  const { level, time, name = "", msg = "", err, ...rest } = parsed.data;
  const fields = Object.entries(rest).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  const words = [time.slice(11, 23), (names[level] ?? String(level)).padEnd(5), name.padEnd(8), msg, ...fields];
  return `${words.join(" ").trimEnd()}\n${err?.stack === undefined ? "" : `${err.stack.replace(/^/gm, "  ")}\n`}`;
}

/** Takes pino's lines and writes them as text. */
export const terminalLines = (terminal: { write(text: string): unknown }): { write(line: string): void } => ({
  write: (line) => void terminal.write(format(line)),
});
