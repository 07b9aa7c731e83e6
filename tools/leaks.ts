/**
 * Finds what a run has left behind.
 *
 * @module
 */
import { delay } from "@std/async";
import { capture } from "./run.ts";

/** What a run has left behind, each thing on one line. */
export interface Leaks {
  /** The entries of its temporary folder. */
  readonly files: readonly string[];
  /** The processes that were started in it, each as `pid command`; `undefined` where they cannot be told, which is everywhere but on Linux. */
  readonly processes: readonly string[] | undefined;
}

/**
 * Looks until nothing is left, for `waitMs` at most (10,000 by default): a process whose pipe was closed needs a moment to end, and on a busy machine a long one.
 *
 * @param folder the run's own temporary folder, by whose name its processes are known too
 */
export async function findLeaks(folder: string, waitMs = 10_000): Promise<Leaks> {
  const end = performance.now() + waitMs;
  while (true) {
    const leaks = { processes: await leftProcesses(folder), files: await leftFiles(folder) };
    if (leaks.files.length + (leaks.processes?.length ?? 0) === 0 || performance.now() > end) return leaks;
    await delay(50);
  }
}

async function leftFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) found.push(`${folder}/${entry.name}${entry.isDirectory ? "/" : ""}`);
  return found.sort();
}

/**
 * Those with the folder's name in their command line or their environment. Deno refuses to read `/proc` without all permissions, so that `grep`
 * does it, and gets the name by its standard input, where it does not find itself.
 */
async function leftProcesses(folder: string): Promise<string[] | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  const search = "grep -lzFs -f - /proc/[0-9]*/cmdline /proc/[0-9]*/environ";
  const { output } = await capture(["sh", "-c", search], { input: folder });
  const pids = new Set([...output.matchAll(/^\/proc\/(\d+)\//gm)].map(([, pid]) => pid ?? ""));
  return await Promise.all([...pids].map(async (pid) => `${pid} ${await commandLine(pid)}`));
}

async function commandLine(pid: string): Promise<string> {
  const { output } = await capture(["sh", "-c", `tr '\\0' ' ' < /proc/${pid}/cmdline`]);
  return output.trim();
}
