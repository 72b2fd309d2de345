// Cores that stand for machines: what each of several platforms does when none takes from the others what they work with.
import { spawnSync } from "node:child_process";

/**
 * What `start` starts stays on this core, and so does all that these processes start. One at a time: it is this process that
 * goes there meanwhile, for children inherit where they may run. Needs Linux, and the taskset of util-linux.
 */
export async function onCore<Started>(core: number, start: () => Promise<Started>): Promise<Started> {
  const before = /: ([\d,-]+)\s*$/.exec(taskset())?.[1];
  if (before === undefined) throw new Error("taskset does not say on which cores this process may run");
  taskset(`${core}`);
  try {
    return await start();
  } finally {
    taskset(before);
  }
}

/** Says where this process may run, or has it run there. */
function taskset(...cores: readonly string[]): string {
  const { stdout, stderr, status, error } = spawnSync("taskset", ["-cp", ...cores, `${process.pid}`], {
    encoding: "utf8",
  });
  if (status !== 0) throw error ?? new Error(`taskset: ${stderr}`);
  return stdout;
}
