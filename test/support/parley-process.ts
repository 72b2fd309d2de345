// The `parley` command as a process of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

/** Runs it until it ends. @param env its environment */
export async function runParley(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, ["src/cli/parley.ts", ...args], {
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { output, errors, code };
}

export interface ParleyProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly url: string;
  /** All that it has printed. */
  output(): string;
  /** Resolves with the code or the signal that it ended with. */
  readonly ended: Promise<unknown>;
}

/** Runs it, and waits until it listens. Killed at the end where it still lives. @param settings its environment */
export async function startParley(
  settings: Readonly<Record<string, string>>,
  command: "start" | "api" = "start",
): Promise<ParleyProcess> {
  const child = spawn(process.execPath, ["src/cli/parley.ts", command], {
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], PARLEY_PORT: "0", ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const ended = once(child, "exit").then(([code, signal]: readonly unknown[]) => code ?? signal);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const hear = (chunk: Buffer) => {
    output += chunk.toString();
    const url = /(http:\/\/\S+)\/graphql/.exec(output)?.[1];
    if (url !== undefined) resolve(url);
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  void ended.then((code) => reject(new Error(`it ended with ${code}:\n${output}`)));
  return {
    child,
    url: await promise,
    output: () => output,
    ended,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
