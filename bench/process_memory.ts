/**
 * The memory of processes that share pages, as the kernel counts it.
 *
 * @module
 */
import { capture } from "@remote-plugin/tools/run";

/** The proportional set size of each process, in KiB: of a page that several have, each has its part. Empty where the kernel does not tell it. */
export async function proportionalMemory(pids: readonly number[]): Promise<Map<number, number>> {
  if (pids.length === 0) return new Map();
  // A program that may not do everything may not read `/proc` itself.
  const { stdout } = await capture(["grep", "-H", "^Pss:", ...pids.map((pid) => `/proc/${pid}/smaps_rollup`)]);
  return parseRollups(stdout);
}

/** Reads lines of files `/proc/PID/smaps_rollup`, behind the files' names. */
export function parseRollups(text: string): Map<number, number> {
  return new Map(
    [...text.matchAll(/^\/proc\/(\d+)\/smaps_rollup:Pss:\s+(\d+) kB$/gm)].map(([, pid, size]) => [Number(pid), Number(size)]),
  );
}
