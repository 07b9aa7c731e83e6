/**
 * The processor time that processes have used, as the kernel counts it.
 *
 * @module
 */
import { capture } from "@remote-plugin/tools/run";

/** What the kernel of Linux counts in, whatever the machine: a hundredth of a second. */
const TICK_MS = 10;

/** By process, in milliseconds; what has ended is left out. Empty where there is no `/proc`. */
export async function processorTimes(pids: readonly number[]): Promise<Map<number, number>> {
  // A program that may not do everything may not read `/proc` itself.
  const { stdout } = await capture(["cat", ...pids.map((pid) => `/proc/${pid}/stat`)]);
  return parseStats(stdout);
}

/** Reads files `/proc/PID/stat`, a line each. */
export function parseStats(text: string): Map<number, number> {
  const lines = text.split("\n").filter((line) => line !== "");
  return new Map(lines.map((line) => {
    // The name of a program is in parentheses, and may hold anything.
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
    return [parseInt(line), (Number(fields[11]) + Number(fields[12])) * TICK_MS];
  }));
}

/** What was used between two looks, in milliseconds, of processes that were there at both. */
export function usedBetween(before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>): number {
  return [...after].reduce((sum, [pid, time]) => sum + (before.has(pid) ? time - before.get(pid)! : 0), 0);
}
