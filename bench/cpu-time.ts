// Processor time of processes: on a machine that others use too, the figure that stays.
import { readdir, readFile } from "node:fs/promises";

/** USER_HZ, which Linux fixes at 100 for programs. */
const tickMs = 10;

/**
 * Milliseconds of processor time that a process and its children have used, those that ended included.
 * NaN where the system has no /proc.
 */
export async function cpuMs(pid: number): Promise<number> {
  const own = await ticksOf(pid);
  if (own === null) return Number.NaN;
  let ticks = own.ticks + own.ofEnded;
  for (const name of await readdir("/proc")) {
    const child = /^\d+$/.test(name) ? await ticksOf(Number(name)) : null;
    if (child?.parent === pid) ticks += child.ticks;
  }
  return ticks * tickMs;
}

/** proc(5), /proc/pid/stat: the name in parentheses may hold anything, so fields are counted from its end. */
async function ticksOf(pid: number): Promise<{ parent: number; ticks: number; ofEnded: number } | null> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = text
      .slice(text.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number);
    const [, parent = 0] = fields;
    const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15);
    return { parent, ticks: utime + stime, ofEnded: cutime + cstime };
  } catch {
    return null;
  }
}
