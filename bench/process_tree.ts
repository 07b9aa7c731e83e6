/**
 * Processes and what they have started, as `ps` tells it.
 *
 * @module
 */
import { capture } from "@remote-plugin/tools/run";

/** One process. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  /** Resident memory, in KiB. */
  readonly residentKb: number;
  /** With the pid it tells a process from a later one with the same number. */
  readonly started: string;
}

/** All processes but those that have ended and wait for their parent. */
export async function listProcesses(): Promise<ProcessInfo[]> {
  const { code, stdout, output } = await capture(["ps", "-A", "-o", "pid=,ppid=,rss=,stat=,lstart="]);
  if (code !== 0) throw new Error(`Cannot list processes: ${output.trim()}`);
  return parseProcesses(stdout);
}

/** Reads what `ps` printed. */
export function parseProcesses(text: string): ProcessInfo[] {
  return text.split("\n").flatMap((line) => {
    const [, pid, parent, residentKb, state, started] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*?)\s*$/.exec(line) ?? [];
    if (pid === undefined || state!.startsWith("Z")) return [];
    return [{ pid: Number(pid), parent: Number(parent), residentKb: Number(residentKb), started: started! }];
  });
}

/** All that a process has started, and what that has started in turn. */
export function descendantsOf(pid: number, processes: readonly ProcessInfo[]): ProcessInfo[] {
  const children = processes.filter(({ parent }) => parent === pid);
  return children.flatMap((child) => [child, ...descendantsOf(child.pid, processes)]);
}
